"""`stcloud case evaluate`: numbers with their counts, opened into cases, in eighty columns and in files."""

import json
import sys
from pathlib import Path

import pytest

import stcloud

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "fixtures"))

from generator.caseyear import case_year
from generator.caseyearstore import write_year

MAY = ["--period", "2024-05", "--known-at", "2024-07-05"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    place = tmp_path_factory.mktemp("evaluate") / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN").close()
    (place / "cases").mkdir()
    write_year(place, "matters", case_year(400, seed=3))
    return place


def evaluate(run, city, *options):
    done = run("case", "evaluate", city, "matters", *options)
    assert done.code == 0, done.err
    return done


def test_all_indicators_are_listed_with_their_counts(run, city):
    done = evaluate(run, city, *MAY)
    (line,) = [line for line in done.out.splitlines() if line.startswith("on_time_closing_rate")]
    assert " of " in line
    assert "as known at 2024-07-05T00:00+08:00" in done.err


def test_groups_fit_into_eighty_columns_with_a_count_beside_every_rate(run, city):
    done = evaluate(run, city, *MAY, "--by", "street")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("all")
    assert "/" in lines[-1]
    assert "closing_rate: closed of should_close, by deadline" in done.err


def test_a_file_has_all_numbers(run, city, tmp_path):
    evaluate(run, city, *MAY, "--by", "department", "-o", tmp_path / "score.csv")
    head = (tmp_path / "score.csv").read_text().splitlines()[0]
    assert "on_time_closing_rate,on_time_closing_rate_numerator,on_time_closing_rate_denominator" in head
    evaluate(run, city, *MAY, "--by", "department", "-o", tmp_path / "score.xlsx")
    assert (tmp_path / "score.xlsx").read_bytes()[:2] == b"PK"


def test_a_number_opens_into_its_cases(run, city):
    row = json.loads(evaluate(run, city, *MAY, "--indicator", "closing_rate", "-f", "json").out)[0]
    cases = json.loads(evaluate(run, city, *MAY, "--cases", "closing_rate:denominator", "-f", "json").out)
    assert len(cases) == row["closing_rate_denominator"]
    by_hand = json.loads(
        evaluate(
            run, city, *MAY, "--by", "department", "--cases", "closing_rate", "--group", "department=water",
            "-f", "json",
        ).out
    )  # fmt: skip
    assert {case["department"] for case in by_hand} <= {"water"}


@pytest.mark.parametrize(
    ("options", "head"),
    [
        (["--against", "should_close_handled", "--indicator", "closing_rate"], "number"),
        (["--by", "department", "--score", "jinniu-example"], "department"),
        (["--by", "department", "--indicator", "closing_rate", "--compare", "previous"], "department"),
        (["--by", "department", "--time-to-close"], "department"),
        (["--repeats", "50,15", "--indicator", "reported_again_rate"], "indicator"),
    ],
)
def test_other_views_are_tables(run, city, options, head):
    done = evaluate(run, city, *MAY, *options)
    assert done.out.splitlines()[0].startswith(head)
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_citys_own_indicators_and_scores_come_from_files(run, city, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'id = "own"\nextends = "urban-management"\n\n[policies.of_water]\ntitle = "of water"\n'
        "condition = \"valid AND department = 'water'\"\n\n[indicators.water_share]\n"
        'title = "Share of water"\nnumerator = "of_water"\ndenominator = "filed"\nbasis = "filed"\n'
        'direction = "none"\n'
    )
    done = run("case", "evaluate", city, "matters", *MAY, "--scheme", own, "--indicator", "water_share")
    assert done.code == 0, done.err
    assert "water_share" in done.out


def test_a_chart_is_drawn_and_groups_without_a_place_are_not(run, city, tmp_path):
    evaluate(run, city, *MAY, "--by", "department", "--chart", tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 5_000
    refused = run("case", "evaluate", city, "matters", "--by", "department", "--map", tmp_path / "map.png")
    assert refused.code != 0
    assert "there is no place to draw groups by department at" in refused.err
    assert not (tmp_path / "map.png").exists()


REFUSED = {
    "one-view": ["--cases", "closing_rate", "--score", "jinniu-example"],
    "unreadable-repeats": ["--repeats", "near"],
    "unreadable-field": ["--group", "street"],
    "group-unused": ["--by", "street", "--group", "street=350203001"],
    "given-twice": ["--cases", "closing_rate", "--group", "street=1", "--group", "street=2"],
    "unknown-indicator": ["--indicator", "closng_rate"],
    "unknown-score-table": ["--score", "nope"],
}


@pytest.mark.parametrize("kind", REFUSED)
def test_mistakes_are_answered_in_one_line(run, city, kind):
    refused = run("case", "evaluate", city, "matters", *REFUSED[kind])
    assert refused.code in (2, 3)
    assert refused.err.count("\n") == 1
    assert "Traceback" not in refused.err


def test_neither_log_nor_layer_is_named(run, city):
    refused = run("case", "evaluate", city, "nothing")
    assert refused.code == 3
    assert "nothing" in refused.err
