"""`stcloud carry`: totals of areas of one version of a layer, for the areas of another.

Tested by `tests/saas/cli/test_carry.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.asking import KnownAtOption, PinOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import EVERY, Target, target_of

if TYPE_CHECKING:
    from stcloud.city.carriedtable import CarriedTotals
    from stcloud.paas.query import Answer

__all__ = ["carry"]

_AREA = "area"

TotalsFile = Annotated[
    Path, typer.Argument(metavar="TOTALS", help="File of totals: CSV, NDJSON, Parquet.", show_default=False)
]
FromOption = Annotated[
    str,
    typer.Option(
        "--from", metavar="LAYER@T", help="The areas that totals are of: communities@2015.", show_default=False
    ),
]  # fmt: skip
ToVersionOption = Annotated[
    str,
    typer.Option("--to", metavar="LAYER@T", help="The areas that they are carried to.", show_default=False),
]
WeightsOption = Annotated[
    str,
    typer.Option(
        "--by", metavar="area|LAYER[:COLUMN]",
        help="What totals are spread by within an area: area, or the weights of a layer, e.g. buildings:population.",
    ),
]  # fmt: skip
KeyOption = Annotated[
    str | None,
    typer.Option(help="Column with the keys of areas; default: that of the layer.", show_default=False),
]
ValueOption = Annotated[
    list[str] | None,
    typer.Option("--value", help="Columns of totals; default: all others.", show_default=False),
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="Carry whole numbers in whole numbers, by largest remainder.")
]


def carry(
    city: CityFolder,
    totals: TotalsFile,
    from_: FromOption,
    to: ToVersionOption,
    by: WeightsOption = _AREA,
    key: KeyOption = None,
    value: ValueOption = None,
    whole: WholeOption = False,  # noqa: FBT002
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Carry totals of areas to another version of them. Each value says how sure it is."""
    target = target_of(form, output, safe_csv=safe_csv, offered=EVERY)
    carried = open_city(city).carry(
        totals,
        from_,
        to,
        None if by == _AREA else by,
        key=key,
        values=split(value),
        whole=whole,
        known_at=known_at,
    )
    print_answer(_short(carried) if _is_terminal(target) else carried.answer(), target)
    for name, text in carried.facts.items():
        note(f"{name}: {text}")
    for name, mass in carried.mass().items():
        note(f"{name}: " + ", ".join(f"{part} {number:g}" for part, number in mass.items()))
    if pin:
        note(carried.pin.text)


def _short(carried: CarriedTotals) -> Answer:
    """Return the answer for a person: of a single total its own name is enough, once."""
    answer, names = carried.answer(), list(carried.mass())
    if len(names) > 1:
        return answer
    titles = [title.removeprefix(f"{names[0]}_") for title in answer.table.column_names]
    return (
        answer
        if len(set(titles)) < len(titles)
        else replace(answer, table=answer.table.rename_columns(titles))
    )


def _is_terminal(target: Target) -> bool:
    return target.form is OutputFormat.TABLE and target.path is None
