"""`stcloud grid locate`: which cell held each point of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
)
from stcloud.saas.cli.output import note, print_rows
from stcloud.saas.cli.target import STREAMED, target_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stcloud.paas.grid import UnitGrid
    from stcloud.time import Zone

__all__ = ["locate"]

_UNIT = "unit"


def locate(
    city: CityFolder,
    layer: LayerName,
    points: Annotated[Path, typer.Argument(help="File of points: CSV, NDJSON, Parquet.", show_default=False)],
    x: Annotated[str, typer.Option(help="Column of eastings or longitudes.")] = "x",
    y: Annotated[str, typer.Option(help="Column of northings or latitudes.")] = "y",
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates; default: the city's.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="An instant, or a column of instants (ISO 8601); default: the grid as it stands now."
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Add to a file of points the code of the cell that held each. In a column 'unit'."""
    from stcloud.iaas.source.protocol import Reading  # noqa: PLC0415  (keeps --help light)
    from stcloud.iaas.source.registry import open_source  # noqa: PLC0415  (keeps --help light)

    target = target_of(form, output, safe_csv=safe_csv, offered=STREAMED, default=OutputFormat.CSV)
    opened = open_city(city)
    source = open_source(points, Reading())
    _refuse_columns(points, source.columns, x, y)
    counts: Counter[str] = Counter()
    column = at if at in source.columns else None
    asked = _Asked(opened.grid(layer), opened.configuration.zone, x, y, crs, column, None if column else at)
    rows = (row for batch in source.batches() for row in asked.located(batch.rows, counts))
    print_rows([*source.columns, _UNIT], rows, target)
    note(", ".join(f"{what} {count:,}" for what, count in sorted(counts.items())) or "no points")


class _Asked:
    def __init__(
        self, grid: UnitGrid, zone: Zone, x: str, y: str, crs: str | None, column: str | None, at: str | None
    ) -> None:
        from stcloud.space import read_crs  # noqa: PLC0415
        from stcloud.time import instant_us  # noqa: PLC0415

        if crs is not None:
            read_crs(crs)  # before anything is written
        self._units, self._zone, self._names = grid.units(), zone, (x, y)
        self._city_crs, self._crs, self._column = grid.lattice.crs, crs, column
        self._at_us = 2**63 - 2 if at is None else instant_us(at, zone)

    def located(self, rows: pa.RecordBatch, counts: Counter[str]) -> Iterator[dict[str, Any]]:
        from stcloud.daas.load.column import plain, read_numbers, trimmed  # noqa: PLC0415
        from stcloud.space import project  # noqa: PLC0415

        read = [read_numbers(trimmed(plain(rows.column(name))))[0] for name in self._names]
        x, y = (one.to_numpy(zero_copy_only=False) for one in read)
        if self._crs is not None:
            x, y = project(x, y, self._crs, self._city_crs)
        codes = self._units.code_of(self._units.locate(x, y, self._times(rows))).to_pylist()
        for row, code in zip(rows.to_pylist(), codes, strict=True):
            counts["outside" if code is None else "located"] += 1
            yield {**row, _UNIT: code}

    def _times(self, rows: pa.RecordBatch) -> np.ndarray | int:
        """Return when each point is meant; one without a readable time is nowhere."""
        if self._column is None:
            return self._at_us
        import numpy as np  # noqa: PLC0415

        from stcloud.daas.load.column import plain  # noqa: PLC0415
        from stcloud.time import read_stamps  # noqa: PLC0415

        read = read_stamps(plain(rows.column(self._column)), ["iso"], self._zone)
        return np.where(read.valid, read.utc_us, np.iinfo(np.int64).max)


def _refuse_columns(points: Path, columns: tuple[str, ...], *names: str) -> None:
    from stcloud.errors import InvalidInput, NotFound, nearest  # noqa: PLC0415

    for name in names:
        if name not in columns:
            raise NotFound(
                "unknown-column", f"{points} has no column '{name}'", nearest=nearest(name, columns)
            )
    if _UNIT in columns:
        raise InvalidInput(
            "column-exists", f"{points} has a column '{_UNIT}' already", hint="leave it out, or give it another name"
        )  # fmt: skip
