"""Standing questions about cases: alerts are a function of the log, its rules and time, whenever they are run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, StcloudError
from stcloud.testing.examples import examples
from stcloud.testing.hands import Hands

LATE = {
    "id": "nearly-late",
    "left_at_most": 0.25,
    "clock": "whole",
    "from": "2024-01-01",
    "cases": {"log": "desk"},
}
FIELDS = {
    "file": {"class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": "4"},
    "dispatch": {"department": "roads"}, "assign": {"handler": "h1"}, "check": {"check": "pass"},
    "suspend": {"reason": "rain"}, "force_close": {"reason": "leader"}, "request_extension": {"reason": "r"},
    "approve_extension": {"extension_value": "2"}, "correct": {"reason": "clock"}, "reopen": {"reason": "again"},
}  # fmt: skip
ROLES = {
    "dispatch": "dispatcher", "assign": "department", "handle": "handler", "feed_back": "department",
    "check": "collector", "force_close": "shift_leader", "suspend": "dispatcher", "resume": "dispatcher",
    "request_extension": "department", "review_extension": "dispatcher", "approve_extension": "shift_leader",
}  # fmt: skip


class Town:
    """A city with a log of cases, whose clock a test moves."""

    def __init__(self, folder, zone="Asia/Shanghai", calendar="CN", start="2024-03-07T08:00+08:00"):
        self.clock, self.folder = Hands(start), folder
        stcloud.create(folder, crs="EPSG:4548", zone=zone, calendar=calendar).close()
        self.reopen()
        self.city.cases("desk", create="urban-management").close()

    def reopen(self):
        self.city = stcloud.open(self.folder, clock=self.clock)

    def report(self, number, **keywords):
        with self.city.cases("desk") as cases:
            cases.open(
                number=number, actor="c07", role="collector", fields={"source": "collector"}, at=(117.05, 24.05),
                **keywords,
            )  # fmt: skip

    def act(self, number, *names, hours=0, **stated):
        with self.city.cases("desk") as cases:
            for name in names:
                self.clock.pass_hours(hours)
                role = ROLES.get(name, "operator")
                department = "roads" if role in ("department", "handler") else None
                own = {key: stated.pop(key) for key in ("happened",) if key in stated}
                cases.act(
                    number, name, actor=role, role=role, department=department,
                    fields=FIELDS.get(name, {}) | stated, **own,
                )  # fmt: skip

    def dispatched(self, number):
        self.report(number)
        self.act(number, "file", "dispatch", "assign")

    def alerts(self):
        """Return the alerts without the recorded instants of their own layer."""
        if "alerts" not in [layer.name for layer in self.city.layers()]:
            return []
        rows = self.city.query("alerts").to_arrow().to_pylist()
        return sorted(
            ({name: value for name, value in row.items() if not name.startswith("st_")} for row in rows),
            key=lambda row: (row["raised_at"], row["alert"]),
        )

    def spans(self):
        return [
            (row["status"], *(row[name] and row[name].strftime("%dT%H:%M") for name in ("from", "to")))
            for row in self.alerts()
        ]


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path / "city")
    yield made
    made.city.close()


def test_an_alert_is_raised_when_time_passes_and_ends_with_the_case(town):
    town.city.standing.add(LATE)
    town.dispatched("A")  # at 08:00, with four work hours
    town.clock.pass_hours(2.9)
    assert town.city.standing.run().alerts == ()
    town.clock.pass_hours(5)
    done = town.city.standing.run()
    assert (done.raised, str(done)[:7]) == (1, "0 loads")
    [alert] = town.alerts()
    assert town.spans() == [("open", "07T11:00", None)]
    assert alert["raised_at"] == alert["from"]  # whenever it was run
    assert (alert["group"], alert["layer"], alert["peak"], alert["late"]) == ("A", "cases:desk", 0.25, False)
    assert (
        town.city.query("alerts").where("bbox:117.04,24.04,117.06,24.06").count().to_records()[0]["count"]
        == 1
    )
    town.act("A", "handle", "feed_back", "check", "close")
    assert town.city.standing.run().changed == 1
    assert [row["status"] for row in town.alerts()] == ["ended"]
    assert town.alerts()[0]["peak"] < 0  # it was late


def test_an_extension_ends_it_and_a_suspension_does_not(town):
    town.city.standing.add(LATE)
    town.dispatched("A")
    town.clock.pass_hours(3.5)
    town.act("A", "suspend", until="2024-03-20 10:00")
    town.clock.pass_hours(24)
    town.city.standing.run()
    assert town.spans() == [("open", "07T11:00", None)]
    town.act("A", "resume", "request_extension", "review_extension", "approve_extension")
    town.city.standing.run()
    assert [row["status"] for row in town.alerts()] == ["ended"]
    town.clock.pass_hours(48)
    town.city.standing.run()
    assert [row["status"] for row in town.alerts()] == ["ended", "open"]


def test_late_actions_give_late_alerts_and_retracted_ones(town):
    town.city.standing.add(LATE)
    town.dispatched("A")
    town.clock.pass_hours(3.5)
    town.city.standing.run()
    assert town.spans() == [("open", "07T11:00", None)]
    town.report("B", happened="2024-03-07 08:10")
    for name in ("file", "dispatch", "assign"):
        town.act("B", name, happened="2024-03-07 08:10")
    town.clock.pass_hours(0.1)
    town.city.standing.run()
    late = {row["group"]: row["late"] for row in town.alerts()}
    assert late == {"A": False, "B": True}
    town.act("B", "suspend", happened="2024-03-07 08:20", until="2024-03-20 10:00")
    town.city.standing.run()
    assert {row["group"]: row["status"] for row in town.alerts()}["B"] == "retracted"


def test_why_and_why_not(town):
    town.city.standing.add(LATE)
    town.dispatched("A")
    town.clock.pass_hours(3.5)
    town.city.standing.run()
    reason = town.city.standing.why(town.alerts()[0]["alert"])
    assert [row["action"] for row in reason.rows] == ["report", "file", "dispatch", "assign", None]
    last = reason.rows[-1]
    assert (last["limit"], round(last["used"], 5), round(last["left"], 5)) == ("4 work hours", 3, 1)
    assert (reason.value, reason.threshold, reason.version) == (0.25, 0.25, 1)
    assert town.city.standing.why_not("nearly-late", "2024-03-07 11:10").holds
    refusal = town.city.standing.why_not("nearly-late", "2024-03-07 10:00", "A")
    assert (refusal.holds, round(refusal.value, 3)) == (False, 0.5)
    assert refusal.failed == "at most 0.25 of the limit is left"
    assert town.city.standing.why_not("nearly-late", "2024-03-07 11:10", "Z").failed == "the case is opened"
    assert town.city.standing.why_not("nearly-late", "2023-03-07", "A").failed == "the rule's time"


def test_which_cases_are_looked_at_is_a_filter_of_their_facts(town):
    town.city.standing.add(LATE | {"cases": {"log": "desk", "what": "department = 'lamps'"}})
    town.city.standing.add(LATE | {"id": "roads", "cases": {"log": "desk", "what": ["department = 'roads'"]}})
    town.dispatched("A")
    town.clock.pass_hours(5)
    town.city.standing.run()
    assert [row["rule"] for row in town.alerts()] == ["roads"]
    refusal = town.city.standing.why_not("nearly-late", "2024-03-07 11:10", "A")
    assert refusal.failed == "department = 'lamps'"


def test_a_rule_that_does_not_fit_is_refused(town):
    for wrong, kind in (
        ({"clock": "hendle"}, "unknown-stage"), ({"cases": {"log": "disk"}}, "no-records"),
        ({"cases": {"log": "desk", "what": "departement = 'x'"}}, "unknown-column"),
    ):  # fmt: skip
        with pytest.raises((InvalidInput, NotFound)) as refused:
            town.city.standing.add(LATE | wrong)
        assert refused.value.kind == kind
    with pytest.raises(InvalidDefinition) as invalid:
        town.city.standing.add(LATE | {"left_at_mots": 0.1})
    assert "left_at_most" in str(invalid.value)


def test_versions_of_a_rule_stay(town):
    town.city.standing.add(LATE)
    town.dispatched("A")
    town.clock.pass_hours(3.5)
    town.city.standing.run()
    town.city.standing.add(LATE | {"left_at_most": 0.5})
    town.city.standing.run()
    assert [(row["version"], row["status"]) for row in town.alerts()] == [(1, "ended"), (2, "open")]
    town.city.standing.end("nearly-late")
    town.city.standing.run()
    assert [row["status"] for row in town.alerts()] == ["ended", "ended"]
    before = town.alerts()
    assert town.city.standing.run(full=True).recorded == ()
    assert town.alerts() == before


def test_what_is_kept_does_not_matter(town):
    town.city.standing.add(LATE)
    town.dispatched("A")
    town.dispatched("B")
    town.clock.pass_hours(3.5)
    assert town.city.standing.run().replayed == ("cases:desk",)
    town.reopen()
    town.act("A", "handle", "feed_back", "check", "close")
    assert town.city.standing.run().replayed == ()
    before = town.alerts()
    [kept] = (town.folder / "index" / "alerts").glob("*.cases.json")
    kept.write_text("{")
    town.reopen()
    assert town.city.standing.run().replayed == ("cases:desk",)
    assert town.alerts() == before
    kept.unlink()
    town.reopen()
    assert town.city.standing.run().recorded == ()


@pytest.mark.costly
@settings(deadline=None, max_examples=examples(25))
@given(st.data())
def test_replay_is_step_by_step(tmp_path_factory, data):
    """Random actions, rules, days of the city and runs: a replay gives the same alerts, in the same order."""
    places = {
        "Asia/Shanghai": ("CN", "2024-04-30T09:00+08:00"),
        "America/New_York": ("US", "2024-11-01T09:00-04:00"),
    }
    zone = data.draw(st.sampled_from(sorted(places)))
    calendar, start = places[zone]
    town = Town(tmp_path_factory.mktemp("city") / "c", zone, calendar, start)
    rule = LATE | {"clock": data.draw(st.sampled_from(["whole", "accept", "handle", "check"]))}
    names = [
        *FIELDS,
        *FIELDS,
        "handle",
        "feed_back",
        "review_extension",
        "resume",
        "run",
        "run",
        "rule",
        "end",
    ]
    with town.city:
        for case in "AB":
            town.dispatched(case)
        for name in data.draw(st.lists(st.sampled_from(names), max_size=14)):
            town.clock.pass_hours(data.draw(st.sampled_from([0.01, 1, 3, 20])))
            try:
                if name == "run":
                    town.city.standing.run()
                elif name == "rule":
                    share = data.draw(st.sampled_from([0.1, 0.5, 1.0]))
                    town.city.standing.add(rule | {"left_at_most": share})
                elif name == "end":
                    town.city.standing.end("nearly-late")
                else:
                    zone_of = town.city.configuration.zone
                    late_us = data.draw(st.sampled_from([0, 0, 2, 30])) * 3_600_000_000
                    more = {"happened": zone_of.iso(town.clock.now_us - late_us)} if late_us else {}
                    if name == "suspend":
                        more["until"] = zone_of.iso(town.clock.now_us + 36_000_000_000)
                    if name == "correct":
                        more |= {"corrects": "2", "corrected": zone_of.iso(town.clock.now_us - 9_000_000_000)}
                    town.act(data.draw(st.sampled_from("AB")), name, **more)
            except StcloudError:
                continue
        town.city.standing.run()
        live = town.alerts()
        replayed = town.city.standing.run(full=True)
        assert replayed.recorded == ()
        assert {alert.id for alert in replayed.alerts} == {row["alert"] for row in live}
