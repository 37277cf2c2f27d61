"""`stcloud indicators`: define, list, values, composite, rank. Tested by `tests/saas/cli/test_indicators.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from stcloud.errors import InvalidInput
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
from stcloud.saas.cli.pairs import read_pairs
from stcloud.saas.cli.target import EVERY, Target, target_of

if TYPE_CHECKING:
    from stcloud.city.indicatorscores import IndicatorScores
    from stcloud.city.indicatorvalues import IndicatorValues
    from stcloud.paas.query import Answer

__all__ = ["indicators"]

_SHORT = ["indicator", "unit", "direction", "factor", "cadence", "weight", "values"]


class _CityFirst(TyperGroup):
    """Takes ``stcloud indicators CITY values`` as ``stcloud indicators values CITY``; CITY alone lists."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            later = len(args) > 1 and args[1] in self.commands
            args = [args[1], args[0], *args[2:]] if later else ["list", *args]
        return super().resolve_command(ctx, args)


indicators = typer.Typer(
    help="Indicators of a city: definitions, values, scores, ranks.",
    no_args_is_help=True,
    cls=_CityFirst,
)

PeriodArgument = Annotated[
    str, typer.Argument(help="The period: 2024, 2024-Q1, 2024-03, A/B.", show_default=False)
]
GroupedBy = Annotated[
    str | None,
    typer.Option("--by", help="Group by in:LAYER[.COLUMN], unit, street, a column; default: the whole city."),
]
ScoredBy = Annotated[
    str,
    typer.Option("--by", help="Whose scores: in:LAYER[.COLUMN], unit, street, a column.", show_default=False),
]
NamesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--indicator", help="Indicators, or nodes of the tree: all below them; default: all.", show_default=False
    ),
]  # fmt: skip
MethodOption = Annotated[str, typer.Option(help="sum, topsis, or pca: the first principal component.")]
WeightsOption = Annotated[str, typer.Option(help="stated (down the tree), equal or entropy.")]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", metavar="NAME=WEIGHT", help="Weight of an indicator; repeat it for each.", show_default=False
    ),
]  # fmt: skip
NormaliseOption = Annotated[
    str | None,
    typer.Option(help="min-max, z-score, target or vector; default: min-max, of topsis vector.", show_default=False),
]  # fmt: skip
MissingOption = Annotated[str, typer.Option(help="Groups without all values: leave-out, reweigh or refuse.")]
LeaveOneOutOption = Annotated[
    bool, typer.Option("--leave-one-out", help="Print the ranks without each indicator instead.")
]
TiesOption = Annotated[str, typer.Option(help="Rank of equal scores: min, max, average or dense.")]


@indicators.command()
def define(
    city: CityFolder,
    document: Annotated[Path, typer.Argument(help="TOML document of indicators.", show_default=False)],
) -> None:
    """Define the city's indicators. The document replaces the one before it."""
    tree = open_city(city).indicators.define(document)
    note(f"{len(tree.indicators)} indicators of '{tree.id}' are the city's from now on")


@indicators.command(name="list")
def list_indicators(
    city: CityFolder, known_at: KnownAtOption = None, form: FormatOption = None, output: OutputOption = None
) -> None:
    """List the indicators. With the nodes that they hang in, and their weights."""
    target = target_of(form, output, offered=EVERY)
    answer = open_city(city).indicators.list(known_at)
    if target.form is OutputFormat.TABLE and target.path is None:
        _print(replace(answer, table=answer.table.select(_SHORT)), target)
        note("titles, nodes and sources: -f csv")
    else:
        _print(answer, target)


@indicators.command()
def values(
    city: CityFolder,
    period: PeriodArgument,
    by: GroupedBy = None,
    indicator: NamesOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Print the values of a period. Each with what it is made of, or with why it is missing."""
    target = target_of(form, output, safe_csv=safe_csv, offered=EVERY)
    shown = open_city(city).indicators.values(period, by, split(indicator), known_at=known_at)
    _print(shown.answer(), target)
    _explain(shown)
    if pin:
        note(shown.pin.text)


@indicators.command()
def composite(
    city: CityFolder,
    period: PeriodArgument,
    by: ScoredBy,
    indicator: NamesOption = None,
    method: MethodOption = "sum",
    weights: WeightsOption = "stated",
    weight: WeightOption = None,
    normalise: NormaliseOption = None,
    missing: MissingOption = "leave-out",
    ties: TiesOption = "min",
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Print a score of each group, and its rank. It is made of several indicators."""
    target = target_of(form, output, safe_csv=safe_csv, offered=EVERY)
    options: Any = {
        "method": method, "weights": _weights(weights, weight), "normalise": normalise, "missing": missing,
        "ties": ties, "known_at": known_at,
    }  # fmt: skip
    _show(open_city(city).indicators.composite(period, by, split(indicator), **options), target, pin=pin)


@indicators.command()
def rank(
    city: CityFolder,
    period: PeriodArgument,
    by: ScoredBy,
    indicator: NamesOption = None,
    method: MethodOption = "sum",
    weights: WeightsOption = "stated",
    weight: WeightOption = None,
    normalise: NormaliseOption = None,
    missing: MissingOption = "leave-out",
    ties: TiesOption = "min",
    spread: Annotated[float, typer.Option(help="Weights change by up to this share, 0 to 1.")] = 0.1,
    draws: Annotated[int, typer.Option(help="How often weights are drawn; 0: not at all.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draws: the same one draws the same.", show_default=False)
    ] = None,
    leave_one_out: LeaveOneOutOption = False,  # noqa: FBT002
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Print ranks, and how far they depend on the weights."""
    target = target_of(form, output, safe_csv=safe_csv, offered=EVERY)
    options: Any = {
        "method": method, "weights": _weights(weights, weight), "normalise": normalise, "missing": missing,
        "ties": ties, "known_at": known_at, "spread": spread, "draws": draws, "seed": seed,
    }  # fmt: skip
    opened = open_city(city)
    scores = opened.indicators.rank(period, by, split(indicator), **options)
    if leave_one_out:
        from stcloud.paas.query import Answer  # noqa: PLC0415  (keeps --help light)

        _print(Answer(scores.leave_one_out(), opened.configuration.lattice), target)
        return
    _show(scores, target, pin=pin)


def _show(scores: IndicatorScores, target: Target, *, pin: bool) -> None:
    """Print scores, and how they were made."""
    _print(scores.answer(), target)
    for name, text in scores.facts.items():
        note(f"{name}: {text}")
    if pin:
        note(scores.values.pin.text)


def _print(answer: Answer, target: Target) -> None:
    print_answer(answer, target, every_column=True)


def _explain(shown: IndicatorValues) -> None:
    """Say how values were understood, and why some are missing."""
    from stcloud.paas.indicator.indicatorvalue import REASONS  # noqa: PLC0415  (keeps --help light)

    for name, text in shown.facts.items():
        note(f"{name}: {text}")
    reasons = {row["missing"]: 0 for row in shown.missing()}
    for row in shown.missing():
        reasons[row["missing"]] += 1
    for reason, count in reasons.items():
        note(f"{count} missing, {reason}: {REASONS[reason]}")


def _weights(named: str, stated: list[str] | None) -> str | dict[str, float]:
    """Return the weights that options name; `InvalidInput` ``unclear-weights``."""
    if not stated:
        return named
    weights = {}
    for name, text in read_pairs(stated, "--weight").items():
        try:
            weights[name] = float(text)
        except ValueError:
            raise InvalidInput(
                "unclear-weights",
                f"the weight of '{name}' is '{text}', no number",
                hint="write --weight NAME=0.5",
            ) from None
    return weights
