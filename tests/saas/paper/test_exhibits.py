"""Figures of each section: their numbers are those that pandas makes of the rows, or a line says what is lacking."""

import numpy as np
import pytest

from stcloud.errors import NotFound
from stcloud.paas.query import Question
from stcloud.saas.paper.choices import PaperChoices
from stcloud.saas.paper.exhibits import EXHIBITS, section_of
from stcloud.saas.paper.paper import known_of
from stcloud.saas.paper.scope import PaperScope
from stcloud.saas.paper.words import PaperWords
from tests.saas.paper.conftest import SIDE_M, SOUTH, WEST, calls
from tests.saas.paper.pageparts import read_page


def scope_of(city, question=None, **choices):
    question = question or Question(layer="calls", when="2024-06")
    known = known_of(city)
    pinned = question.model_copy(update={"known_at": known})
    return PaperScope(city, "town", pinned, PaperWords(), PaperChoices(**choices))


def figures(city, name, question=None, **choices):
    """Return the tables of a section by the names of its figures, and what is left out."""
    section = section_of(scope_of(city, question, **choices), name)
    html = "".join(
        f'<figure id="{figure.name}">{figure.drawing}{figure.table}</figure>' for figure in section.figures
    )
    return {figure.name: figure for figure in read_page(html).figures}, section.missing


@pytest.fixture(scope="module")
def june():
    frame = calls()
    return frame[frame["at"] >= "2024-06-01"]


def numbers(figure):
    return {tuple(row[: len(row) - 1]): int(row[-1]) for row in figure.rows}


def test_the_overview_counts_the_period_and_the_one_before(paper_city, june):
    shown, _ = figures(paper_city, "overview")
    before = len(calls()) - len(june)
    assert shown["number"].rows[0][:2] == [str(len(june)), str(before)]


def test_days_and_hours_are_those_of_the_citys_clock(paper_city, june):
    shown, _ = figures(paper_city, "calendar")
    hours = june.groupby([june["at"].dt.day_of_week + 1, june["at"].dt.hour]).size()
    assert numbers(shown["hours"]) == {(str(day), str(hour)): count for (day, hour), count in hours.items()}
    days = june.groupby(june["at"].dt.strftime("%Y-%m-%d")).size()
    assert numbers(shown["days"]) == {(day,): count for day, count in days.items()}


def test_areas_are_counted_by_name_the_greatest_first(paper_city, june):
    shown, _ = figures(paper_city, "areas")
    east, north = june["x"] - WEST > SIDE_M / 2, june["y"] - SOUTH > SIDE_M / 2
    names = np.select([~east & ~north, ~east & north, east & ~north], ["Harbour", "Hill <b>", "蓝塘"], "Mill")
    expected = {name: int((names == name).sum()) for name in set(names)}
    assert {row[0]: int(row[1]) for row in shown["areas"].rows} == expected
    counts = [int(row[1]) for row in shown["areas"].rows]
    assert counts == sorted(counts, reverse=True)


def test_kinds_and_times_to_close_need_a_column_that_is_named(paper_city, june):
    nothing, missing = figures(paper_city, "kinds")
    assert not nothing
    assert "--classes COLUMN" in missing[0]
    shown, _ = figures(paper_city, "kinds", classes="kind")
    assert numbers(shown["kinds"]) == {(kind,): count for kind, count in june["kind"].value_counts().items()}
    shown, _ = figures(paper_city, "closing", classes="kind", closed="closed")
    days = (
        (june["closed"] - june["at"])
        .dt.total_seconds()
        .div(86_400)
        .groupby(june["kind"])
        .agg(["median", "count"])
    )
    for kind, median, _, closed in shown["closing"].rows:
        assert (float(median), int(closed)) == (
            pytest.approx(days.loc[kind, "median"]),
            days.loc[kind, "count"],
        )
    with pytest.raises(NotFound) as unknown:
        section_of(scope_of(paper_city, classes="kid"), "kin")
    assert unknown.value.kind == "unknown-section"


def test_hot_spots_are_where_more_happened_than_usual(paper_city):
    shown, _ = figures(paper_city, "hotspots")
    assert shown["hotspots"].rows
    assert all(row[1].endswith((" hot", " cold")) for row in shown["hotspots"].rows)
    nothing, missing = figures(paper_city, "hotspots", Question(layer="calls", when="2024-06-03/2024-06-05"))
    assert not nothing or missing == ()


def test_an_evaluation_needs_cases(paper_city):
    nothing, missing = figures(paper_city, "evaluation")
    assert not nothing
    assert "it is no layer of cases" in missing[0]


def test_the_question_itself_is_a_chart_a_map_or_numbers(paper_city):
    for by, drawings in (
        (("kind",), 1),
        (("week",), 1),
        (("in:communities.name",), 1),
        ((), 0),
        (("week", "kind"), 1),
    ):
        question = Question(layer="calls", when="2024-06", by=by, count=not by)
        shown, _ = figures(paper_city, "itself", question)
        assert (shown["itself"].drawings > 0) == bool(drawings), by
    assert figures(paper_city, "itself") == ({}, ())


def test_every_section_of_a_layer_without_a_place_or_a_question_without_rows_is_made(paper_city):
    for name in EXHIBITS:
        section = section_of(
            scope_of(paper_city, Question(layer="calls", what="kind = 'none'", when="2024-06")), name
        )
        assert section.figures or section.missing or name == "itself"


def test_a_scope_knows_its_days_and_its_bin(paper_city):
    spans = {
        "2024-06-03": "hour",
        "2024-W23": "day",
        "2024": "week",
        "2020/2024": "month",
        "2024/..": "month",
    }
    for when, expected in spans.items():
        scope = scope_of(paper_city, Question(layer="calls", when=when))
        assert scope.bin == expected
    days = scope_of(paper_city, Question(layer="calls", when="2024-W23")).days
    assert [day.isoformat() for day in days] == ["2024-06-03", "2024-06-09"]


def test_a_hundred_thousand_areas_are_a_list_of_the_first(paper_city, monkeypatch):
    monkeypatch.setattr("stcloud.saas.paper.placemap.TOO_MANY", 3)
    shown, _ = figures(paper_city, "areas")
    assert shown["areas"].drawings == 0
    section = section_of(scope_of(paper_city), "areas")
    assert "4 groups are too many for a map; the first 20 are shown" in section.figures[0].notes[0]


@pytest.mark.parametrize(("choices", "kind"), [
    ({"classes": "kid"}, "unknown-column"), ({"closed": "close"}, "unknown-column"),
    ({"areas": "comunities"}, "unknown-layer"),
    ({"areas": "communities.nam"}, "unknown-column"), ({"log": "matters"}, "no-records"),
])  # fmt: skip
def test_a_choice_that_there_is_not_is_refused(paper_city, choices, kind):
    with pytest.raises(NotFound) as unknown:
        PaperChoices(**choices).refuse_unknown(paper_city, ["calls"])
    assert unknown.value.kind == kind
