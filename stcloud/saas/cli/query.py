"""`stcloud query`. Tested by `tests/reliability/test_output.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import (
    AfterOption,
    AllColumnsOption,
    ByOption,
    CompareOption,
    CrsOption,
    GridAtOption,
    GroupOption,
    HavingOption,
    KnownAtOption,
    LimitOption,
    MeasureOption,
    NamesOption,
    OrderOption,
    PageOption,
    PinOption,
    RatedAtOption,
    SavedOption,
    SaveOption,
    UntilOption,
    WhatOption,
    WhyOption,
    question_of,
)
from stcloud.saas.cli.drawing import ChartOption, Drawing, MapOption, ShadeOption, TitleOption, UnderOption
from stcloud.saas.cli.moment import (
    AsOfOption,
    CalendarOption,
    DaysOption,
    HoursOption,
    MonthsOption,
    NowOption,
    RelationOption,
    SeasonsOption,
    WeekdaysOption,
    WhenOption,
)
from stcloud.saas.cli.option import (
    CityFolder,
    EngineOption,
    FormatOption,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    ToOption,
    WhereOption,
    open_city,
    read_places,
    split,
)
from stcloud.saas.cli.output import note, print_answer, print_records, print_text
from stcloud.saas.cli.target import EVERY, RECORDS, Target, document_path, target_of
from stcloud.saas.plaintext import visible_json

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query, Question

__all__ = ["query"]

_NOT_WHOLE = {
    "by": "--by", "measure": "--measure", "count": "--count", "having": "--having", "compare": "--compare",
    "order": "--order", "limit": "--limit", "after": "--after", "names": "--names", "picture": "--map",
    "chart": "--chart", "form": "--format", "output": "--output",
}  # fmt: skip
"""Options of an answer that is shown, by the names of their arguments."""
_EXPLAINED = (OutputFormat.TABLE, OutputFormat.JSON)


def query(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Name of the layer.", show_default=False)] = None,
    what: WhatOption = None,
    where: WhereOption = None,
    crs: CrsOption = None,
    when: WhenOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    seasons: SeasonsOption = None,
    days: DaysOption = None,
    calendar: CalendarOption = None,
    relation: RelationOption = None,
    now: NowOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    by: ByOption = None,
    measure: MeasureOption = None,
    until: UntilOption = None,
    having: HavingOption = None,
    compare: CompareOption = None,
    rated_at: RatedAtOption = None,
    grid_at: GridAtOption = None,
    group: GroupOption = None,
    count: Annotated[bool, typer.Option("--count", help="Count the rows.")] = False,  # noqa: FBT002
    order: OrderOption = None,
    limit: LimitOption = None,
    after: AfterOption = None,
    page: PageOption = False,  # noqa: FBT002
    all_columns: AllColumnsOption = False,  # noqa: FBT002
    names: NamesOption = False,  # noqa: FBT002
    engine: EngineOption = "duckdb",
    saved: SavedOption = None,
    save: SaveOption = None,
    why: WhyOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the plan and what would be read.")] = False,  # noqa: FBT002
    picture: MapOption = None,
    chart: ChartOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    shade: ShadeOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    to: ToOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show what happened where and when. Rows, or with --by and --measure values of groups."""
    given = {**locals(), "by": split(by), "order": split(order)}  # options are called as a question's fields
    target = target_of(form, output, safe_csv=safe_csv, offered=_offered(why, explain=explain))
    drawing = Drawing.of(picture, title, under, shade, chart)
    document_path(save, ".toml", ".json")
    opened = open_city(city, engine)
    question = _kept(question_of(opened.configuration, given, saved), save)
    narrowed = question.narrow(opened.query(question.layer), read_places)
    if why is not None:
        print_records(narrowed.why(why).records(), target)
    else:
        (_explain if explain else _answer)(narrowed, question, target, drawing, given)


def _offered(why: str | None, *, explain: bool) -> tuple[OutputFormat, ...]:
    return RECORDS if why else _EXPLAINED if explain else EVERY


def _kept(question: Question, path: Path | None) -> Question:
    """Return a question, after it was saved in a document if one is given."""
    if path is not None:
        text = question.to_json() if path.suffix.lower() == ".json" else question.to_toml()
        print_text(text, path)
    return question


def _explain(query: Query, question: Question, target: Target, *_: object) -> None:
    explanation = query.explain(
        question.by if question.summed else None, *question.measure, order=question.order, limit=question.limit,
        having=question.having,
    )  # fmt: skip
    note(_understood(explanation.facts))
    as_json = target.form is OutputFormat.JSON
    text = (
        visible_json(json.dumps(explanation.to_dict(), ensure_ascii=False)) if as_json else str(explanation)
    )
    print_text(f"{text}\n", target.path)


def _write(query: Query, given: Mapping[str, Any], to: str) -> None:
    """Write all rows of a question to a place of their own; `InvalidInput` ``rows-only``."""
    other = next((option for name, option in _NOT_WHOLE.items() if given[name]), None)
    if other is not None:
        raise InvalidInput(
            "rows-only", f"--to writes all rows of a question, and {other} is of something else",
            hint=f"leave out {other}, or write the answer with -o FILE.parquet",
        )  # fmt: skip
    query.write_parquet(to)
    note(_understood(query.facts()))
    note(f"written: {to}")


def _answer(
    query: Query,
    question: Question,
    target: Target,
    drawing: Drawing,
    given: Mapping[str, Any],
) -> None:
    """Print an answer with its notes, or write it elsewhere, as the options given by their names say."""
    if given["to"] is not None:
        _write(query, given, given["to"])
        return
    answer = question.answer(query, read_places)
    notes = drawing.notes(query, answer, question)  # first: what cannot be drawn is refused before printing
    note(_understood(answer.facts))  # not before: what cannot be run has one line, the error
    if given["pin"] and answer.pin is not None:
        note(answer.pin.text)
    shown = answer.with_names() if given["names"] else answer
    print_answer(shown, target, every_column=given["all_columns"])
    if answer.next is not None:
        more = (
            f"--after {answer.next}" if given["page"] or question.after else "use a larger --limit, or --page"
        )
        note(f"there are more: {more}")
    for reason in _reasons(query, answer, question):
        note(reason)
    for text in notes:
        note(text)


def _reasons(query: Query, answer: Answer, question: Question) -> tuple[str, ...]:
    """Return why an answer is empty, unless no row is wanted, or this is the end of its pages."""
    if question.limit == 0 or question.after is not None:
        return ()
    reasons = query.why_empty(answer)
    if reasons and question.having is not None and query.count().table["count"][0].as_py():
        return (f"no group was found for which {question.having} is true",)
    return reasons


def _understood(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())
