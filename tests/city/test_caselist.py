"""Lists of cases are what each case is by itself, now and at any instant."""

import itertools

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.records import Find
from stcloud.testing.hands import Hands

HOUR_US = 3_600_000_000
FILE = {"class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": 4}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A log of seven cases, of which each has come one action further; the instants between."""
    folder, clock = tmp_path_factory.mktemp("list") / "city", Hands("2026-09-07T09:00+12:00")
    stcloud.create(folder, crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    with stcloud.open(folder, clock=clock) as city, city.cases("desk", create="urban-management") as cases:
        steps = [
            ("file", "operator", FILE), ("dispatch", "dispatcher", {"department": "water"}),
            ("assign", "department", {"handler": "sun"}), ("handle", "handler", {}), ("feed_back", "department", {}),
            ("check", "collector", {"check": "pass"}), ("close", "operator", {}),
        ]  # fmt: skip
        for number in range(7):
            case = cases.open(actor="wang", role="collector", at=(174.7 + number / 100, -36.85),
                              fields={"source": "collector", "kind": "component"}).state.case  # fmt: skip
            for name, role, fields in steps[:number]:
                clock.pass_hours(0.7)
                by = "checker" if name in ("check", "close") else "wang"
                cases.act(case, name, actor=by, role=role, department="water", fields=fields)
        yield cases, clock


def alone(cases, number, at=None, known_at=None):
    """Return what a case is, with its whole clock, asked for by itself."""
    clocks = cases.clocks(number, at=known_at if at is None else at, known_at=known_at)
    whole = [each for each in clocks if each.stage is None]
    return cases.state(number, at=at, known_at=known_at), (whole or [None])[0]


def test_a_list_as_of_now_has_what_each_case_has_by_itself(played):
    cases, _ = played
    pages, after = [], None
    while pages == [] or after is not None:
        listing = cases.listed(limit=3, after=after)
        pages.append(listing.entries)
        after = listing.next
    entries = [entry for page in pages for entry in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    for entry in entries:
        state, whole = alone(cases, entry.state.case, at=listing.at_us)
        assert (entry.state, entry.clock) == (state, whole)
        assert entry.place is not None
    assert {entry.state.state for entry in entries} > {"reported", "filed", "closed"} - {"closed"}


@pytest.mark.parametrize(("at", "known_at"), [
    ("2026-09-07T10:00", "2026-09-08"), (None, "2026-09-07T13:00"), ("2026-09-07T12:00", "2026-09-07T11:00"),
])  # fmt: skip
def test_a_list_of_an_instant_has_what_was_so_then(played, at, known_at):
    cases, clock = played
    clock.pass_hours(48)
    seen = {entry.state.case: entry for entry in cases.listed(at=at, known_at=known_at).entries}
    there = list(cases.states(at=at, known_at=known_at))
    assert list(seen) == [state.case for state in there]
    assert 0 < len(there) < 7
    for state in there:
        assert (seen[state.case].state, seen[state.case].clock) == alone(cases, state.case, at, known_at)
    pages = [cases.listed(at=at, known_at=known_at, limit=2)]
    while pages[-1].next is not None:
        pages.append(cases.listed(at=at, known_at=known_at, limit=2, after=pages[-1].next))
    assert list(itertools.chain(*(page.entries for page in pages))) == list(seen.values())


@pytest.mark.parametrize("what", [
    Find(state=("reported", "handling")), Find(class_code="01001"), Find(department="water"), Find(kind="matter"),
    Find(bbox=(174.715, -37.0, 174.745, -36.0)), Find(number="2026"),
])  # fmt: skip
def test_a_search_of_the_past_finds_what_a_search_of_now_does(played, what):
    cases, _ = played
    now = cases.listed(what)
    then = cases.listed(what, at=now.at_us)
    assert [entry.state.case for entry in now.entries] == [entry.state.case for entry in then.entries]


def test_an_inbox_says_what_the_role_may_do(played):
    cases, _ = played
    for role in ("operator", "department", "handler"):
        now = cases.listed(role=role)
        assert now.entries
        assert [entry.state.case for entry in now.entries] == [
            entry.state.case for entry in cases.listed(role=role, at=now.at_us).entries
        ]
        for entry in now.entries:
            assert entry.legal == cases.legal(entry.state.case, role)


def test_a_light_is_red_where_the_clock_is_overdue_and_yellow_at_a_fifth(played):
    cases, _ = played
    for state in cases.states():
        for clock in cases.clocks(state.case):
            if clock.limit is not None and clock.started_us is not None:
                counts = clock.running or clock.paused
                pressing = counts and clock.left <= clock.limit.value / 5
                expected = "red" if clock.overdue else "yellow" if pressing else "green"
                assert clock.light == expected
                assert (clock.due_in_s(clock.deadline_us - 5_000_000) == 5) is clock.running
    begun = cases.listed(Find(state=("dispatched",))).entries[0].state
    (whole,) = [each for each in cases.clocks(begun.case) if each.stage is None]
    instants = (whole.started_us, whole.deadline_us - HOUR_US // 2, whole.deadline_us + HOUR_US // 2)
    clocks = [cases.clocks(begun.case, at=at_us)[0] for at_us in instants]
    assert [clock.light for clock in clocks] == ["green", "yellow", "red"]


@pytest.mark.parametrize("asked", [
    {"role": "nobody"}, {"what": Find(state=("none",))}, {"what": Find(text="x"), "at": "2026-09-07T10:00"},
    {"what": Find(state=("filed",)), "role": "operator"}, {"what": Find(order="due"), "at": "2026-09-07T10:00"},
    {"limit": 0, "at": "2026-09-07T10:00"},
])  # fmt: skip
def test_what_cannot_be_searched_is_refused(played, asked):
    with pytest.raises(InvalidInput) as refused:
        played[0].listed(**asked)
    assert refused.value.kind == "bad-search"
