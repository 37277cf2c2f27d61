"""`stcloud indicators`: what is defined, values with why some are missing, scores and ranks; refusals in one line."""

import csv
import io
import json

import pytest

import stcloud
from tests.city.test_indicators import RATE, SATISFIED, areas, events

DOCUMENT = """
id = "town"

[indicators.requests]
title = "Requests"
direction = "lower"
weight = 3
numerator = { layer = "requests" }

[indicators.people]
title = "Inhabitants"
direction = "higher"
weight = 1
numerator = { layer = "communities", by = "code", measure = "sum(population)" }
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("indicators") / "town"
    boxes = {"a": (0, 0, 1000, 1000), "b": (1000, 0, 2000, 1000), "c": (2000, 0, 3000, 1000)}
    with stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load("communities", areas(boxes, population=[400, 100, 0]), key="code", valid_from="2015-01-01")
        places = [("2024-03-01", 10, 10), ("2024-03-05", 20, 20), ("2024-03-05", 1500, 10)]
        city.load("requests", events(places), key="id", time="opened", x="x", y="y", crs="EPSG:4548")
        city.indicators.define(
            {"id": "town", "indicators": {"rate": RATE, "satisfied": SATISFIED | {"entered": "communities"}}}
        )
    (folder.parent / "town.toml").write_text(DOCUMENT, encoding="utf-8")
    return folder


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_values_are_printed_with_why_some_are_missing(run, town):
    printed = run(
        "indicators", "values", town, "2024-03", "--by", "in:communities", "--indicator", "rate", "--pin"
    )
    assert printed.code == 0
    assert "zero-denominator: the denominator is 0" in printed.err
    assert "pin:" in printed.err
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    listed = rows(run("indicators", "values", town, "2024-03", "--indicator", "rate", "--format", "csv").out)
    parts = {"value": "60.0", "unit": "per 10,000", "numerator": "3.0", "denominator": "500.0", "missing": ""}
    assert listed == [{"indicator": "rate"} | parts]


def test_the_city_may_come_first_and_alone_lists(run, town):
    expected = run("indicators", "list", town, "--format", "json")
    assert [row["indicator"] for row in json.loads(expected.out)] == ["rate", "satisfied"]
    for arguments in ((town, "list"), (town,)):
        assert run("indicators", *arguments, "--format", "json").out == expected.out


def test_documents_are_defined_and_groups_ranked(run, tmp_path, town):
    folder = tmp_path / "copy"
    with stcloud.open(town) as city:
        city.copy_to(folder)
    assert run("indicators", "define", folder, town.parent / "town.toml").err == (
        "2 indicators of 'town' are the city's from now on\n"
    )
    arguments = ("2024-03", "--by", "in:communities", "--format", "csv")
    printed = run("indicators", "composite", folder, *arguments)
    assert printed.code == 0, printed.err
    scores = {row["group"]: row for row in rows(printed.out)}
    assert {group: float(row["score"]) for group, row in scores.items()} == {
        "a": 0.25,
        "b": 0.4375,
        "c": 0.75,
    }
    weighted = run(
        "indicators", "composite", folder, *arguments, "--weight", "requests=1", "--weight", "people=3"
    )
    assert [row["group"] for row in rows(weighted.out)] == ["a", "b", "c"]
    ranked = run("indicators", "rank", folder, *arguments, "--seed", "5", "--draws", "20")
    assert {"rank_from", "rank_to", "without_from"} <= rows(ranked.out)[0].keys()
    assert "weights: requests 0.7500, people 0.2500" in ranked.err
    without = run("indicators", "rank", folder, *arguments, "--draws", "0", "--leave-one-out")
    assert len(rows(without.out)) == 6
    output = tmp_path / "scores.geojson"
    assert run("indicators", "composite", folder, *arguments[:3], "-o", output).code == 0
    assert len(json.loads(output.read_text(encoding="utf-8"))["features"]) == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("values", "2024-03", "--indicator", "rates"), "there is no indicator 'rates'; did you mean 'rate'?"),
        (("values", "soon"), "soon"),
        (("rank", "2024-03", "--by", "in:communities"), "give --seed, any whole number, or --draws 0"),
        (("composite", "2024-03", "--by", "in:communities", "--method", "best"), "is no way to make a score"),
        (("composite", "2024", "--by", "in:communities", "--weight", "rate=much"), "the weight of 'rate' is 'much'"),
        (("composite", "2024-03", "--by", "in:communities", "--weights", "mine"), "'mine' are no weights"),
        (("composite", "2024-03", "--by", "in:nowhere", "--indicator", "rate"), "nowhere"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(run, town, arguments, text):
    printed = run("indicators", arguments[0], town, *arguments[1:])
    assert printed.code != 0
    assert text in printed.line
    assert printed.out == ""
