"""`stcloud conflicts`. Tested by `tests/saas/cli/test_conflicts.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import KnownAtOption, PinOption
from stcloud.saas.cli.drawing import Drawing, MapOption, TitleOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer, print_records, print_text
from stcloud.saas.cli.target import EVERY, RECORDS, Target, document_path, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.city.conflicts import CityConflicts
    from stcloud.paas.query import Answer
    from stcloud.saas.report import MapOptions

__all__ = ["DecisionsOption", "LayerNames", "RulesOption", "conflicts"]

_SHORT = ("conflict", "rule", "first", "second", "extent", "outcome")
_DECISION = ("conflict", "outcome", "decided_by", "decided_on", "reason")
_EXTENTS = {
    "area_m2": "{:,.1f} m²", "length_m": "{:,.1f} m", "vertical_m": "{:.2f} m in depth",
    "distance_m": "{:,.1f} m apart",
}  # fmt: skip

LayerNames = Annotated[
    list[str],
    typer.Argument(metavar="LAYER...", help="Names of the layers: two or more.", show_default=False),
]
RulesOption = Annotated[
    Path, typer.Option("--rules", help="TOML or CSV file of the rules.", show_default=False)
]
DecisionsOption = Annotated[str, typer.Option("--decisions", help="Layer of decisions.")]
AtOption = Annotated[str | None, typer.Option("--at", help="Conflicts that hold at this instant.")]
DuringOption = Annotated[
    str | None,
    typer.Option("--during", help="Conflicts that hold in some part of this span: 2024, A/B, A/.."),
]
GroupsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        help="Count them by department, layer, use, rule, kind, outcome, unit, community, street, district or "
        "in:LAYER; separate several by commas.",
    ),
]  # fmt: skip
SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="What changed since this recorded instant, or the pin of an answer."),
]
WhyConflictOption = Annotated[str | None, typer.Option("--why", help="Explain this conflict.")]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Print how conflicts are searched for.")]
DecideOption = Annotated[str | None, typer.Option("--decide", help="Record a decision about this conflict.")]
OutcomeOption = Annotated[
    str | None,
    typer.Option("--outcome", help="Of a decision: the layer that prevails, first, second, both or replan."),
]
DeciderOption = Annotated[str | None, typer.Option("--decided-by", help="Of a decision: who decided.")]
OnOption = Annotated[str | None, typer.Option("--on", help="Of a decision: since when it holds.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Of a decision: why.")]


def conflicts(
    city: CityFolder,
    layers: LayerNames,
    rules: RulesOption,
    at: AtOption = None,
    during: DuringOption = None,
    by: GroupsOption = None,
    since: SinceOption = None,
    why: WhyConflictOption = None,
    explain: ExplainOption = False,  # noqa: FBT002
    decide: DecideOption = None,
    outcome: OutcomeOption = None,
    decided_by: DeciderOption = None,
    on: OnOption = None,
    reason: ReasonOption = "",
    decisions: DecisionsOption = "conflict-decisions",
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    picture: MapOption = None,
    title: TitleOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List where plans contradict each other. Area by area, by a table of rules; or decide about one."""
    explained, parts = explain or why is not None, (outcome, decided_by, on)
    page = output if form is None and output is not None and output.suffix.lower() == ".html" else None
    document_path(page, ".html")
    _refuse_mixed(
        by=bool(by),
        since=since is not None,
        explained=explained,
        decide=decide is not None,
        page=page is not None,
    )
    _refuse_halves(decide, *parts)
    offered = (OutputFormat.TABLE,) if explained else EVERY if decide is None else RECORDS
    target = target_of(form, None if page else output, safe_csv=safe_csv, offered=offered)
    drawing = Drawing.of(picture, title, None)
    opened = open_city(city)
    chosen = opened.conflicts(
        layers, rules=rules, at=at, during=during, known_at=known_at, decisions=decisions
    )
    if explained:
        print_text((chosen.explain() if why is None else str(chosen.why(why))) + "\n", target.path)
    elif page is not None:
        _write_page(opened, chosen, page, title)
    elif decide is not None:
        _decide(chosen, (decide, *map(str, parts), reason), target)
    else:
        answer = _answer(chosen, split(by), since)
        _list(answer, target)
        draw = partial(_map, opened, chosen)
        for line in drawing.notes_of_features(draw):
            note(line)
        if pin and answer.pin is not None:
            note(answer.pin.text)


def _write_page(opened: City, chosen: CityConflicts, path: Path, title: str | None) -> None:
    from stcloud.saas.paper.conflictpage import write_conflict_page  # noqa: PLC0415  (slow to import)

    note(f"page: {write_conflict_page(opened, chosen, path, note, title)}")


def _answer(chosen: CityConflicts, groups: list[str], since: str | None) -> Answer:
    if groups:
        return chosen.by(*groups)
    return chosen.answer() if since is None else chosen.since(since)


def _decide(chosen: CityConflicts, decision: tuple[str, ...], target: Target) -> None:
    """Record a decision, and print it."""
    conflict, outcome, decided_by, on, reason = decision
    chosen.decide(conflict, outcome, by=decided_by, on=on, reason=reason)
    print_records([dict(zip(_DECISION, decision, strict=True))], target, _DECISION)


def _map(
    opened: City, chosen: CityConflicts, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    """Draw all conflicts, however they are counted."""
    from stcloud.saas.report import map_conflicts  # noqa: PLC0415  (slow to import)

    return map_conflicts(opened, chosen.answer(), path, tell, options)


def _refuse_mixed(**given: bool) -> None:
    """Refuse more than one thing to do with conflicts."""
    if sum(given.values()) > 1:
        raise InvalidInput(
            "one-result", "--by, --since, --why, --explain, --decide and a page are different things to do",
            hint="give one of them",
        )  # fmt: skip


def _refuse_halves(decide: str | None, outcome: str | None, decided_by: str | None, on: str | None) -> None:
    """Refuse a decision that lacks something, or what belongs to a decision without one."""
    parts = {"--outcome": outcome, "--decided-by": decided_by, "--on": on}
    if decide is None and any(parts.values()):
        raise InvalidInput(
            "no-decision", f"{next(name for name, value in parts.items() if value)} is of a decision",
            hint="add --decide CONFLICT",
        )  # fmt: skip
    lacking = [name for name, value in parts.items() if not value]
    if decide is not None and lacking:
        raise InvalidInput(
            "half-decision", f"the decision lacks {', '.join(lacking)}", hint=f"add {lacking[0]}"
        )


def _list(answer: Answer, target: Target) -> None:
    """Print conflicts: for a person a few columns; else all."""
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    if answer.groups or target.form is not OutputFormat.TABLE or target.path is not None:
        print_answer(answer, target)
    else:
        names = ("change", *_SHORT) if "change" in answer.table.schema.names else _SHORT
        print_records([_short(row, names) for row in answer], target, names)


def _short(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    extent = next((text.format(row[name]) for name, text in _EXTENTS.items() if row[name] is not None), "")
    sides = {side: f"{row[f'{side}_layer']}:{row[side]}" for side in ("first", "second")}
    shown = {**row, **sides, "extent": extent, "outcome": row["outcome"] or "open"}
    return {name: shown[name] for name in names}
