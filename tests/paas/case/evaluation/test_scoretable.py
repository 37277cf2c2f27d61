"""Scores: checked tables, and what they make of an evaluation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import bundled_text, score_tables
from stcloud.paas.case.evaluation import ScoreTable, evaluate, read_score_table, score_table_at
from stcloud.paas.case.facts import FACTS
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts
from stcloud.time import Zone, parse_instant

ZONE = Zone("Asia/Shanghai")
AT_US = FIRST_US + 5_000 * HOUR_US
BUNDLED = bundled_text("layers", "scores", "jinniu-example.toml")


def table(text):
    return ScoreTable.from_toml(text, name="own.toml")


def of(terms, **keys):
    head = "".join(
        f'{name} = "{value}"\n' for name, value in ({"id": "own", "valid_from": "2024-01-01"} | keys).items()
    )
    return table(head + "".join(f"[[terms]]\n{term}\n" for term in terms))


def evaluated(seed=1, count=4_000, by="department"):
    return evaluate(case_facts(count, seed=seed, departments=9), AT_US, ZONE, by=by)


@pytest.mark.parametrize("name", score_tables())
def test_bundled_tables_are_sound(name):
    assert read_score_table(name).clause.grades


def test_the_bundled_score_is_that_of_its_formula():
    evaluation = evaluated()
    scores = read_score_table("jinniu-example").scores(evaluation).to_pylist()
    for row, score in zip(evaluation.table.to_pylist(), scores, strict=True):
        rate = {
            name: row[f"{name}_numerator"] / row[f"{name}_denominator"]
            if row[f"{name}_denominator"]
            else None
            for name in read_score_table("jinniu-example").indicators
        }
        if None in rate.values():
            assert (score["score"], score["grade"], score["rank"]) == (None, None, None)
            continue
        expected = (
            30 * rate["handling_rate"] + 20 * rate["on_time_handling_rate"] + 20 * (1 - rate["rework_rate"])
            + 20 * (1 - rate["overdue_open_rate"]) + 10 * (1 - rate["extension_rate"])
        )  # fmt: skip
        assert score["score"] == pytest.approx(expected, abs=0.0051)
        assert score["weight"] == 1
        grades = [("poor", 0), ("sufficient", 60), ("good", 80), ("excellent", 90)]
        assert score["grade"] == [title for title, least in grades if score["score"] >= least][-1]


def case(number, department, *, handled=True):
    instants = dict.fromkeys(("reported_at", "filed_at", "dispatched_at"), FIRST_US)
    return dict.fromkeys(FACTS.names) | instants | {
        "number": str(number), "counted": True, "cancelled": False, "suspended": False, "exempt": False,
        "due_at": FIRST_US + HOUR_US, "handled_at": FIRST_US if handled else None, "department": department,
        "reworks": 0, "extensions": 0,
    }  # fmt: skip


def test_equal_scores_have_equal_ranks():
    rows = [case(n, name, handled=n != 3) for n, name in enumerate("abbcc")]
    scores = read_score_table("jinniu-example").scores(evaluate(as_table(rows), AT_US, ZONE, by="department"))
    assert scores["rank"].to_pylist() == [1, 1, 3]
    assert scores["colour"].to_pylist()[0] == "#1a9641"


RATES = ("handling_rate", "on_time_handling_rate", "rework_rate", "overdue_open_rate", "extension_rate")


@given(counts=st.lists(st.integers(0, 10), min_size=5, max_size=5), term=st.integers(0, 4))
def test_a_score_is_monotone_in_each_of_its_terms(counts, term):
    evaluation = evaluated(count=60, by=())

    def score(numerators):
        changed = evaluation.table
        for name, count in zip(RATES, numerators, strict=True):
            for part, value in (("numerator", count), ("denominator", 11)):
                column = f"{name}_{part}"
                changed = changed.set_column(changed.column_names.index(column), column, [[value]])
        copy = type(evaluation)(evaluation.plan, changed, evaluation.total, {}, {})
        return read_score_table("jinniu-example").scores(copy)["score"][0].as_py()

    more = [count + (place == term) for place, count in enumerate(counts)]
    assert (score(more) > score(counts)) == (RATES[term] in ("handling_rate", "on_time_handling_rate"))


TERM = 'indicator = "{}"\nweight = {}\ndirection = "{}"'
POINTS = [
    TERM.format("handling_rate", 0.5, "higher"),
    TERM.format("average_handling_hours", 0.5, "lower") + "\npoints = [[2, 100], [50, 0]]",
]


def test_points_run_straight_between_the_values_that_are_given():
    evaluation = evaluated()
    rows = of(POINTS).scores(evaluation).to_pylist()
    for row, hours in zip(rows, evaluation.table["average_handling_hours"].to_pylist(), strict=True):
        expected = None if hours is None else min(max(100 * (50 - hours) / 48, 0), 100)
        assert row["average_handling_hours_points"] == (None if expected is None else pytest.approx(expected))


def test_what_is_na_leaves_no_score_or_lends_its_weight():
    terms = [TERM.format("handling_rate", 0.75, "higher"), TERM.format("check_rate", 0.25, "higher")]
    rows = [case(1, "water")]
    evaluation = evaluate(as_table(rows), AT_US, ZONE, by="department", indicators="all")
    assert of(terms).scores(evaluation)["score"].to_pylist() == [None]
    lent = of(terms, missing="reweigh").scores(evaluation).to_pylist()[0]
    assert (lent["score"], lent["weight"], lent["rank"], lent["check_rate_points"]) == (100.0, 0.75, 1, None)
    nothing = evaluate(as_table([]), AT_US, ZONE, indicators="all")
    assert of(terms, missing="reweigh").scores(nothing)["score"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("change", "kind", "fault"),
    [
        (("weight = 0.30", "weight = 0.03"), "invalid-definition", "weights sum to 0.73, not to 1"),
        (("weight = 0.30", "weight = 0"), "invalid-definition", "greater than 0"),
        (
            ('direction = "lower"', 'direction = "higher"'),
            "unsound-score",
            "of rework_rate lower is better, not higher",
        ),
        (('"handling_rate"', '"handlng_rate"'), "unsound-score", "there is no indicator 'handlng_rate'"),
        (('"rework_rate"', '"handling_rate"'), "invalid-definition", "an indicator is in two terms"),
        (('"rework_rate"', '"average_handling_hours"'), "unsound-score", "average_handling_hours is no rate"),
        (("least = 80", "least = 95"), "invalid-definition", "grades fall"),
        (("least = 0\n", "least = 10\n"), "invalid-definition", "the last grade begins at 0"),
        (("#1a9641", "green"), "invalid-definition", "colour"),
        (("missing =", "mising ="), "invalid-definition", "did you mean 'missing'"),
        (
            ("weight = 0.30", "weight = 0.30\npoints = [[0, 0], [100, 120]]"),
            "invalid-definition",
            "points are from 0 to",
        ),
        (
            ("weight = 0.30", "weight = 0.30\npoints = [[0, 50], [100, 20]]"),
            "invalid-definition",
            "points must not fall",
        ),
        (("weight = 0.30", "weight = 0.30\npoints = [[0, 50], [0, 70]]"), "invalid-definition", "ascending"),
        (("id =", "id = ="), "not-toml", "is not TOML"),
    ],
)
def test_a_table_that_is_wrong_is_refused(change, kind, fault):
    with pytest.raises(InvalidDefinition) as caught:
        table(BUNDLED.replace(*change, 1))
    assert caught.value.kind == kind
    assert fault in str(caught.value)


def test_an_evaluation_without_a_term_is_refused():
    evaluation = evaluate(case_facts(50, seed=1), AT_US, ZONE, by="department", indicators=["handling_rate"])
    with pytest.raises(InvalidInput, match="needs 'on_time_handling_rate'") as caught:
        read_score_table("jinniu-example").scores(evaluation)
    assert caught.value.kind == "lacking-indicator"
    with pytest.raises(InvalidInput) as caught:
        read_score_table("chengdu")
    assert caught.value.kind == "unknown-score-table"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Auckland"])
def test_the_table_that_holds_is_the_last_one_that_is_valid(zone):
    clock = Zone(zone)
    old, new = (table(BUNDLED.replace("2019-01-01", day)) for day in ("2019-01-01", "2024-06-01"))
    change_us = parse_instant("2024-06-01", clock)
    assert score_table_at([new, old], change_us, clock) is new
    assert score_table_at([new, old], change_us - 1, clock) is old
    with pytest.raises(InvalidInput, match="valid from 2019-01-01") as caught:
        score_table_at([new, old], 0, clock)
    assert caught.value.kind == "no-score-table"
