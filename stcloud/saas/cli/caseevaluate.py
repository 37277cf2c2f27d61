"""`stcloud case evaluate`: the numbers by which areas, departments and posts are judged.

Tested by `tests/saas/cli/test_caseevaluate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import GridAtOption
from stcloud.saas.cli.drawing import ChartOption, Drawing, MapOption, TitleOption, UnderOption
from stcloud.saas.cli.option import (
    CityFolder,
    EngineOption,
    FormatOption,
    OutputFormat,
    OutputOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer, print_records
from stcloud.saas.cli.pairs import read_pairs
from stcloud.saas.cli.target import EVERY, Target, target_of

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.city import City
    from stcloud.city.evaluating import CaseEvaluation
    from stcloud.time import Zone

__all__ = ["evaluate"]

_SHORT = ("filed_cases", "handling_rate", "closing_rate", "on_time_closing_rate")
"""What a terminal of 80 columns shows of the indicators of areas and departments."""
_CASES = ("number", "department", "reported_at", "due_at", "closed_at")
_RECONCILED = ("number", "counted_by", "reason")

Name = Annotated[
    str,
    typer.Argument(metavar="LOG|LAYER", help="A log, or a layer of cases or requests.", show_default=False),
]
By = Annotated[
    list[str] | None,
    typer.Option(help="street, department, handler_post, class, month …; up to two.", show_default=False),
]
Period = Annotated[
    str | None, typer.Option(help="2024-03, 2024-Q1, 2024 …; default: all time.", show_default=False)
]
At = Annotated[
    str | None, typer.Option(help="The instant cases are read at; default: --known-at.", show_default=False)
]
KnownAt = Annotated[
    str | None, typer.Option(help="As it was known at this instant; default: now.", show_default=False)
]
Indicators = Annotated[
    list[str] | None,
    typer.Option("--indicator", help="Names, or all; default: those of what groups are.", show_default=False),
]
PolicyNames = Annotated[
    list[str] | None,
    typer.Option("--policy", help="Variant of a policy, such as should_close_handled.", show_default=False),
]
BasisName = Annotated[
    str | None,
    typer.Option(
        help="reported, filed, due, closed … of all cohorts; default: their own.", show_default=False
    ),
]
Scheme = Annotated[str, typer.Option(help="Bundled indicators, or a TOML file.")]
Areas = Annotated[
    list[str] | None,
    typer.Option(
        "--area",
        metavar="AREA=COLUMN",
        help="Column of a layer of requests with streets …",
        show_default=False,
    ),
]
Repeats = Annotated[
    str | None,
    typer.Option(metavar="METRES,DAYS", help="What is reported again, such as 50,15.", show_default=False),
]
OfNumber = Annotated[
    str | None,
    typer.Option(
        metavar="INDICATOR[:PART]",
        help="The cases of a number: numerator, denominator, difference.",
        show_default=False,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GROUP=LABEL", help="Only of this group.", show_default=False),
]
Against = Annotated[
    str | None,
    typer.Option(
        metavar="POLICY", help="Cases that this policy counts differently, and why.", show_default=False
    ),
]
Compare = Annotated[
    str | None,
    typer.Option(help="Beside the period before (previous), or a year earlier (year).", show_default=False),
]
Score = Annotated[
    str | None,
    typer.Option(help="Scores and ranks by a bundled table, or a TOML file.", show_default=False),
]
Times = Annotated[
    bool, typer.Option("--time-to-close", help="Medians of the closed, and with open cases censored.")
]


def evaluate(
    city: CityFolder,
    name: Name,
    by: By = None,
    period: Period = None,
    at: At = None,
    known_at: KnownAt = None,
    indicators: Indicators = None,
    policy: PolicyNames = None,
    basis: BasisName = None,
    scheme: Scheme = "urban-management",
    grid_at: GridAtOption = None,
    area: Areas = None,
    repeats: Repeats = None,
    cases: OfNumber = None,
    group: Labels = None,
    against: Against = None,
    compare: Compare = None,
    score: Score = None,
    time_to_close: Times = False,  # noqa: FBT002
    picture: MapOption = None,
    chart: ChartOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    engine: EngineOption = "duckdb",
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Evaluate cases: rates with their counts, by area, department or post; each number opens into its cases."""
    target, drawing = target_of(form, output, offered=EVERY), Drawing.of(picture, title, under, None, chart)
    views = {
        "--cases": cases, "--against": against, "--compare": compare, "--score": score,
        "--time-to-close": "yes" if time_to_close else None,
    }  # fmt: skip
    view, labels = _only_view(views), read_pairs(group, "--group")
    if labels and view not in ("--cases", "--against"):
        raise InvalidInput(
            "group-unused", "--group says whose cases are listed, and none are",
            hint="add --cases INDICATOR or --against POLICY, or leave it out",
        )  # fmt: skip
    opened, table = open_city(city, engine), None if score is None else _table(score)
    options: dict[str, Any] = {
        "by": split(by) or (), "period": period, "at": at, "known_at": known_at, "policy": split(policy) or (),
        "indicators": split(indicators) or (table.indicators if table is not None else None), "basis": basis,
        "scheme": _scheme(scheme), "grid_at": grid_at, "areas": read_pairs(area, "--area") or None,
        "repeats": _repeats(repeats),
    }  # fmt: skip
    evaluation = _evaluated(opened, name, options)
    drawn = _draw(opened, evaluation, drawing)
    if view is None:
        _print_numbers(evaluation, target)
    else:
        _print_view(evaluation, opened, target, view, table or views[view], labels)
    for line in (*_meaning(evaluation, target), *drawn):
        note(line)


def _only_view(views: Mapping[str, str | None]) -> str | None:
    """Return the option of what is to be shown instead of the numbers; `InvalidInput` ``one-view``."""
    given = [option for option, value in views.items() if value is not None]
    if len(given) > 1:
        raise InvalidInput(
            "one-view", f"{given[0]} and {given[1]} show different things", hint="give one of them"
        )
    return given[0] if given else None


def _print_view(
    evaluation: CaseEvaluation, opened: City, target: Target, view: str, value: Any, labels: dict[str, str]
) -> None:
    """Print what an option wishes to see of an evaluation."""
    if view == "--cases":
        indicator, _, part = value.partition(":")
        rows = evaluation.cases(indicator, part or "numerator", **labels)
        _print_rows(rows, opened, target, _CASES)
    elif view == "--against":
        _print_rows(evaluation.against(value, **labels), opened, target, _RECONCILED)
    elif view == "--compare":
        _print_rows(evaluation.compare(value).table, opened, target, None)
    elif view == "--score":
        columns = (*evaluation.plan.by, "score", "rank", "grade")
        _print_rows(evaluation.score(value), opened, target, columns)
    else:
        print_records(_times(evaluation), target)


def _evaluated(opened: City, name: str, options: dict[str, Any]) -> CaseEvaluation:
    if name not in opened.case_logs():
        return opened.evaluate(name, **options)
    if options["areas"] is None:
        del options["areas"]
    return opened.cases(name).evaluate(**options)


def _print_numbers(evaluation: CaseEvaluation, target: Target) -> None:
    """Print indicators: without groups one a line, with the counts; by group a few of them, or all in a file."""
    if not _is_terminal(target):
        print_answer(evaluation.answer(), target)
        return
    if not evaluation.plan.by:
        print_records(_lines(evaluation), target)
        return
    table, names = evaluation.table, evaluation.plan.names
    chosen = (
        names
        if len(names) <= len(_SHORT)
        else [name for name in _SHORT if name in names] or names[: len(_SHORT)]
    )
    groups = evaluation.plan.by
    total = dict.fromkeys(groups, "") | {groups[0]: "all"} | evaluation.row()
    records = [
        {by: "unknown" if row[by] is None else row[by] for by in groups}
        | {name: _counted(row, name) for name in chosen if name in row}
        for row in [*table.to_pylist(), total]
    ]  # fmt: skip
    print_records(records, target)
    if len(chosen) < len(names):
        note(
            f"{len(chosen)} of {len(names)} indicators: choose by --indicator, or write all with -o FILE.csv"
        )


def _lines(evaluation: CaseEvaluation) -> list[dict[str, Any]]:
    row = evaluation.row()
    return [
        {"indicator": name, "value": _number(row, name), "cases": _count(row, name)}
        for name in evaluation.plan.names if name in row
    ]  # fmt: skip


def _number(row: dict[str, Any], name: str) -> str:
    """Return a number as people read it: two decimals, or n/a, and a rate with what it is of."""
    value = row.get(name)
    if value is None:
        return "n/a"
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}"


def _counted(row: dict[str, Any], name: str) -> str:
    """Return a number with the counts that it is made of."""
    count = _count(row, name).replace(" of ", "/")
    return f"{_number(row, name)} ({count})" if count else _number(row, name)


def _count(row: dict[str, Any], name: str) -> str:
    if f"{name}_denominator" in row:
        return f"{row[f'{name}_numerator']:,} of {row[f'{name}_denominator']:,}"
    return f"{row[f'{name}_cases']:,}" if f"{name}_cases" in row else ""


def _times(evaluation: CaseEvaluation) -> list[dict[str, Any]]:
    by = evaluation.plan.by
    return [
        dict(zip(by, labels, strict=True)) | {
            "closed": times.closed, "open": times.open,
            "median_closed_hours": _hours(times.median_closed_us), "median_hours": _hours(times.median_us),
        }
        for labels, times in evaluation.time_to_close().items()
    ]  # fmt: skip


def _hours(lasted_us: int | None) -> float | None:
    return None if lasted_us is None else round(lasted_us / 3.6e9, 2)


def _print_rows(table: pa.Table, opened: City, target: Target, short: tuple[str, ...] | None) -> None:
    """Print rows: for a person a few columns, with instants to the minute; else all."""
    from stcloud.paas.query import Answer  # noqa: PLC0415  (keeps --help light)

    if not _is_terminal(target):
        print_answer(Answer(table, opened.configuration.lattice), target)
        return
    chosen = table.column_names if short is None else [name for name in short if name in table.column_names]
    zone = opened.configuration.zone
    records = [
        {name: _shown(value, zone) for name, value in row.items()} for row in table.select(chosen).to_pylist()
    ]
    print_records(records, target, chosen)


def _shown(value: Any, zone: Zone) -> Any:
    from datetime import datetime  # noqa: PLC0415  (a type to look at)

    if isinstance(value, datetime):
        from stcloud.time import instant_us  # noqa: PLC0415  (keeps --help light)

        return zone.iso(instant_us(value, zone))[:16].replace("T", " ")
    return f"{value:.2f}" if isinstance(value, float) else value


def _meaning(evaluation: CaseEvaluation, target: Target) -> list[str]:
    """Return what the numbers mean: for a person what holds of all, and of what is shown."""
    words = evaluation.words()
    if not _is_terminal(target) or len(evaluation.plan.names) <= len(_SHORT):
        return list(words)
    shown = {*_SHORT} if evaluation.plan.by else set()
    names = {*evaluation.plan.names}
    return [line for line in words if line.partition(":")[0] not in names or line.partition(":")[0] in shown]


def _draw(opened: City, evaluation: CaseEvaluation, drawing: Drawing) -> list[str]:
    """Draw what options wish: of a map the first indicator; return the lines to print about it."""
    notes: list[str] = []
    if drawing.picture is None and drawing.chart is None:
        return notes
    from stcloud.saas.report.evaluationpicture import chart_evaluation, map_evaluation  # noqa: PLC0415  (slow to import)

    names = [name for name in evaluation.plan.names if name in evaluation.table.column_names]
    usual = [name for name in ("on_time_closing_rate", *_SHORT) if name in names]
    first = names[0] if len(names) <= len(_SHORT) else (usual or names)[0]
    if drawing.picture is not None:
        path = map_evaluation(
            opened, evaluation, first, drawing.picture, notes.append, title=drawing.title, under=drawing.under
        )
        notes.append(f"map: {path}")
    if drawing.chart is not None:
        path = chart_evaluation(evaluation, [first], drawing.chart, notes.append, title=drawing.title)
        notes.append(f"chart: {path}")
    return notes


def _scheme(name: str) -> Any:
    from stcloud.paas.case.evaluation import IndicatorScheme  # noqa: PLC0415  (keeps --help light)

    text = _file(name)
    return name if text is None else IndicatorScheme.from_toml(text, name=name)


def _table(name: str) -> Any:
    from stcloud.paas.case.evaluation import ScoreTable, read_score_table  # noqa: PLC0415  (keeps --help light)

    text = _file(name)
    return read_score_table(name) if text is None else ScoreTable.from_toml(text, name=name)


def _file(name: str) -> str | None:
    """Return the text of a file; None: it is the name of what is bundled."""
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (keeps --help light)

    return read_text(Path(name)) if Path(name).suffix or "/" in name else None


def _repeats(text: str | None) -> Any:
    if text is None:
        return None
    from stcloud.paas.case.evaluation import RepeatRule  # noqa: PLC0415  (keeps --help light)

    try:
        metres, days = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(
            "unreadable-repeats", f"'{text}' is no distance and time", hint="write METRES,DAYS, such as 50,15"
        ) from None
    return RepeatRule(within_m=metres, within_days=days)


def _is_terminal(target: Target) -> bool:
    return target.form is OutputFormat.TABLE and target.path is None
