"""Parquet files as sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.errors import InvalidInput
from stcloud.iaas.parquetstream import open_streamed
from stcloud.iaas.source.geoarrow import geometry_columns, to_wkb, to_wkt
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.part import SourcePart
from stcloud.iaas.source.protocol import Batch, Reading, Source
from stcloud.iaas.source.text import Declared, declared
from stcloud.iaas.source.undecodable import Illegible

__all__ = ["ParquetSource", "open_parquet"]

_BATCH_ROWS = 32_768
_INT64_STOP = 2**63
_NS_PER_US = 1_000


def open_parquet(path: Path, _reading: Reading) -> Source:
    """Open a Parquet file, which declares all that a `Reading` could."""
    return ParquetSource(path)


class ParquetSource:
    """Rows of a Parquet file; the geometry that it declares comes as WKB under its own name.

    ``geometry`` names the column that GeoParquet declares primary, or the first of an Arrow geometry type; ``crs`` is
    of that column. Other columns of geometry come as WKT, in their own CRS. ``remarks`` notes it, and how
    many instants were cut to microseconds.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = open_streamed(path)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _unreadable(path, error) from error
        self._path = path
        check_columns(path, len(self._file.schema_arrow))
        self.columns = tuple(self._file.schema_arrow.names)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidInput("repeated-column", f"{path} has two columns of one name")
        self._shapes = geometry_columns(self._file.schema_arrow)
        primary = next((name for name, shape in self._shapes.items() if shape.primary), None)
        self.geometry: str | None = primary
        self.crs: str | None = self._shapes[primary].crs if primary else None
        self.types = {
            field.name: Declared("text") if field.name in self._shapes else self._declared(at, field.type)
            for at, field in enumerate(self._file.schema_arrow)
        }
        self._cut: Counter[str] = Counter()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What people should know of the rows read so far."""
        others = [name for name, shape in self._shapes.items() if not shape.primary]
        return (
            *(f"column '{name}' holds geometry that is not the layer's: kept as text (WKT)" for name in others),
            *(f"column '{name}': {count:,} cut to microseconds" for name, count in self._cut.items()),
        )  # fmt: skip

    def position(self) -> int:
        """Return 0: it is not known for Parquet."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        return self.part(SourcePart())

    def parts(self, rows: int) -> list[SourcePart]:
        """Return parts of whole row groups, of ``rows`` rows or more but for the last."""
        whole = self._file.metadata
        parts: list[SourcePart] = []
        groups: list[int] = []
        start = stop = 1
        for group in range(whole.num_row_groups):
            groups.append(group)
            stop += whole.row_group(group).num_rows
            if stop - start >= rows or group == whole.num_row_groups - 1:
                parts.append(SourcePart(start, tuple(groups)))
                groups, start = [], stop
        return parts

    def part(self, part: SourcePart) -> Iterator[Batch]:
        """Read a part once, in order."""
        start = part.first_row
        for rows in self._rows(part.groups):
            illegible = Illegible(np.arange(start, start + rows.num_rows, dtype=np.int64))
            columns = [
                self._column(*pair, illegible) for pair in zip(self.columns, rows.columns, strict=True)
            ]
            yield illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)))
            start += rows.num_rows

    def _column(self, name: str, values: pa.Array, illegible: Illegible) -> pa.Array:
        shape = self._shapes.get(name)
        if shape is not None:
            return (to_wkb if shape.primary else to_wkt)(values, shape.encoding)
        self._cut += Counter({name: _finer_than_us(values)})  # adds what is above zero
        return illegible.texts(name, values)

    def _declared(self, at: int, kind: pa.DataType) -> Declared:
        """Return a column's type; unsigned integers are integers where they fit by the statistics."""
        if not pa.types.is_uint64(kind):
            return declared(kind)
        whole = self._file.metadata
        groups = [whole.row_group(group) for group in range(whole.num_row_groups)]
        if len(self.columns) != whole.num_columns:
            return declared(kind)
        statistics = [group.column(at).statistics for group in groups if group.num_rows]
        fit = all(group is not None and group.has_min_max and group.max < _INT64_STOP for group in statistics)
        return Declared("integer") if fit else declared(kind)

    def note_cut(self, counts: Mapping[str, int]) -> None:
        """Take over how many instants of each column were cut where parts of the file were read elsewhere."""
        self._cut = Counter(counts)

    @property
    def cut(self) -> Mapping[str, int]:
        """How many instants of each column were cut to microseconds so far."""
        return self._cut

    def _rows(self, groups: tuple[int, ...] | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._file.iter_batches(_BATCH_ROWS, row_groups=groups)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._path, error) from error


def _finer_than_us(values: pa.Array) -> int:
    """Return how many instants have nanoseconds that microseconds cannot keep."""
    if not pa.types.is_timestamp(values.type) or values.type.unit != "ns":
        return 0
    ticks = values.cast(pa.int64())
    whole = pc.multiply(pc.divide(ticks, _NS_PER_US), _NS_PER_US)
    return pc.sum(pc.not_equal(ticks, whole)).as_py() or 0


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput("unreadable-source", f"{path} cannot be read: {str(error).splitlines()[0]}")
