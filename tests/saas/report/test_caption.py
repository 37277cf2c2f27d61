import pyarrow as pa
import pytest

from stcloud.paas.query import Answer, Question
from stcloud.saas.report.caption import compared_with, instant_text, left_out, measures_of, title_of
from stcloud.space import Lattice

LATTICE = Lattice.for_crs("EPSG:4548")


@pytest.fixture
def city(drawn_city):
    return drawn_city


@pytest.mark.parametrize(
    ("when", "written"),
    [
        ({"times": ["2024"]}, "2024"),
        ({"times": ["2024-07/2024-10"]}, "July to September 2024"),
        ({"times": ["2024-02-28"]}, "28 February 2024"),
        ({"times": ["2024-W12"]}, "18 to 24 March 2024"),
        ({"times": ["2024-03-05T07:00/2024-03-05T09:30"]}, "5 March 2024, 07:00 to 5 March 2024, 09:30"),
        ({"times": ["2024-07/.."]}, "since July 2024"),
        ({"times": ["../2024-07"]}, "before July 2024"),
        ({"times": ["2024-01", "2024-07"]}, "January 2024 and July 2024"),
        ({"times": [], "weekdays": "mon-fri", "hours": "07:00-10:00"}, "mon–fri, 07:00-10:00"),
        ({"times": [], "weekdays": "sat,sun"}, "sat, sun"),
        ({"times": [], "weekdays": "fri-mon"}, "mon, fri, sat, sun"),
        ({"times": [], "months": "6-8", "days": "free", "calendar": "CN"}, "jun, jul, aug, free days of CN"),
    ],
)
def test_the_title_says_when(city, when, written):
    query = city.query("calls").when(*when.pop("times"), **when)
    assert title_of(query) == f"Calls: {written}"


def test_the_title_says_what(city):
    assert title_of(city.query("calls")) == "Calls"
    assert title_of(city.query("calls").what("kind = 'a'").when("2024")) == "Calls: kind a; 2024"


@pytest.mark.parametrize(
    ("filters", "written"),
    [
        (["kind = 'a' and days > 2"], "kind a, days above 2"),
        (["kind in ('a', 'b')"], "kind a or b"),
        (["kind <> 'a'"], "kind not a"),
        (["days <= 2.5"], "days at most 2.500"),
        (["kind = 'a' or days > 2"], "kind = 'a' or days > 2"),
        (["kind like 'a%'"], "kind like 'a%'"),
        (["kind = ''"], "kind = ''"),
    ],
)
def test_simple_filters_are_written_as_people_do_and_others_as_they_are(city, filters, written):
    assert title_of(city.query("calls").what(*filters)) == f"Calls: {written}"


def test_the_title_of_features_says_when_they_were_valid(city):
    assert title_of(city.query("streets").as_of("2024-06-01")) == "streets: as of 2024-06-01"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-29T12:19:58.026229+08:00", "2026-11-29 12:19:58"), ("2024-06-01T00:00+08:00", "2024-06-01"),
        ("2024-06-01T07:30:00+08:00", "2024-06-01 07:30"), ("the beginning", "the beginning"),
    ],
)  # fmt: skip
def test_instants_have_no_microseconds(text, written):
    assert instant_text(text) == written


def answer(next_page=None, **columns):
    return Answer(pa.table(columns), LATTICE, {}, next_page)


@pytest.mark.parametrize(
    ("question", "following", "written"),
    [
        ({"by": ["kind"]}, None, ()),
        ({"by": ["kind"], "limit": 2, "order": ["-count"]}, "cursor",
         ("only the first 2 groups by count, greatest first are shown, there are more",)),
        ({"by": ["kind"], "limit": 9}, None, ()),
        ({"limit": 2}, "cursor", ("only the first 2 rows are shown, there are more",)),
        ({"by": ["kind"], "having": "count > 5"}, None, ("only groups with count > 5 are shown",)),
        ({"by": ["kind"], "after": "xyz"}, None, ("the groups of earlier pages are not shown",)),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(question, following, written):
    assert (
        left_out(answer(following, kind=["a", "b"], count=[3, 1]), Question(layer="calls", **question))
        == written
    )


@pytest.mark.parametrize(
    ("compare", "written"),
    [(None, ""), ("previous", "the period before"), ("year", "the same period a year earlier"),
     ("as-of:2023", "as of 2023"), ("where:communities:a", "communities:a")],
)  # fmt: skip
def test_what_measures_are_compared_with_is_said(compare, written):
    assert compared_with(Question(layer="calls", compare=compare)) == written


def test_measures_are_written_as_they_were_put_without_their_names():
    question = Question(
        layer="calls", by=["kind"], measure=["count", "long = p90(days(closed - opened))"], compare="year"
    )
    columns = {
        "kind": ["a"],
        "count": [3],
        "count_before": [2],
        "count_change": [1],
        "long": [1.0],
        "long_before": [2.0],
    }
    measures = measures_of(answer(None, **columns), question)
    assert measures == {
        "count": "count", "count_before": "count_before", "count_change": "count_change",
        "long": "p90(days(closed - opened))", "long_before": "p90(days(closed - opened))_before",
    }  # fmt: skip
