"""`stcloud episodes`. Tested by `tests/saas/cli/test_episodes.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from stcloud.saas.cli.output import note, print_answer, print_records
from stcloud.saas.cli.target import EVERY, RECORDS, Target, target_of

if TYPE_CHECKING:
    from stcloud.city.episodelayer import Derivation
    from stcloud.city.episodes import CityEpisodes
    from stcloud.paas.query import Answer
    from stcloud.time import Zone

__all__ = ["episodes"]

_DONE = ("layer", "added", "corrected", "withdrawn", "unchanged", "readings")
_SHORT = ("station", "from", "to", "peak", "mean", "readings", "missing")

RuleFile = Annotated[Path, typer.Argument(metavar="RULE", help="TOML file of the rule.", show_default=False)]
LayerOption = Annotated[
    str | None, typer.Option(help="Layer of readings; default: that of the rule.", show_default=False)
]
IntoOption = Annotated[
    str | None,
    typer.Option(
        "--into",
        help="Derive the episodes into this layer of events, and print what changed.",
        show_default=False,
    ),
]
FullOption = Annotated[
    bool, typer.Option("--full", help="With --into: derive all, not only what changed readings can affect.")
]
StationOption = Annotated[
    list[str] | None, typer.Option("--station", help="Only of these stations.", show_default=False)
]
WhenOption = Annotated[
    str | None,
    typer.Option(
        help="Only those that lie in this span, or reach into it: 2024-01, A/B.", show_default=False
    ),
]


def episodes(
    city: CityFolder,
    rule: RuleFile,
    layer: LayerOption = None,
    into: IntoOption = None,
    full: FullOption = False,  # noqa: FBT002
    station: StationOption = None,
    when: WhenOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List the episodes of a rule, or derive them into a layer. Where readings were beyond a threshold."""
    target = target_of(form, output, safe_csv=safe_csv, offered=EVERY if into is None else RECORDS)
    if full and into is None:
        raise InvalidInput("full-unused", "--full is of a layer that is derived", hint="add --into LAYER")
    from stcloud.city.episodes import read_rule  # noqa: PLC0415  (keeps --help light)

    chosen = read_rule(rule, layer)
    opened = open_city(city)
    chosen_episodes = _narrowed(opened.episodes(chosen.layer, chosen), split(station), when, known_at)
    if into is None:
        _list(chosen_episodes, opened.configuration.zone, target, pin=pin)
        return
    _tell(chosen_episodes.derive(into, full=full), target, pin=pin)


def _narrowed(
    episodes_of: CityEpisodes, stations: list[str], when: str | None, known_at: str | None
) -> CityEpisodes:
    if stations:
        episodes_of = episodes_of.at(*stations)
    if when is not None:
        episodes_of = episodes_of.when(when)
    return episodes_of if known_at is None else episodes_of.known_at(known_at)


def _list(episodes_of: CityEpisodes, zone: Zone, target: Target, *, pin: bool) -> None:
    """Print episodes: for a person a few columns, with instants to the minute; else all."""
    answer = episodes_of.answer()
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    if target.form is OutputFormat.TABLE and target.path is None:
        print_records(_short(answer, zone), target, _SHORT)
    else:
        print_answer(answer, target)
    if pin and answer.pin is not None:
        note(answer.pin.text)


def _short(answer: Answer, zone: Zone) -> list[dict[str, Any]]:
    from stcloud.time import instant_us  # noqa: PLC0415  (keeps --help light)

    def minute(at: Any) -> str:
        return zone.iso(instant_us(at, zone))[:16].replace("T", " ")

    return [
        {name: row[name] for name in _SHORT}
        | {"from": minute(row["from"]), "to": "open" if row["open"] else minute(row["to"])}
        | {name: f"{row[name]:.1f}" for name in ("peak", "mean")}
        for row in answer
    ]


def _tell(done: Derivation, target: Target, *, pin: bool) -> None:
    print_records([{name: getattr(done, name) for name in _DONE}], target, _DONE)
    note(f"rule {done.rule}{', all of it derived' if done.full else ''}")
    if pin:
        note(done.pin.text)
