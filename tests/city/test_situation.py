"""The situation at a place: its parts are what plain searches give, and pinned it never changes."""

import json
import shutil
import unicodedata

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.city.situation import GROUPS
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.hands import Hands

CRS, ZONE = "EPSG:2193", "Pacific/Auckland"
PLACE = (174.76, -36.85)
COMMUNITY = "110101001001"
MARCH = "2024-03-10T12:00"
CELLS = """
id = "cells"
kind = "feature"
key = ["gridCode"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:2193"
[grid]
[columns]
gridCode = {}
responsibleParty = { optional = true }
"""
REQUESTS = """
id = "requests"
kind = "event"
key = ["id"]
[time]
column = "at"
zone = "Pacific/Auckland"
[space]
lon = "lon"
lat = "lat"
datum = "wgs84"
[columns]
class = { codes = "matter-2026" }
"""
HEAD = "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
CONDITIONS = (
    HEAD + "component,2026,01002,rocks,It rocks,work_hour,4,It lies flat,water,2020-01-01,,Handbook\n"
)


def middle():
    (point,) = geopandas.GeoSeries([shapely.Point(*PLACE)], crs="EPSG:4326").to_crs(CRS)
    return point


def scattered(count, seed, reach_m=600):
    """Return points about the place: in degrees, and how far each is in the plane, metres."""
    chance, centre = np.random.default_rng(seed), middle()
    x, y = (centre_at + chance.uniform(-reach_m, reach_m, count) for centre_at in (centre.x, centre.y))
    points = geopandas.GeoSeries(shapely.points(x, y), crs=CRS).to_crs("EPSG:4326")
    return points, np.hypot(x - centre.x, y - centre.y)


def component_frame(keys, points, department):
    return geopandas.GeoDataFrame(
        {
            "GLBJBSM": keys, "GLBJMC": "cover", "ZGBMDM": department, "ZGBMMC": f"Board {department}",
            "SZDYWGBSM": COMMUNITY + "001", "GLBJZT": "intact", "CSRQ": "20200101",
        },
        geometry=list(points), crs="EPSG:4326",
    )  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A quarter of Auckland: what is loaded into it, and what the test knows of it by itself."""
    clock, place = Hands("2024-03-05T09:00+13:00"), tmp_path_factory.mktemp("city") / "city"
    stcloud.create(place, crs=CRS, zone=ZONE, calendar="NZ").close()
    books = {"clock": clock, "place": place, "city": stcloud.open(place, clock=clock)}
    city, centre = books["city"], middle()
    boxes = [
        shapely.box(centre.x + 100 * col - 350, centre.y + 100 * row - 350, centre.x + 100 * col - 250,
                    centre.y + 100 * row - 250)
        for row in range(7) for col in range(7)
    ]  # fmt: skip
    codes = [f"{COMMUNITY}{number:03}" for number in range(1, 50)]
    cells = geopandas.GeoDataFrame({"gridCode": codes, "responsibleParty": "parks"}, geometry=boxes, crs=CRS)
    city.load(
        "cells", cells, definition=stcloud.Definition.from_toml(CELLS, name="cells"), valid_from="2024-01-01"
    )
    whole = geopandas.GeoDataFrame(
        {"code": [COMMUNITY], "name": ["Ponsonby"], "street_name": ["Waitemata"]},
        geometry=[shapely.union_all(boxes)], crs=CRS,
    ).to_crs("EPSG:4326")  # fmt: skip
    city.load("quarters", whole, definition="communities", valid_from="2024-01-01")
    duties = pd.DataFrame({"duty": "D1", "unit": codes, "collector": "Aroha"})
    city.load("patrols", duties, definition="duty-grids", valid_from="2024-01-01")
    points, books["component_m"] = scattered(300, 1)
    books["keys"] = [f"110101{'01002' if number % 2 else '01001'}{number:06}" for number in range(300)]
    for since, count in (("2024-01-01", 300), ("2024-03-01", 150)):
        frame = component_frame(books["keys"][:count], points[:count], "11")
        city.load("covers", frame, definition="components", valid_from=since)
    points, books["hydrant_m"] = scattered(40, 2, 1000)
    hydrants = geopandas.GeoDataFrame({"id": [f"H{n:02}" for n in range(40)]}, geometry=points)
    city.load("hydrants", hydrants, key="id", valid_from="2024-01-01", datum="wgs84")
    points, books["event_m"] = scattered(300, 3)
    chance = np.random.default_rng(4)
    begin = pd.Timestamp("2024-02-20")
    books["events"] = pd.DataFrame({
        "id": [f"E{n:03}" for n in range(300)],
        "at": [(begin + pd.Timedelta(minutes=int(n))).isoformat() for n in chance.integers(0, 30_000, 300)],
        "lon": points.x, "lat": points.y, "class": [("06012", "06013")[n] for n in chance.integers(0, 2, 300)],
    })  # fmt: skip
    city.load("requests", books["events"], definition=stcloud.Definition.from_toml(REQUESTS, name="requests"))
    books["cases"] = open_log(city, clock)
    clock.pass_hours(24 * 7)
    yield books
    city.close()


def open_log(city, clock):
    """Report cases about the place, some filed, dispatched or rejected; return how far each is."""
    points, metres = scattered(30, 6, 400)
    with city.cases("desk", create="urban-management") as cases:
        cases.add_rule("conditions", CONDITIONS.replace("work_hour,4", "work_hour,9"))
        for number, point in enumerate(points):
            name = f"C{number:02}"
            fields = {"source": "collector", "kind": "component", "class": "01002"}
            cases.open(number=name, at=(point.x, point.y), actor="c", role="collector", fields=fields)
            clock.pass_hours(0.5)
            if number % 3 == 0:
                limit = {"condition": "rocks"}
                cases.act(name, "file", actor="o", role="operator", fields=limit)
            if number % 6 == 0:
                cases.act(name, "dispatch", actor="d", role="dispatcher", fields={"department": "water"})
            if number % 3 == 1:
                cases.act(name, "reject", actor="o", role="operator", fields={"reason": "no"})
    return metres


@pytest.fixture(scope="module")
def city(books):
    return books["city"]


@pytest.mark.parametrize("radius_m", [40, 200, 500])
@pytest.mark.parametrize("at", ["2023-12-31T23:59", "2024-02-29T23:59", "2024-03-01T00:00"])
def test_components_are_those_of_a_plain_search_at_the_instant(books, city, at, radius_m):
    part = city.situation(PLACE, at=at, radius_m=radius_m, limit=1000).basic["components"]
    count = 0 if at < "2024" else 300 if at < "2024-03" else 150
    wanted = {
        key: round(metres, 1)
        for key, metres in zip(books["keys"][:count], books["component_m"], strict=False)
        if metres <= radius_m
    }
    assert {record["id"]: record["distance_m"] for record in part.records} == pytest.approx(wanted, abs=0.11)
    for record in part.records:
        assert record["class"] == (
            "Sewage manhole cover" if "01002" in record["id"][6:11] else "Water-supply manhole cover"
        )
        assert (record["department"], record["department_name"]) == ("11", "Board 11")


@pytest.mark.parametrize(("at", "days"), [(MARCH, 7), (MARCH, 0.5), ("2024-02-25T03:00", 2)])
def test_events_are_those_of_a_plain_search_in_the_days_before(books, city, at, days):
    part = city.situation(PLACE, at=at, radius_m=300, days=days, limit=1000).decision["events"]
    events, until = books["events"], pd.Timestamp(at)
    instants = pd.to_datetime(events["at"])
    recent = (instants <= until) & (instants >= until - pd.Timedelta(days=days)) & (books["event_m"] <= 300)
    assert {record["key"] for record in part.records} == set(events["id"][recent])
    assert all(record["what"].endswith(f"({record['values']['class']})") for record in part.records)


def test_cases_are_the_open_ones_with_the_clocks_that_the_log_gives(books, city):
    with city.cases("desk") as cases:
        for at in ("2024-03-05T16:00", "2024-03-06T08:00", MARCH):
            part = city.situation(PLACE, at=at, radius_m=250).decision["cases"]
            ended = ("rejected",)
            states = {state.case: state for state in cases.states(at=at)}
            wanted = {
                number
                for number, state in states.items()
                if state.state not in ended and books["cases"][int(number[1:])] <= 250
            }
            assert {record["number"] for record in part.records} == wanted
            for record in part.records:
                whole = next(
                    (clock for clock in cases.clocks(record["number"], at=at) if clock.stage is None), None
                )
                clock = (
                    (None, None, False) if whole is None else (whole.deadline_us, whole.left, whole.overdue)
                )
                due = clock[0] and cases.zone.iso(clock[0])
                assert (record["due"], record["left"], record["overdue"]) == (due, *clock[1:])
    assert any(record["overdue"] for record in part.records)
    assert any(record["stage_overdue"] for record in part.records)


def test_repeats_are_reports_of_one_class_near_each_other(city):
    decision = city.situation(PLACE, at=MARCH, radius_m=600, days=30, limit=1000).decision
    part = decision["repeats"]
    assert {record["in"] for record in part.records} == {"desk", "requests"}
    scores = [record["score"] for record in part.records]
    assert scores == sorted(scores, reverse=True)
    classes = {record["key"]: record["values"]["class"] for record in decision["events"].records}
    for record in part.records:
        if record["in"] == "requests":
            assert classes[record["first"]] == classes[record["second"]]


@pytest.mark.parametrize("radius_m", [50, 400])
def test_the_nearest_resources_are_those_of_a_plain_search(books, city, radius_m):
    part = city.situation(PLACE, radius_m=radius_m, nearest="hydrants").management["nearest"]
    order = np.argsort(books["hydrant_m"])[:3]
    assert [record["key"] for record in part.records] == [f"H{at:02}" for at in order]
    assert [record["distance_m"] for record in part.records] == pytest.approx(
        books["hydrant_m"][order], abs=0.11
    )


def test_the_cell_and_its_people_are_named(city):
    shown = city.situation(PLACE)
    places = {record["what"]: record for record in shown.basic["place"].records}
    assert places["cell"]["code"] == COMMUNITY + "025"
    assert (places["community"]["code"], places["community"]["name"]) == (COMMUNITY, "Ponsonby")
    assert (places["street"]["code"], places["street"]["name"]) == (COMMUNITY[:9], "Waitemata")
    assert (places["district"]["code"], places["district"]["source"]) == (COMMUNITY[:6], "its code")
    assert [record["who"] for record in shown.basic["people"].records] == ["parks", "D1"]
    assert shown.management["duty grids"].records[0]["collector"] == "Aroha"
    departments = {(record["what"], record["who"]) for record in shown.management["departments"].records}
    assert departments == {("handling", "water"), ("supervising", "11"), ("responsible", "parks")}
    assert [part.reasons != () for part in shown.monitoring.parts] == [True, True]


def test_a_pinned_situation_never_changes(tmp_path, books):
    shutil.copytree(books["place"], tmp_path / "city")
    clock = Hands("2024-03-20T09:00+13:00")
    with stcloud.open(tmp_path / "city", clock=clock) as city:
        before = city.situation(PLACE, at=MARCH, nearest=["hydrants"], limit=1000)
        clock.pass_hours(1)
        points, _ = scattered(50, 9)
        frame = component_frame([f"11010101001{n:06}" for n in range(900, 950)], points, "12")
        city.load("covers", frame, definition="components", valid_from="2024-01-15", mode="changes")
        city.load("requests", books["events"].assign(**{"class": "06013"}))
        city.load(
            "patrols", pd.DataFrame({"duty": ["D2"], "unit": [COMMUNITY + "025"]}), valid_from="2024-01-01"
        )
        with city.cases("desk") as cases:
            cases.add_rule("conditions", CONDITIONS.replace("water", "parks"))
            for record in before.decision["cases"].records[:4]:
                far = {"lon": PLACE[0] + 0.1, "lat": PLACE[1]}
                cases.act(
                    record["number"], "amend", actor="o", role="operator", fields=far, happened="2024-03-09"
                )
        clock.pass_hours(1)
        again = city.situation(PLACE, before.at, before.known_at, nearest=["hydrants"], limit=1000)
        now = city.situation(PLACE, at=MARCH, nearest=["hydrants"], limit=1000)
    assert again.to_json() == before.to_json()
    for group, part in (
        ("basic", "components"),
        ("basic", "people"),
        ("decision", "cases"),
        ("decision", "events"),
    ):
        assert now[group][part] != before[group][part], part


def columns(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def test_a_situation_shows_itself_and_is_whole_as_json(city):
    shown = city.situation(PLACE, at=MARCH, radius_m=300, limit=5, nearest="hydrants")
    document = json.loads(shown.to_json())
    assert [*document][-4:] == [*GROUPS]
    components = document["basic"]["components"]
    whole = city.situation(PLACE, at=MARCH, radius_m=300, limit=1000).basic["components"]
    assert len(components["records"]) == 5
    assert components["more"] == len(whole.records) - 5
    assert max(map(columns, repr(shown).splitlines())) <= 80
    for group in GROUPS:
        assert group.upper() in repr(shown).splitlines()
        assert f"{group}: " in shown._repr_html_()
    places = json.loads(shown.to_geojson())["features"]
    assert places[0]["geometry"]["coordinates"] == [*PLACE]
    parts = {feature["properties"]["part"] for feature in places}
    assert parts == {"point", "components", "features", "cases", "events", "nearest"}


def test_a_city_without_layers_and_logs_says_what_it_does_not_know(tmp_path):
    stcloud.create(tmp_path / "city", crs=CRS, zone=ZONE).close()
    with stcloud.open(tmp_path / "city") as city:
        shown = city.situation(shapely.Point(*PLACE))
    silent = [
        f"{group.name}: {part.name}"
        for group in shown.groups for part in group.parts
        if part.records or not part.reasons
    ]  # fmt: skip
    assert silent == ["basic: features", "decision: repeats", "management: departments"]


def test_a_log_that_cannot_be_reached_is_named_and_the_rest_is_answered(tmp_path, books):
    shutil.copytree(books["place"], tmp_path / "city")
    (tmp_path / "city" / "cases" / "far.toml").write_text(
        'address = "postgresql://nobody@127.0.0.1:9/none"\n'
    )
    with stcloud.open(tmp_path / "city", clock=Hands("2024-03-20T09:00+13:00")) as city:
        part = city.situation(PLACE, at=MARCH, radius_m=250).decision["cases"]
    assert part.records
    (reason,) = part.reasons
    assert reason.startswith("log far: ")


def test_layers_play_the_parts_that_are_stated(city):
    shown = city.situation(PLACE, at=MARCH, layers={"components": "hydrants", "events": [], "duty-grids": ()})
    assert {record["layer"] for record in shown.basic["components"].records} <= {"hydrants"}
    assert shown.decision["events"].records == ()
    assert "covers" not in {record["layer"] for record in shown.basic["features"].records}
    assert shown.management["duty grids"].reasons == ("the city has no layer of duty-grids",)


def test_a_published_log_is_not_counted_as_events_again(tmp_path, books):
    shutil.copytree(books["place"], tmp_path / "city")
    with stcloud.open(tmp_path / "city", clock=Hands("2024-03-20T09:00+13:00")) as city:
        with city.cases("desk") as cases:
            cases.publish()
        shown = city.situation(PLACE, radius_m=400, days=60, limit=1000)
    assert {record["layer"] for record in shown.decision["events"].records} == {"requests"}


@pytest.mark.parametrize(
    ("keywords", "kind"),
    [
        ({"radius_m": 0}, "bad-radius"), ({"radius_m": 9000}, "bad-radius"), ({"limit": 0}, "bad-limit"),
        ({"days": -1}, "bad-reach"), ({"known_at": "2033-01-01"}, "future-instant"), ({"logs": "no"}, "no-records"),
        ({"layers": {"parts": "x"}}, "unknown-role"), ({"nearest": "requests"}, "not-features"),
        ({"nearest": "nothing"}, "unknown-layer"), ({"point": (200, 0)}, "not-a-place"),
        ({"point": None}, "not-a-place"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(city, keywords, kind):
    with pytest.raises((InvalidInput, NotFound)) as refused:
        city.situation(**{"point": PLACE, **keywords})
    assert refused.value.kind == kind
