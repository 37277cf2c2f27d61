"""`stcloud reach`. Tested by `tests/saas/cli/test_reach.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import KnownAtOption, PinOption
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, SafeCsvOption, open_city, split
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import target_of

if TYPE_CHECKING:
    from stcloud.paas.query import Answer
    from stcloud.paas.reach import ServiceReach

__all__ = ["ReachResult", "reach"]


class ReachResult(StrEnum):
    """What is shown of reach."""

    GROUPS = "groups"
    PEOPLE = "people"
    GAPS = "gaps"
    SERVICES = "services"
    STREETS = "streets"
    AREAS = "areas"
    UNPLACED = "unplaced"
    CHANGES = "changes"


_ANSWERS: Mapping[ReachResult, Callable[[ServiceReach], Answer]] = {
    ReachResult.GROUPS: lambda answered: answered.groups(),
    ReachResult.PEOPLE: lambda answered: answered.people(),
    ReachResult.GAPS: lambda answered: answered.gaps(),
    ReachResult.SERVICES: lambda answered: answered.services(),
    ReachResult.STREETS: lambda answered: answered.streets(),
    ReachResult.AREAS: lambda answered: answered.areas(),
    ReachResult.UNPLACED: lambda answered: answered.unplaced(),
}
_BESIDE: Mapping[ReachResult, Callable[[ServiceReach, ServiceReach], Answer]] = {
    ReachResult.GROUPS: lambda answered, before: answered.compare(before),
    ReachResult.CHANGES: lambda answered, before: answered.changes(before),
}


StreetsOption = Annotated[
    str, typer.Option(help="Layer of streets, whose features are lines.", show_default=False)
]
ServicesOption = Annotated[str, typer.Option(help="Layer of the places to be reached.", show_default=False)]
AsOption = Annotated[
    ReachResult | None,
    typer.Option("--as", help="What to show; default: groups, without --people services."),
]
ServiceFilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--what", help="CQL2 filter of services, e.g. \"level = 'primary'\". If repeated, all must hold."
    ),
]
MinutesOption = Annotated[float, typer.Option(help="The longest walk, inclusive.")]
SpeedOption = Annotated[float, typer.Option(help="Walking speed, metres per second.")]
SpeedsOption = Annotated[
    Path | None,
    typer.Option(
        help="Table of speeds by class of street, TOML or CSV; 0: cannot be walked.", show_default=False
    ),
]
SnapOption = Annotated[str, typer.Option(help="How far a place may be from its street.")]
CrossingsOption = Annotated[
    bool, typer.Option("--crossings", help="Join lines where they cross; default: where their ends meet.")
]
LevelOption = Annotated[
    str | None,
    typer.Option(help="Column of levels of streets: 0 the ground, 1 a bridge.", show_default=False),
]
BarrierOption = Annotated[
    list[str] | None,
    typer.Option(
        "--barrier", help="Layer of lines or areas that no walk passes; may be repeated.", show_default=False
    ),
]
PeopleOption = Annotated[
    str | None,
    typer.Option(
        metavar="LAYER[:COLUMN]", help="Who wants a service, and how much each counts.", show_default=False
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(help="Group by in:LAYER[.COLUMN], or by a column of the people.", show_default=False),
]
AtOption = Annotated[str | None, typer.Option("--at", help="As of this instant of valid time; default: now.")]
BeforeOption = Annotated[
    str | None, typer.Option(help="Compare with the same as of another instant.", show_default=False)
]
BeforeKnownOption = Annotated[
    str | None, typer.Option("--before-known", help="Compare with what was known at another.", show_default=False)
]  # fmt: skip


def reach(
    city: CityFolder,
    streets: StreetsOption,
    services: ServicesOption,
    result: AsOption = None,
    what: ServiceFilterOption = None,
    minutes: MinutesOption = 15.0,
    speed: SpeedOption = 1.2,
    speeds: SpeedsOption = None,
    snap: SnapOption = "100m",
    crossings: CrossingsOption = False,  # noqa: FBT002
    level: LevelOption = None,
    barrier: BarrierOption = None,
    people: PeopleOption = None,
    by: ByOption = None,
    at: AtOption = None,
    known_at: KnownAtOption = None,
    before: BeforeOption = None,
    before_known: BeforeKnownOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show who reaches a service on foot. Along streets as they were: shares, gaps, the circle beside it."""
    beside = before is not None or before_known is not None
    shown = _result(result, people=people is not None, beside=beside)
    target = target_of(form, output, safe_csv=safe_csv)
    opened = open_city(city)
    given: dict[str, Any] = {
        "minutes": minutes, "speed": speed, "speeds": speeds, "snap": snap, "crossings": crossings, "level": level,
        "barriers": split(barrier), "what": what or (), "people": people, "by": by,
    }  # fmt: skip
    answered = opened.reach(streets, services, **given, at=at, known_at=known_at)
    if beside:
        other = opened.reach(streets, services, **given, at=before or at, known_at=before_known or known_at)
        answer = _BESIDE[shown](answered, other)
    else:
        answer = _ANSWERS[shown](answered)
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    print_answer(answer, target)
    if pin and answer.pin is not None:
        note(answer.pin.text)


def _result(result: ReachResult | None, *, people: bool, beside: bool) -> ReachResult:
    """Return what is shown; refuse a comparison of what cannot be compared."""
    shown = result or (ReachResult.GROUPS if people or beside else ReachResult.SERVICES)
    if beside and shown not in _BESIDE:
        raise InvalidInput(
            "option-unused", f"--before says nothing of --as {shown}",
            hint="it is of --as groups, --as changes",
        )  # fmt: skip
    if not beside and shown not in _ANSWERS:
        raise InvalidInput(
            "no-before", f"--as {shown} compares, and no other instant is named",
            hint="add --before DATE, or --before-known",
        )  # fmt: skip
    return shown
