"""What a source file is to its readers and to those who read it: text columns in batches, with row numbers.

Values arrive as text exactly as written (a typed value, as of Parquet or GeoPackage, in its canonical text; see
`stcloud.iaas.source.text`), so one way of cleaning serves all formats; `declared_types` gives the types they had.
A row that cannot be read at all is a `Refusal`. Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from stcloud.iaas.source.rasterreading import RasterReading
from stcloud.iaas.source.text import Declared

__all__ = [
    "GEOMETRY",
    "Batch",
    "Reading",
    "Refusal",
    "Source",
    "declared_types",
    "geometry_column",
    "remarks_of",
]

GEOMETRY = "geometry"
"""Name of the WKB column that geometry-carrying formats give."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file does not declare of itself.

    Parameters
    ----------
    format
        ``csv``, ``json``, ``vector`` or ``parquet``; None: from the file's name.
    encoding
        Of text files; a UTF-8 byte order mark is dropped. A Shapefile declares its own, and is read by any other
        than the default that is stated here.
    delimiter
        Of CSV; None: from the header line.
    layer
        Of vector files that hold several; in a zip file also a data set's name or path.
    keys
        Columns that identify rows: the ids that a format keeps beside its columns (``id`` of GeoJSON, ``fid``
        of a GeoPackage) serve where no column has the name.
    identity
        Columns of the key, of which no digit may be lost.
    raster
        Of images and grids; None: the layer is not one of scenes.
    """

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    layer: str | None = None
    keys: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    raster: RasterReading | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one value of it, that was refused. ``row`` counts from 1, the header not counted."""

    row: int
    field: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: text columns (binary for geometry), their numbers, and rows beyond reading.

    ``faults`` name values that make rows of the batch refusals, ``repairs`` values that are kept in another form
    than they came in.
    """

    rows: pa.RecordBatch
    numbers: np.ndarray
    refusals: tuple[Refusal, ...] = ()
    repairs: tuple[Refusal, ...] = ()
    faults: tuple[Refusal, ...] = ()


class Source(Protocol):
    """An opened file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in file order."""

    @property
    def crs(self) -> str | None:
        """CRS that the file declares for its geometry, as WKT or authority code."""

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""

    def position(self) -> int:
        """Return how many bytes of the file are read so far, as far as known."""


def geometry_column(source: Source) -> str | None:
    """Return the name of the column that a source declares to be its geometry, as WKB.

    It is `GEOMETRY` in vector files and the primary column of GeoParquet; text formats declare none.
    """
    column: str | None = getattr(source, "geometry", None)
    return column


def declared_types(source: Source) -> Mapping[str, Declared]:
    """Return the types that a source gives its columns; text formats give none."""
    types: Mapping[str, Declared] = getattr(source, "types", {})
    return types


def remarks_of(source: Source) -> tuple[str, ...]:
    """Return remarks for people on the rows that were read: what of them was cut or kept otherwise."""
    remarks: tuple[str, ...] = getattr(source, "remarks", ())
    return remarks
