"""Options of cubes, alike in all commands that make one, and the cube that they make.

Tested by `tests/saas/cli/test_cube.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import question_of
from stcloud.saas.cli.option import OutputFormat, read_place, read_places
from stcloud.saas.cli.target import RECORDS, Target, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.query import Query, Question

__all__ = [
    "CellOption", "CubeMeasureOption", "CubeOutputOption", "EveryOption", "ExtentOption", "PartialOption",
    "PartialSteps", "RefreshOption", "cube_target", "former_cube", "make_cube", "narrowed_query", "understood",
]  # fmt: skip


class PartialSteps(StrEnum):
    """What becomes of steps that the time begins or ends inside of."""

    DROP = "drop"
    FLAG = "flag"
    KEEP = "keep"


CellOption = Annotated[
    str,
    typer.Option(
        help="Cells: 100m, 1km (any level; 250m, 500m), unit, community, street, district, duty:LAYER, in:LAYER."
    ),
]
EveryOption = Annotated[
    str,
    typer.Option(
        help="Step of time: 1h, 1D, 1W, 1M, 1Q, 1Y, or hour, day, week, month, quarter, year; days such as 7D "
        "count back from the end of the time."
    ),
]
CubeMeasureOption = Annotated[
    list[str] | None,
    typer.Option(help="Measures, as for query: count, sum(X), mean(X), p90(days(closed - opened)), per_km2."),
]
PartialOption = Annotated[
    PartialSteps, typer.Option(help="Drop, flag or keep the steps that the time begins or ends inside of.")
]
ExtentOption = Annotated[
    str | None,
    typer.Option(
        help="Take the lattice cells that meet this place: bbox:W,S,E,N, wkt:…, cell:ID, file:area.geojson; "
        "default: the place of the question, or the range of its rows."
    ),
]
CubeOutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", show_default=False,
        help="Write to this file: .zarr, .nc, .parquet, .gpkg hold the cube, .csv, .json, .ndjson rows.",
    ),
]  # fmt: skip
RefreshOption = Annotated[
    bool,
    typer.Option(
        "--refresh",
        help="Count only the bins anew that loads touched since the file of -o was written; all, if there is none.",
    ),
]
_OF_ROWS = (".csv", ".json", ".ndjson", ".jsonl")
_OF_ANSWERS = ("as_of", "until", "having", "compare", "rated_at", "order", "limit", "after")


def narrowed_query(city: City, given: Mapping[str, Any]) -> tuple[Query, Question]:
    """Return the query that options narrow, and the question as it was put.

    Raises
    ------
    InvalidInput
        ``not-of-cubes``: a saved question has what only answers have; what the narrowing raises.
    """
    question = question_of(city.configuration, given, given.get("saved"))
    surplus = [name for name in _OF_ANSWERS if getattr(question, name)]
    if surplus:
        raise InvalidInput(
            "not-of-cubes", f"the saved question has {', '.join(surplus)}, which cubes have not",
            hint="remove it from the document, or use stcloud query",
        )  # fmt: skip
    return question.narrow(city.query(question.layer), read_places), question


def make_cube(city: City, given: Mapping[str, Any], former: Cube | None = None) -> Cube:
    """Return the cube that options describe, named as the arguments of a command.

    ``former`` is the same cube before the last loads, of which only what they touched is counted anew.

    Raises
    ------
    InvalidInput
        ``not-of-cubes``, and what `Query.cube` raises.
    """
    query, question = narrowed_query(city, given)
    extent = given.get("extent")
    return query.cube(
        given["cell"], given["every"], by=question.by, measures=question.measure, partial=given["partial"].value,
        extent=None if extent is None else read_place(extent), crs=question.crs, former=former,
    )  # fmt: skip


def former_cube(target: Target | Path) -> Cube | None:
    """Return the cube that is in the file that is to be written; None: there is no such file yet.

    Raises
    ------
    InvalidInput
        ``file-needed``: cubes go to no file that can be read back; what `read_cube` raises.
    """
    from stcloud.saas.cubefile import READABLE_SUFFIXES, read_cube  # noqa: PLC0415  (slow to import)

    if not isinstance(target, Path) or target.suffix.lower() not in READABLE_SUFFIXES:
        raise InvalidInput(
            "file-needed", "--refresh needs the file of a cube",
            hint=f"name one with --output that ends in {' or '.join(READABLE_SUFFIXES)}",
        )  # fmt: skip
    return read_cube(target) if target.exists() else None


def cube_target(form: OutputFormat | None, path: Path | None, *, safe_csv: bool = False) -> Target | Path:
    """Return where a cube goes: a file for cubes, or a target of rows. Nothing is read or created.

    Raises
    ------
    InvalidInput
        ``other-format``: a format is given, and the file is one for cubes; what `target_of` raises.
    StcloudError
        What `check_cube_path` raises.
    """
    from stcloud.saas.cubefile import CUBE_SUFFIXES, check_cube_path  # noqa: PLC0415  (slow to import)

    if path is None or path.suffix.lower() in _OF_ROWS:
        return target_of(form, path, safe_csv=safe_csv, offered=RECORDS)
    if form is None or path.suffix.lower() in CUBE_SUFFIXES:
        check_cube_path(path)
        if form is not None:
            raise InvalidInput(
                "other-format", f"--format says {form}, but by its name {path} holds a cube",
                hint="leave out --format, or give the file another name",
            )  # fmt: skip
        return path
    return target_of(form, path, safe_csv=safe_csv, offered=RECORDS)


def understood(cube: Cube) -> str:
    """Return how the question was understood, in one line."""
    return ", ".join(f"{name} {value}" for name, value in cube.facts.items() if name not in ("pin", "loads"))
