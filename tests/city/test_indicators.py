"""Indicators of a city: values of a period by group, pinned, named where they are missing; a table that is public."""

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.city.indicatorreading import is_whole
from stcloud.errors import Conflict, FormatError, InvalidDefinition, InvalidInput, NotFound
from stcloud.paas.query.answer.pin import Pin
from stcloud.time import Span, Zone, parse_when
from tests.city.test_episodes import Clock

POLICIES = {
    "Beijing": (43, 12, 40),
    "Shanghai": (58, 12, 40),
    "Guangzhou": (58, 24, 17),
    "Shenzhen": (67, 10, 20),
}
SHARES = {
    "Beijing": (45.3, 12.6, 42.1), "Shanghai": (52.7, 10.9, 36.4), "Guangzhou": (58.6, 24.2, 17.2),
    "Shenzhen": (69.1, 10.3, 20.6),
}  # fmt: skip
TOOLS = ("supply", "demand", "environment")
WEST, SOUTH = 500_000, 3_500_000


def areas(boxes, **columns):
    """Features of areas, metres from a corner of the city."""
    import geopandas

    shapes = [
        shapely.box(WEST + west, SOUTH + south, WEST + east, SOUTH + north)
        for west, south, east, north in boxes.values()
    ]
    return geopandas.GeoDataFrame({"code": list(boxes), **columns}, geometry=shapes, crs="EPSG:4548")


def events(places):
    """Requests at places, metres from the corner: day, x, y."""
    return [
        {"id": str(number), "opened": day, "x": WEST + x, "y": SOUTH + y}
        for number, (day, x, y) in enumerate(places)
    ]


@pytest.fixture
def city(tmp_path):
    """Three communities; in March two requests in a, one in b and one outside; nobody lives in c."""
    stcloud.create(tmp_path / "town", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "town", clock=Clock()) as opened:
        frame = areas(
            {"a": (0, 0, 1000, 1000), "b": (1000, 0, 2000, 1000), "c": (2000, 0, 3000, 1000)},
            population=[400, 100, 0],
        )
        opened.load("communities", frame, key="code", valid_from="2015-01-01")
        places = [
            ("2024-03-01", 10, 10),
            ("2024-03-31T23:59:59", 20, 20),
            ("2024-03-05", 1500, 10),
            ("2024-03-05", -50, 0),
        ]
        opened.load(
            "requests", events([*places, ("2024-04-01", 10, 10)]), key="id", time="opened", x="x", y="y",
            crs="EPSG:4548",
        )  # fmt: skip
        yield opened


RATE = {
    "title": "Requests per 10,000 inhabitants", "direction": "lower", "factor": 10_000.0, "unit": "per 10,000",
    "numerator": {"layer": "requests"},
    "denominator": {"layer": "communities", "by": ["code"], "measure": ["sum(population)"]},
}  # fmt: skip
SATISFIED = {
    "title": "Satisfied",
    "direction": "higher",
    "unit": "%",
    "entered": "entered",
    "cadence": "quarter",
}


def enter(city, rows):
    city.load(
        "entered",
        [dict(zip(("indicator", "area", "from", "to", "value"), row, strict=True)) for row in rows],
        definition="indicator-values", mode="changes",
    )  # fmt: skip


def test_a_value_is_its_numerator_over_its_denominator(city):
    city.indicators.define({"id": "town", "indicators": {"rate": RATE}})
    values = city.indicators.values("2024-03", by="in:communities")
    rows = {row["group"]: row for row in values}
    assert (rows["a"]["value"], rows["a"]["numerator"], rows["a"]["denominator"]) == (50, 2, 400)
    assert (rows["b"]["value"], rows["b"]["missing"]) == (100, None)
    assert (rows["c"]["value"], rows["c"]["missing"]) == (None, "zero-denominator")
    assert values.facts["outside of all groups"] == "rate 1"
    whole = city.indicators.values("2024-03")
    assert (whole.value("rate"), whole.to_records()[0]["numerator"]) == (80, 4)
    assert values.to_geopandas().geometry.area.tolist() == [1e6, 1e6, 1e6]
    assert values.value("rate", "z") is None
    assert "3 values, 1 missing" in repr(values)
    assert "zero-denominator" in values._repr_html_()


def test_features_count_as_they_are_at_the_end_of_the_period(city):
    city.indicators.define({"id": "town", "indicators": {"rate": RATE}})
    moved = areas({"a": (0, 0, 1000, 1000), "n": (1000, 0, 3000, 1000)}, population=[200, 50])
    city.load("communities", moved, valid_from="2024-03-31")
    values = city.indicators.values("2024-03", by="in:communities")
    assert [(row["group"], row["numerator"], row["denominator"]) for row in values] == [
        ("a", 2, 200), ("b", 1, None), ("n", 0, 50),
    ]  # fmt: skip
    assert values.to_records()[1]["missing"] == "no-denominator"


def test_a_denominator_may_be_a_number_or_none(city):
    count = {"title": "Requests", "numerator": {"layer": "requests"}}
    city.indicators.define({"id": "town", "indicators": {"all": count, "half": count | {"denominator": 2}}})
    values = city.indicators.values("2024-03", by="in:communities")
    assert [(values.value("all", group), values.value("half", group)) for group in "abc"] == [
        (2, 1),
        (1, 0.5),
        (0, 0),
    ]


def test_what_is_missing_is_named(city):
    names = {
        "rate": RATE, "satisfied": SATISFIED, "noise": {"title": "Noise", "direction": "lower", "entered": "entered"},
        "blank": {"title": "Blank"},
    }  # fmt: skip
    city.indicators.define({"id": "town", "indicators": names})
    enter(city, [
        ("satisfied", "a", "2024-01-01", "2024-04-01", 80), ("satisfied", "b", "2024-01-01", "2024-04-01", None),
        ("satisfied", "c", "2024-01-01", "2025-01-01", 70), ("noise", "a", "2020-01-01", None, 55),
        ("noise", "b", "2024-01-01", "2024-02-01", 60), ("noise", "c", "2024-01-01", "2024-02-01", 60),
        ("noise", "c", "2024-02-01", "2024-05-01", 61), ("noise", "*", "2024-01-01", "2025-01-01", 58),
    ])  # fmt: skip
    rows = {
        (row["group"], row["indicator"]): row
        for row in city.indicators.values("2024-Q1", by="in:communities")
    }
    assert {key: row["missing"] for key, row in rows.items() if row["missing"]} == {
        ("c", "rate"): "zero-denominator", ("b", "satisfied"): "no-value", ("c", "satisfied"): "other-period",
        ("b", "noise"): "other-period", ("c", "noise"): "several-values",
        ("a", "blank"): "not-defined", ("b", "blank"): "not-defined", ("c", "blank"): "not-defined",
    }  # fmt: skip
    assert (rows["a", "satisfied"]["value"], rows["a", "noise"]["value"]) == (80, 55)
    month = city.indicators.values("2024-03", by="in:communities", names="satisfied")
    assert {row["missing"] for row in month} == {"other-cadence"}
    assert [row["value"] for row in city.indicators.values("2024-03", names="noise")] == [58]
    later = city.indicators.values(
        "2027-06", by="in:communities", names="rate"
    )  # the clock shows January of 2027
    assert {(row["group"], row["missing"], row["numerator"]) for row in later} == {
        ("a", "incomplete", 0), ("b", "incomplete", 0), ("c", "incomplete", 0),
    }  # fmt: skip


def test_a_pinned_value_never_changes(city):
    city.indicators.define({"id": "town", "indicators": {"rate": RATE, "satisfied": SATISFIED}})
    enter(city, [("satisfied", "a", "2024-01-01", "2024-04-01", 80)])
    first = city.indicators.values("2024-Q1", by="in:communities")
    city.load("requests", [{"id": "late", "opened": "2024-03-09", "x": WEST + 1, "y": SOUTH + 1}])
    enter(city, [("satisfied", "a", "2024-01-01", "2024-04-01", 81)])
    city.indicators.define(
        {"id": "town", "indicators": {"rate": RATE | {"factor": 1.0}, "satisfied": SATISFIED}}
    )
    now = city.indicators.values("2024-Q1", by="in:communities")
    assert (now.value("rate", "a"), now.value("satisfied", "a")) == (3 / 400, 81)
    for known in (first.pin, first.pin.text):
        assert city.indicators.values("2024-Q1", by="in:communities", known_at=known).table == first.table
    without = Pin(first.pin.layers)
    assert city.indicators.values("2024-Q1", by="in:communities", known_at=without).table == first.table
    assert city.indicators.tree(first.pin).indicators["rate"].factor == 10_000


def test_definitions_are_kept_with_their_instants(city):
    with pytest.raises(NotFound) as refused:
        city.indicators.values("2024")
    assert refused.value.kind == "no-definitions"
    before = city.configuration.zone.iso(Clock.now_us)
    document = {
        "id": "town",
        "extends": "smart-city-2016",
        "indicators": {"rate": RATE | {"node": "citizen_experience"}},
    }
    city.indicators.define(document)
    newest = city.indicators.list().facts["defined"]
    city.indicators.define(document)
    assert city.indicators.list().facts["defined"] == newest
    row = city.indicators.list().to_records()[0]
    assert (row["node"], row["weight"], row["values"]) == ("citizen_experience", 1, "computed")
    with pytest.raises(NotFound) as refused:
        city.indicators.tree(before)
    assert refused.value.kind == "no-definitions"
    with pytest.raises(NotFound) as refused:
        city.indicators.define("nowhere.toml")
    assert refused.value.kind == "unknown-source"


def test_what_a_question_refuses_names_the_indicator(city):
    city.indicators.define(
        {"id": "town", "indicators": {"lamps": {"title": "Lamps", "numerator": {"layer": "lamp"}}}}
    )
    with pytest.raises(NotFound) as refused:
        city.indicators.values("2024")
    assert refused.value.kind == "unknown-layer"
    assert str(refused.value).startswith("indicator 'lamps': ")


@pytest.fixture(scope="module")
def new_york(tmp_path_factory):
    """Calls about the hour of 3 November 2024 that New York shows twice, and at the ends of months."""
    chance = np.random.default_rng(5)
    days = pd.Timestamp("2024-10-31T20:00", tz="UTC") + pd.to_timedelta(
        chance.integers(0, 86_400 * 35, 300), unit="s"
    )
    twice = pd.Timestamp("2024-11-03T05:00", tz="UTC") + pd.to_timedelta(
        chance.integers(0, 7_200, 60), unit="s"
    )
    at = days.append(twice)
    x, y = chance.integers(0, 3000, (2, len(at))) + 0.5
    rows = pd.DataFrame({"id": range(len(at)), "opened": at.astype(str), "x": WEST + x, "y": SOUTH + y})
    boxes = {"a": (0, 0, 1000, 3000), "b": (1000, 0, 2000, 3000), "c": (2000, 0, 2500, 3000)}
    with stcloud.create(
        tmp_path_factory.mktemp("york") / "town", crs="EPSG:4548", zone="America/New_York"
    ) as city:
        city.load("requests", rows, key="id", time="opened", x="x", y="y", crs="EPSG:4548")
        city.load(
            "communities", areas(boxes, population=[400, 100, 250]), key="code", valid_from="2015-01-01"
        )
        city.indicators.define({"id": "town", "indicators": {"rate": RATE}})
        yield city, rows.assign(local=at.tz_convert("America/New_York"), column=x // 1000, far=x >= 2500)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [("2024-11", "2024-11-01", "2024-12-01"), ("2024-11-03", "2024-11-03", "2024-11-04"),
     ("2024-10-31", "2024-10-31", "2024-11-01"), ("2024-11-03/2024-11-10", "2024-11-03", "2024-11-10")],
)  # fmt: skip
def test_values_are_those_of_pandas_where_clocks_change(new_york, period, start, end):
    city, rows = new_york
    inside = (rows["local"] >= pd.Timestamp(start, tz="America/New_York")) & (
        rows["local"] < pd.Timestamp(end, tz="America/New_York")
    )
    counts = rows[inside & ~rows["far"]].groupby("column").size()
    values = city.indicators.values(period, by="in:communities")
    for column, (group, people) in enumerate({"a": 400, "b": 100, "c": 250}.items()):
        assert values.value("rate", group) == pytest.approx(counts.get(float(column), 0) * 10_000 / people)
    outside = int((inside & rows["far"]).sum())
    assert values.facts.get("outside of all groups") == (f"rate {outside}" if outside else None)


def test_values_may_be_of_the_areas_of_one_instant(city):
    city.load("communities", areas({"d": (0, 0, 3000, 1000)}, population=[600]), valid_from="2020-01-01")
    city.indicators.define(
        {"id": "town", "indicators": {"all": {"title": "All", "numerator": {"layer": "requests"}}}}
    )
    values = city.indicators.values("2024-03", by="in:communities@2019")
    assert [values.value("all", group) for group in values.groups] == [2, 1, 0]
    assert city.indicators.values("2024-03", by="in:communities").groups == ("d",)


def test_a_measure_that_is_no_number_is_refused(city):
    last = {"title": "Last", "numerator": {"layer": "requests", "measure": ["max(id)"]}}
    city.indicators.define({"id": "town", "indicators": {"last": last}})
    with pytest.raises(InvalidInput) as refused:
        city.indicators.values("2024")
    assert refused.value.kind == "wrong-type"


def test_a_document_that_is_wrong_records_nothing(city):
    for document in (
        {"id": "town", "indicators": {"x": {"title": None}}},
        {"id": "../town"},
        {"id": "town", "more": 1},
    ):
        with pytest.raises(InvalidDefinition):
            city.indicators.define(document)
    with pytest.raises(NotFound):
        city.indicators.tree()


def test_a_cadence_is_of_the_wall_clock_of_the_city():
    zone = Zone("America/New_York")
    long_day, month = parse_when("2024-11-03", zone), parse_when("2024-11", zone)  # 25 hours, 721 hours
    assert (long_day.end_us - long_day.start_us) // 3_600_000_000 == 25
    assert is_whole(long_day, "day", zone)
    assert is_whole(month, "month", zone)
    assert not is_whole(Span(long_day.start_us, long_day.start_us + 24 * 3_600_000_000), "day", zone)
    assert not is_whole(long_day, "week", zone)
    assert not is_whole(parse_when("2024-01/2024-03", zone), "month", zone)


@pytest.mark.parametrize("period", ["2024-01-01/..", "../2024-01-01"])
def test_a_period_without_an_end_is_refused(city, period):
    city.indicators.define({"id": "town", "indicators": {"rate": RATE}})
    with pytest.raises(InvalidInput) as refused:
        city.indicators.values(period)
    assert refused.value.kind == "open-period"


def test_a_layer_without_values_of_indicators_is_refused(city):
    city.indicators.define({"id": "town", "indicators": {"x": {"title": "X", "entered": "communities"}}})
    with pytest.raises(InvalidInput) as refused:
        city.indicators.values("2024")
    assert refused.value.kind == "no-entered-values"


def test_a_document_that_was_changed_on_disk_is_damage(city, tmp_path):
    city.indicators.define({"id": "town", "indicators": {"rate": RATE}})
    path = tmp_path / "town" / "indicators" / "0001.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("10000", "1000"), encoding="utf-8")
    with stcloud.open(tmp_path / "town") as opened, pytest.raises(FormatError) as refused:
        opened.indicators.tree()
    assert refused.value.kind == "damaged-city"


def test_who_defines_at_the_same_moment_is_told(city, monkeypatch):
    monkeypatch.setattr("stcloud.city.keptlist.KeptList.append", lambda *_: False)
    with pytest.raises(Conflict) as refused:
        city.indicators.define({"id": "town"})
    assert refused.value.kind == "indicators-changed"


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    """A city that only knows which policies four cities have, of which kind."""
    folder = tmp_path_factory.mktemp("policies")
    city = stcloud.create(folder / "town", crs="EPSG:4548", zone="Asia/Shanghai")
    rows = [
        {"id": f"{name}-{tool}-{number}", "issued": "2021-05-04", "tool": tool, "city": name, "x": WEST, "y": SOUTH}
        for name, counts in POLICIES.items()
        for tool, count in zip(TOOLS, counts, strict=True)
        for number in range(count)
    ]  # fmt: skip
    city.load("policies", rows, key="id", time="issued", x="x", y="y", crs="EPSG:4548")
    city.indicators.define({
        "id": "policy-tools",
        "indicators": {
            tool: {
                "title": tool.title(), "unit": "%", "factor": 100.0, "direction": "higher",
                "numerator": {"layer": "policies", "what": [f"tool = '{tool}'"]},
                "denominator": {"layer": "policies"},
            }
            for tool in TOOLS
        },
    })  # fmt: skip
    yield city
    city.close()


def test_policy_tools_by_city_are_those_that_were_published(policies):
    values = policies.indicators.values("2021", by="city")
    shown = {group: tuple(round(values.value(tool, group), 1) for tool in TOOLS) for group in values.groups}
    assert shown == SHARES
    totals = {row["group"]: row["denominator"] for row in values}
    assert totals == {"Beijing": 95, "Shanghai": 110, "Guangzhou": 99, "Shenzhen": 97}


def test_scores_are_those_of_numpy(policies):
    table = np.array([[100 * count / sum(counts) for count in counts] for counts in POLICIES.values()])
    scaled = (table - table.min(axis=0)) / (table.max(axis=0) - table.min(axis=0))
    scores = policies.indicators.composite(
        "2021", "city", weights={"supply": 2, "demand": 1, "environment": 1}
    )
    rows = {row["group"]: row for row in scores}
    expected = dict(zip(POLICIES, scaled @ [0.5, 0.25, 0.25], strict=True))
    assert {group: row["score"] for group, row in rows.items()} == pytest.approx(expected)
    assert [row["group"] for row in scores] == sorted(expected, key=expected.get, reverse=True)
    assert scores.weights == {"supply": 0.5, "demand": 0.25, "environment": 0.25}
    assert scores.facts["normalised"] == "min-max"
    with pytest.raises(InvalidInput) as refused:
        scores.leave_one_out()
    assert refused.value.kind == "no-sensitivity"


def test_ranks_say_how_far_they_depend_on_weights(policies):
    ranked = policies.indicators.rank("2021", "city", seed=7, draws=100, spread=0.2)
    again = policies.indicators.rank(
        "2021", "city", seed=7, draws=100, spread=0.2, known_at=ranked.values.pin
    )
    assert ranked.table == again.table
    for row in ranked:
        assert row["rank_from"] <= row["rank"] <= row["rank_to"]
    without = ranked.leave_one_out().to_pylist()
    assert len(without) == 12
    best = {row["group"]: row["rank_without"] for row in without if row["without"] == "supply"}
    assert min(best, key=best.get) == "Beijing"
    component = policies.indicators.rank("2021", "city", method="pca", draws=0)
    assert "explained" in component.facts
    assert "rank_from" not in component.table.column_names
    assert "4 groups" in repr(component)


@pytest.mark.parametrize(
    ("options", "error", "kind"),
    [
        ({"weights": "mine"}, InvalidInput, "unknown-weights"),
        ({"weights": {"supplies": 1}}, NotFound, "unknown-indicator"),
        ({"names": "supplies"}, NotFound, "unknown-indicator"),
        ({"normalise": "target"}, InvalidInput, "no-target"),
    ],
)
def test_what_makes_no_score_is_refused(policies, options, error, kind):
    with pytest.raises(error) as refused:
        policies.indicators.composite("2021", "city", **options)
    assert refused.value.kind == kind
