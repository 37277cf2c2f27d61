"""Standing questions of a city: alerts are a function of log and rules, whatever was kept, whenever it was run."""

import json
import tomllib
from dataclasses import replace
from datetime import datetime

import geopandas
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

import stcloud
from stcloud.city import standinglayer
from stcloud.city.alertlayer import AlertLayer
from stcloud.city.city import City
from stcloud.city.keptlist import KeptList
from stcloud.daas.definition import EventDefinition
from stcloud.errors import Conflict, InvalidDefinition, InvalidInput, NotFound, StorageError
from stcloud.paas.standing.alertbook import AlertBook
from stcloud.paas.standing.alertrows import alert_rows
from stcloud.testing.examples import examples

BUSY = {
    "id": "busy", "more_than": 2, "within": "1h", "from": "2024-01-01",
    "question": {"layer": "requests", "what": "class = '06010'", "by": "unit"},
}  # fmt: skip
GATE = {
    "id": "gate", "from": "2024-01-01",
    "question": {"layer": "fixes", "where": "bbox:117.0,24.0,117.1,24.1", "by": "mover"},
}  # fmt: skip
FIXES = """
id = "fixes"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
lon = "lon"
lat = "lat"
datum = "wgs84"
"""


def requests(city, *rows, **more):
    """Load rows: id, time, class, unit."""
    frame = pd.DataFrame(rows, columns=["id", "at", "class", "unit"]).assign(lon=117.05, lat=24.05)
    return city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84", **more)


def fixes(city, *rows):
    """Load fixes: id, time, mover, inside or not."""
    frame = pd.DataFrame(rows, columns=["id", "at", "mover", "inside"])
    frame["lon"], frame["lat"] = frame.pop("inside").map({True: 117.05, False: 117.5}), 24.05
    return city.load(
        "fixes",
        frame,
        definition=EventDefinition.model_validate(tomllib.loads(FIXES)),
    )


def withdraw(city, *ids):
    return city.load("requests", pd.DataFrame({"id": ids}), mode="delete")


def alerts(city):
    """Return the alerts without the recorded instants of their own layer."""
    rows = city.query("alerts").to_arrow().to_pylist()
    return [{name: value for name, value in row.items() if not name.startswith("st_")} for row in rows]


def spans(city):
    return [
        (each["status"], each["from"].strftime("%H:%M"), each["to"] and each["to"].strftime("%H:%M"))
        for each in alerts(city)
    ]


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as opened:
        requests(opened, ("r0", "2024-03-01 00:00", "x", "u1"))
        opened.standing.add(BUSY)
        yield opened


def three(city, hour="10", unit="u1", **more):
    return requests(
        city, *((f"{hour}{unit}{n}", f"2024-03-01 {hour}:{n}0", "06010", unit) for n in range(3)), **more
    )


def test_an_alert_is_raised_goes_on_and_ends(city):
    three(city)
    assert city.standing.run().raised == 1
    assert spans(city) == [("open", "10:20", None)]
    requests(city, ("a", "2024-03-01 10:40", "06010", "u1"), ("b", "2024-03-01 10:40", "other", "u1"))
    assert city.standing.run().changed == 1
    assert spans(city) == [("open", "10:20", None)]
    requests(city, ("c", "2024-03-01 12:00", "other", "u2"))
    city.standing.run()
    assert spans(city) == [("ended", "10:20", "11:10")]


@pytest.mark.parametrize(
    ("more", "groups"),
    [
        ({}, ["u1", "u2"]),
        ({"what": "class = '06010' AND unit = 'u2'"}, ["u2"]),
        ({"what": ["class = '06010'", "unit = 'u2'"]}, ["u2"]),
        ({"where": "bbox:117.0,24.0,117.1,24.1"}, ["u1", "u2"]),
        ({"where": "bbox:118.0,24.0,118.1,24.1"}, []),
        ({"hours": "11:00-12:00"}, ["u2"]),
        ({"what": "class = '06010' OR class = 'x'"}, ["u1", "u2"]),
        ({"what": "NOT class = '06010'"}, []),
    ],
)
def test_a_rule_keeps_what_all_of_its_question_keeps(city, more, groups):
    """Whatever the index of rules finds rows by."""
    city.standing.add(BUSY | {"id": "more", "question": BUSY["question"] | more})
    three(city, hour="10", unit="u1")
    three(city, hour="11", unit="u2")
    city.standing.run()
    assert [each["group"] for each in alerts(city) if each["rule"] == "more"] == groups


def test_one_incident_one_alert(tmp_path):
    """A count that falls below the threshold for a while is no second alert."""
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        requests(city, ("r0", "2024-03-01 00:00", "x", "u1"))
        city.standing.add(BUSY | {"quiet": "2h"})
        three(city)
        three(city, hour="12")
        city.standing.run()
        assert spans(city) == [("open", "10:20", None)]


def test_nothing_is_withdrawn(city):
    """An alert whose rows are withdrawn is retracted, and stays; it goes on if its rows come back."""
    three(city)
    city.standing.run()
    known = city.query("alerts").count().pin
    withdraw(city, "10u10")
    city.standing.run()
    assert spans(city) == [("retracted", "10:20", "10:20")]
    assert city.query("alerts").known_at(known).to_arrow()["status"].to_pylist() == ["open"]
    three(city, again=True)
    city.standing.run()
    assert spans(city) == [("open", "10:20", None)]


def test_late_alerts_say_so(city):
    requests(city, ("n", "2024-03-01 18:20", "x", "u1"))
    city.standing.run()
    three(city)
    city.standing.run()
    [alert] = alerts(city)
    assert (alert["late"], alert["lateness_s"], alert["status"]) == (True, 8 * 3600, "ended")


def test_a_run_without_news_loads_nothing(city):
    three(city)
    city.standing.run()
    assert city.standing.run().recorded == ()
    assert city.standing.run(full=True).recorded == ()


def test_what_is_kept_does_not_matter(city, tmp_path):
    three(city)
    city.standing.run()
    for place in (tmp_path / "city" / "index").glob("*.standing.json"):
        place.unlink()
    with stcloud.open(tmp_path / "city") as again:
        requests(again, ("a", "2024-03-01 10:40", "06010", "u1"))
        done = again.standing.run()
        assert done.replayed == ("requests",)
        assert (done.raised, done.changed) == (0, 1)
    with stcloud.open(tmp_path / "city") as again:
        assert again.standing.run().replayed == ()
        place.write_text("{")
    with stcloud.open(tmp_path / "city") as again:
        assert again.standing.run().recorded == ()


def test_the_layer_of_alerts_is_made_right(city):
    """An alert that is undone is recorded again; one that rules do not give is taken out."""
    three(city)
    done = city.standing.run()
    before = alerts(city)
    city.undo("alerts", done.recorded[0].load)
    assert alerts(city) == []
    assert city.standing.run().replayed == ("requests",)
    assert alerts(city) == before
    false = replace(done.alerts[0], id="busy@false", group="u9")
    city.load("alerts", alert_rows([false], "EPSG:4548"))
    assert len(alerts(city)) == 2
    city.standing.run()
    assert alerts(city) == before


def test_what_another_process_changed_makes_a_replay(city, tmp_path):
    """What is kept says what it depends on: who opens the city goes on only where that is as it was."""
    three(city)
    done = city.standing.run()
    before = alerts(city)
    with stcloud.open(tmp_path / "city") as other:
        other.undo("alerts", done.recorded[0].load)
    with stcloud.open(tmp_path / "city") as again:
        assert again.standing.run().replayed == ("requests",)
        assert alerts(again) == before


@pytest.mark.parametrize(
    ("owner", "step"),
    [(AlertBook, "write"), (AlertBook, "changed"), (AlertLayer, "record"), (AlertBook, "flush")],
    ids=lambda part: getattr(part, "__name__", part),
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_run_that_failed_alerts_are_the_same(city, monkeypatch, owner, step, when):
    """Who goes on in the same process after an error takes nothing of what the failed run had begun."""
    meant = getattr(owner, step)

    def failing(*args, **named):
        if when == "after":
            meant(*args, **named)
        raise StorageError("disk-full", "no room")

    city.standing.after_load(three(city))
    more = requests(city, ("a", "2024-03-01 10:50", "06010", "u1"), ("b", "2024-03-01 10:55", "06010", "u1"))
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, failing)
        with pytest.raises(StorageError):
            city.standing.after_load(more)
    city.standing.keep()
    city.standing.after_load(requests(city, ("c", "2024-03-01 15:00", "x", "u1")))
    [alert] = alerts(city)
    assert (alert["status"], alert["rows"], alert["peak"]) == ("ended", 5, 5)
    assert city.standing.run(full=True).recorded == ()


def test_after_a_replay_that_failed_what_rules_do_not_give_is_taken_out(city, monkeypatch):
    false = replace(city.standing.after_load(three(city)).alerts[0], id="busy@false", group="u9")
    city.load("alerts", alert_rows([false], "EPSG:4548"))
    with monkeypatch.context() as patch:
        patch.setattr(AlertLayer, "record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            city.standing.run()
    city.standing.run()
    assert [alert["group"] for alert in alerts(city)] == ["u1"]


def test_after_a_kill_no_more_loads_are_taken_again_than_are_not_kept(city, tmp_path, monkeypatch):
    monkeypatch.setattr(standinglayer, "LOADS_KEPT", 3)
    city.standing.after_load(three(city))  # all loads are taken, and it is kept at once
    place, taken = tmp_path / "city" / "index" / "requests.standing.json", []
    for minute in range(40, 48):
        row = (f"m{minute}", f"2024-03-01 10:{minute}", "06010", "u1")
        done = city.standing.after_load(requests(city, row))
        assert (done.loads, done.changed) == (1, 1)
        kept = place.read_text()
        with stcloud.open(
            tmp_path / "city"
        ) as again:  # as after a kill: alerts were recorded since it was kept
            done = again.standing.run()
            assert (done.replayed, done.recorded) == ((), ())
            taken.append(done.loads)
        place.write_text(kept)
    assert taken == [1, 2, 0, 1, 2, 0, 1, 2]
    assert city.standing.run(full=True).recorded == ()
    assert alerts(city)[0]["rows"] == 11


def test_what_was_recorded_half_is_made_whole(city, tmp_path, monkeypatch):
    """Of a run that is killed between two alerts the others are recorded, and none twice."""
    city.standing.after_load(three(city))
    batch = [(f"{unit}{n}", f"2024-03-01 10:{n}0", "06010", unit) for unit in ("u2", "u3") for n in range(3)]
    half = requests(city, *batch)
    meant = AlertLayer.record
    with monkeypatch.context() as patch:
        patch.setattr(AlertLayer, "record", lambda self, changed, *_: meant(self, changed[:1]))
        patch.setattr(standinglayer.StandingLayer, "settle", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            city.standing.after_load(half)
    assert sorted(alert["group"] for alert in alerts(city)) == ["u1", "u2"]
    with stcloud.open(tmp_path / "city") as again:
        done = again.standing.run()
        assert (done.replayed, done.raised, done.changed) == ((), 1, 0)
        assert sorted(alert["group"] for alert in alerts(again)) == ["u1", "u2", "u3"]
        assert again.standing.run(full=True).recorded == ()


def test_a_load_at_the_instant_of_a_rule_comes_after_it(tmp_path):
    """A clock may stand still: recorded instants of a layer and of rules are ordered each, and may be equal."""
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as founder:
        folder = founder.parts.folder
    with City(folder, founder.configuration, clock=lambda: 1_709_300_000_000_000) as city:
        requests(city, ("r0", "2024-03-01 00:00", "x", "u1"))
        assert city.standing.add(BUSY).added_us == three(city).recorded_at_us
        city.standing.run()
        assert spans(city) == [("open", "10:20", None)]
        assert city.standing.run(full=True).recorded == ()


def test_alerts_that_are_undone_meanwhile_are_seen(city, monkeypatch):
    """What somebody else does to alerts while a run records others is not taken for what the run did."""
    first = city.standing.after_load(three(city))
    later = three(city, hour="15")
    meant = AlertLayer.record

    def overtaken(self, *args):
        city.undo("alerts", first.recorded[0].load)
        return meant(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(AlertLayer, "record", overtaken)
        city.standing.after_load(later)
    city.standing.run()
    assert sorted(spans(city)) == [("ended", "10:20", "11:00"), ("open", "15:20", None)]
    assert city.standing.run(full=True).recorded == ()


def test_an_undone_alert_is_seen_whatever_other_layers_raise(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="America/New_York") as city:
        requests(city, ("r0", "2024-03-01 00:00", "x", "u1"))
        fixes(city, ("f0", "2024-03-01 09:00", "m", False))
        city.standing.add(BUSY)
        city.standing.add(GATE)
        busy = city.standing.after_load(three(city))
        city.undo("alerts", busy.recorded[0].load)
        city.standing.after_load(fixes(city, ("f1", "2024-03-01 10:00", "m", True)))
        assert [alert["rule"] for alert in alerts(city)] == ["gate"]
        city.standing.run()
        assert sorted(alert["rule"] for alert in alerts(city)) == ["busy", "gate"]


def test_a_layer_of_alerts_that_is_made_again_has_all(city, tmp_path):
    """Without the layer all loads are taken again, once."""
    city.standing.after_load(three(city))
    city.delete("alerts")
    requests(city, ("n", "2024-03-01 18:20", "x", "u1"))
    with stcloud.open(tmp_path / "city") as again:
        again.standing.run()
        assert spans(again) == [("ended", "10:20", "11:00")]
        again.delete("alerts")
        withdraw(again, "10u10")
        assert again.standing.run().replayed == ("requests",)
        assert again.standing.run().replayed == ()
    with stcloud.open(tmp_path / "city") as again:
        assert again.standing.run().replayed == ()


def test_listeners_of_two_layers_take_no_load_again(tmp_path):
    """Alerts of other layers, which another process records, make no replay; a change of its own alerts does."""
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai").close()
    cities = [stcloud.open(tmp_path / "city") for _ in range(2)]
    loads = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}

    def hour(number):
        at = [f"2024-03-01 {number:02}:0{minute}" for minute in range(3)]
        return pd.DataFrame(
            {"id": [f"{number}.{each}" for each in range(3)], "at": at, "lon": 117.0, "lat": 24.0}
        )

    for name, each in zip("ab", cities, strict=True):
        each.load(name, hour(0), **loads)
        question = {"layer": name}
        each.standing.add(
            {"id": name, "at_least": 2, "within": "1h", "from": "2024-01-01", "question": question}
        )
    runs = [
        each.standing.after_load(each.load(name, hour(number), **loads))
        for number in (3, 6, 9)
        for name, each in zip("ab", cities, strict=True)
    ]
    assert [run.replayed for run in runs] == [("a",), ("b",), (), (), (), ()]
    assert all(run.raised + run.changed for run in runs)
    cities[1].undo("alerts", runs[4].recorded[0].load)  # of layer a
    again = [
        each.standing.after_load(each.load(name, hour(12), **loads)).replayed
        for name, each in zip("ba", reversed(cities), strict=True)
    ]
    assert again == [(), ("a",)]
    assert cities[0].standing.run(full=True).recorded == ()
    for each in cities:
        each.close()


def test_a_new_version_of_an_area_makes_a_replay(tmp_path):
    def area(city, west, east, since):
        frame = geopandas.GeoDataFrame({"id": ["port"]}, geometry=[box(west, 24.0, east, 24.1)], crs=4326)
        city.load("areas", frame, key="id", valid_from=since)

    rule = GATE | {"question": {"layer": "fixes", "where": "areas:port", "by": "mover"}}
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        area(city, 117.0, 117.1, "2024-01-01")
        fixes(city, ("f1", "2024-03-01 10:00", "m", True))
        city.standing.add(rule)
        city.standing.run()
        assert [row["status"] for row in alerts(city)] == ["open"]
    with stcloud.open(tmp_path / "city") as city:
        area(city, 117.2, 117.3, "2024-01-01")  # it was never where it was believed to be
    with stcloud.open(tmp_path / "city") as city:
        assert city.standing.run().replayed == ("fixes",)
        assert alerts(city) == []  # as if the rule had always looked at the right place


def test_after_a_load_only_its_layer_is_looked_at(city):
    assert city.standing.after_load(three(city)).raised == 1
    city.standing.keep()
    other = city.load(
        "other",
        pd.DataFrame({"id": ["a"], "at": ["2024-03-01"], "lon": [117.0], "lat": [24.0]}),
        key="id",
        time="at",
        lon="lon",
        lat="lat",
    )
    assert city.standing.after_load(other) is None


def test_a_rule_that_is_added_later_finds_late_what_was_before(city):
    three(city, unit="u7")
    requests(city, ("n", "2024-03-01 18:00", "x", "u1"))
    city.standing.add(BUSY | {"id": "again"})
    city.standing.run()
    found = {each["rule"]: (each["late"], each["status"]) for each in alerts(city)}
    assert found == {"busy": (False, "ended"), "again": (True, "ended")}


def test_a_rule_without_from_looks_at_what_comes(city):
    rule = {name: value for name, value in BUSY.items() if name != "from"}
    city.standing.add(rule | {"id": "now"})
    three(city)
    assert {alert.rule for alert in city.standing.run().alerts} == {"busy"}


def test_versions_of_a_rule_stay(city):
    three(city)
    city.standing.run()
    assert city.standing.add(BUSY).version == 1
    assert city.standing.add(BUSY | {"more_than": 1}).version == 2
    city.standing.run()
    assert [(each["version"], each["status"]) for each in alerts(city)] == [(2, "open"), (1, "ended")]
    assert city.standing.end("busy", "2024-03-01 10:30").ended_us is not None
    city.standing.run()
    assert spans(city)[0] == ("ended", "10:10", "10:30")
    before = alerts(city)
    assert city.standing.run(full=True).recorded == ()
    assert alerts(city) == before
    with pytest.raises(InvalidInput) as refused:
        city.standing.end("busy")
    assert refused.value.kind == "rule-ended"


def test_a_mover_in_an_area(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        fixes(city, ("0", "2024-03-01 09:00", "m", False))
        city.standing.add(GATE | {"quiet": "10min"})
        fixes(city, ("1", "2024-03-01 10:00", "m", True), ("2", "2024-03-01 10:01", "k", False))
        city.standing.run()
        assert spans(city) == [("open", "10:00", None)]
        fixes(city, ("3", "2024-03-01 10:05", "m", False), ("4", "2024-03-01 10:10", "m", True))
        fixes(city, ("5", "2024-03-01 10:30", "m", False))
        city.standing.run()
        assert spans(city) == [("ended", "10:00", "10:30")]
        assert city.standing.why(alerts(city)[0]["alert"]).value == 1
        refusal = city.standing.why_not("gate", "2024-03-01 10:40", "m")
        assert (refusal.holds, refusal.failed) == (False, "where bbox:117.0,24.0,117.1,24.1")
        assert city.query("alerts").count(by="cell:1km").to_records()[0]["count"] == 1


def test_why_and_why_not(city):
    three(city)
    city.standing.run()
    reason = city.standing.why(alerts(city)[0]["alert"])
    assert [row["key"] for row in reason.rows] == ["10u10", "10u11", "10u12"]
    assert (reason.value, reason.threshold, reason.version) == (3, 2, 1)
    assert city.standing.why_not("busy", "2024-03-01 10:30").holds
    refusal = city.standing.why_not("busy", "2024-03-01 10:15", "u1")
    assert (refusal.holds, refusal.value, refusal.steps[-1]) == (False, 2, ("what class = '06010'", 2))
    assert city.standing.why_not("busy", "2023-03-01").failed == "the rule's time"
    with pytest.raises(NotFound) as unknown:
        city.standing.why("no")
    assert unknown.value.kind == "unknown-alert"
    with pytest.raises(NotFound) as unknown:
        city.standing.why_not("no", "2024-03-01")
    assert unknown.value.kind == "unknown-rule"


def test_a_bad_rule_is_one_line(city, tmp_path):
    with pytest.raises(InvalidDefinition) as invalid:
        city.standing.add({"id": "x", "more_then": 2, "question": {"layer": "requests"}})
    assert "more_than" in str(invalid.value)
    with pytest.raises(NotFound):
        city.standing.add(BUSY | {"question": {"layer": "requests", "what": "klass = 1"}})
    (tmp_path / "rule.json").write_text(json.dumps(BUSY))
    assert city.standing.add(tmp_path / "rule.json").version == 1


def test_two_who_change_a_rule_at_once(city, monkeypatch):
    monkeypatch.setattr(KeptList, "append", lambda *_: False)
    with pytest.raises(Conflict) as faster:
        city.standing.add(BUSY | {"more_than": 7})
    assert faster.value.kind == "rule-changed"


def test_alerts_before_there_are_any(city):
    with pytest.raises(NotFound) as none:
        city.standing.alerts()
    assert none.value.kind == "no-alerts"


def test_another_layer_of_that_name_is_refused(city):
    city.load(
        "alerts",
        pd.DataFrame({"id": ["a"], "at": ["2024-03-01"], "lon": [117.0], "lat": [24.0]}),
        key="id",
        time="at",
        lon="lon",
        lat="lat",
    )
    three(city)
    with pytest.raises(InvalidInput) as other:
        city.standing.run()
    assert other.value.kind == "not-derived"


@pytest.mark.costly
@settings(deadline=None, max_examples=examples(30))
@given(st.data(), st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"]))
def test_replay_is_live(tmp_path_factory, data, zone):
    """Live, load by load; in batches; and at the end from the first load on: the same alerts in the same order."""
    folder = tmp_path_factory.mktemp("city") / "c"
    with stcloud.create(folder, crs="EPSG:4548", zone=zone) as city:
        requests(city, ("r0", "2024-04-06 00:00", "x", "u1"))
        city.standing.add(BUSY | {"quiet": "30min", "ends_below": 2})
        for load in range(data.draw(st.integers(1, 4))):
            hours = data.draw(
                st.lists(st.tuples(st.integers(0, 24), st.sampled_from("uv"), st.booleans()), max_size=6)
            )
            start = datetime(2024, 4, 7, 0)  # in Auckland an hour of this night comes twice
            rows = [
                (f"{load if new else 0}.{n}", f"{start + pd.Timedelta(minutes=15 * quarter)}", "06010", unit)
                for n, (quarter, unit, new) in enumerate(hours)
            ]
            if rows:
                reckoning = requests(city, *rows, again=True)
                if data.draw(st.booleans()):
                    city.standing.after_load(reckoning)
            if load and rows and data.draw(st.booleans()):
                withdraw(city, rows[0][0])
        city.standing.run()
        live = alerts(city) if "alerts" in [layer.name for layer in city.layers()] else []
        replayed = city.standing.run(full=True)
        assert replayed.recorded == ()
        assert [alert.id for alert in replayed.alerts] == [
            each["alert"]
            for each in sorted(live, key=lambda each: (each["raised_at"], each["group"], each["from"]))
        ]


@pytest.mark.costly
@settings(deadline=None, max_examples=examples(16))
@given(st.data())
def test_recorded_twice_is_recorded_once(tmp_path_factory, data):
    """Whatever was kept last, and recorded since: the loads since then are taken, with the same alerts."""
    folder = tmp_path_factory.mktemp("city") / "c"
    place, kept = folder / "index" / "requests.standing.json", {}
    city = stcloud.create(folder, crs="EPSG:4548", zone="America/New_York")
    requests(city, ("r0", "2024-11-02 00:00", "x", "u1"))
    city.standing.add(BUSY | {"quiet": "30min", "ends_below": 2})
    city.standing.run()
    count = 0
    for load in range(data.draw(st.integers(1, 5))):
        kept[count] = place.read_text()
        quarters = data.draw(
            st.lists(st.tuples(st.integers(0, 16), st.sampled_from("uv")), min_size=1, max_size=6)
        )
        start = datetime(2024, 11, 3, 2, 15)  # after the hour that comes twice
        rows = [
            (f"{load}.{n}", f"{start + pd.Timedelta(minutes=15 * quarter)}", "06010", unit)
            for n, (quarter, unit) in enumerate(quarters)
        ]
        city.standing.after_load(requests(city, *rows))
        count += 1
        if data.draw(st.booleans()):
            city.standing.after_load(withdraw(city, rows[0][0]))
            count += 1
        city.standing.keep()
        before = data.draw(st.sampled_from(sorted(kept)))
        city.close()
        place.write_text(kept[before])
        city = stcloud.open(folder)
        done = city.standing.run()
        assert (done.replayed, done.loads, done.recorded) == ((), count - before, ())
    assert city.standing.run(full=True).recorded == ()
    city.close()


AREA = {
    "id": "area", "at_least": 2, "within": "1h", "from": "2024-01-01",
    "question": {"layer": "requests", "what": "class = '06010'", "by": "in:areas"},
}  # fmt: skip


def areas(city, since, *edges):
    """Load areas side by side, which are so from an instant on: west and east of each."""
    shapes = [box(west, 24.0, east, 24.1) for west, east in edges]
    names = [f"a{n}" for n in range(len(edges))]
    city.load(
        "areas", geopandas.GeoDataFrame({"id": names}, geometry=shapes, crs=4326), key="id", valid_from=since
    )


def placed(city, *rows):
    """Load requests of one class: id, time, longitude."""
    frame = pd.DataFrame(rows, columns=["id", "at", "lon"]).assign(lat=24.05, unit="u", **{"class": "06010"})
    return city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")


@pytest.mark.thorough
@settings(deadline=None, max_examples=examples(15))
@given(st.data(), st.sampled_from(["Asia/Shanghai", "America/New_York"]))
def test_rows_are_grouped_by_the_areas_that_a_question_counts_them_in(tmp_path_factory, data, zone):
    """Areas as they were at each row's own time: an alert has as many rows as the question counts in its area."""
    folder = tmp_path_factory.mktemp("city") / "c"
    with stcloud.create(folder, crs="EPSG:4548", zone=zone) as city:
        areas(city, "2024-01-01", (117.0, 117.1), (117.1, 117.2))
        placed(city, ("r", "2024-03-01 00:00", 117.05))
        city.standing.add(AREA)
        if data.draw(st.booleans()):
            areas(city, "2024-03-01 10:30", (117.0, 117.15), (117.15, 117.2))
        for load in range(data.draw(st.integers(1, 3))):
            drawn = st.tuples(st.integers(0, 59), st.sampled_from([117.05, 117.12, 117.18, 117.9]))
            rows = [
                (f"{load}.{n}", f"2024-03-01 10:{minute:02}", lon)
                for n, (minute, lon) in enumerate(data.draw(st.lists(drawn, min_size=1, max_size=5)))
            ]
            placed(city, *rows)
            if data.draw(st.booleans()):
                city.standing.run()
        if data.draw(st.booleans()):
            areas(city, "2024-01-01", (117.0, 117.13), (117.13, 117.2))
        city.standing.run()
        counted = city.query("requests").when("2024-03-01 10").count(by="in:areas").to_records()
        expected = {each["in_areas"]: each["count"] for each in counted if each["count"] >= 2}
        expected.pop(None, None)
        known = "alerts" in [layer.name for layer in city.layers()]
        assert {each["group"]: each["peak"] for each in (alerts(city) if known else [])} == expected
        assert city.standing.run(full=True).recorded == ()


def test_a_new_version_of_the_areas_that_group_rows_makes_a_replay(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        areas(city, "2024-01-01", (117.0, 117.1), (117.1, 117.2))
        placed(city, ("r0", "2024-03-01 00:00", 117.05))
        city.standing.add(AREA)
        placed(city, ("r1", "2024-03-01 10:00", 117.05), ("r2", "2024-03-01 10:10", 117.05))
        city.standing.run()
        [alert] = alerts(city)
        assert (alert["group"], alert["peak"]) == ("a0", 2)
        assert [row["key"] for row in city.standing.why(alert["alert"]).rows] == ["r1", "r2"]
        assert city.standing.why_not("area", "2024-03-01 10:20", "a1").value == 0
        areas(city, "2024-01-01", (117.2, 117.3), (117.0, 117.2))
    with stcloud.open(tmp_path / "city") as city:
        assert city.standing.run().replayed == ("requests",)
        assert [each["group"] for each in alerts(city)] == ["a1"]


def test_a_layer_of_areas_that_is_not_there_is_refused(city):
    question = AREA["question"] | {"by": "in:nowhere"}
    with pytest.raises(NotFound) as unknown:
        city.standing.add(AREA | {"question": question})
    assert unknown.value.kind == "unknown-layer"
