"""A city's logs of cases: what is published is the log without persons, and what is no log is refused."""

import json
import os
import shutil

import pytest

import stcloud
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StcloudError
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import Find
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.published import PublishedCases
from stcloud.paas.case.submitted import Submission
from stcloud.testing.hands import Hands

PHONE, NAME, STORY = "13912345678", "王小明", "井盖破损，老人绊倒"
PRIVATE = {"phone": PHONE, "reporter": NAME, "opinion": STORY}


@pytest.fixture
def clock():
    return Hands("2024-03-07T09:00+08:00")


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN").close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        yield opened


@pytest.fixture
def cases(city):
    with city.cases("desk", create="urban-management") as opened:
        yield opened


def go(cases, clock, number, *steps, **stated):
    """Do actions an hour after each other, as whoever may."""
    roles = {
        "dispatch": "dispatcher", "assign": "department", "handle": "handler", "feed_back": "department",
        "check": "collector", "force_close": "shift_leader", "suspend": "dispatcher",
    }  # fmt: skip
    fields = {
        "dispatch": {"department": "roads"}, "assign": {"handler": "h1"}, "check": {"check": "pass"},
        "file": {"class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": "4"},
        "reopen": {"reason": "again"}, "force_close": {"reason": "leader"}, "rework": {"reason": "bad"},
        "correct": {"reason": "clock"}, "suspend": {"reason": "rain"},
    }  # fmt: skip
    for step in steps:
        clock.pass_hours(1)
        role = roles.get(step, "operator")
        department = "roads" if role in ("department", "handler") else None
        cases.act(
            number, step, actor=role, role=role, department=department, fields=fields.get(step, {}) | stated
        )


def opened(cases, clock, number, **keywords):
    clock.pass_hours(1)
    return cases.open(
        number=number, actor="c07", role="collector", fields={"source": "collector"}, at=(117.1, 31.9), **keywords
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "hint"), [((31.9, 87.1), "give a place in the city"), ((7.6, 51.9), "give a place in the city")]
)
def test_a_place_that_is_not_in_reach_of_the_city_is_refused(cases, clock, city, at, hint):
    opened(cases, clock, "A")
    who = {"actor": "c07", "role": "collector"}
    for ask in (
        lambda: cases.open(number="B", fields={"source": "collector"}, at=at, **who),
        lambda: cases.act("A", "verify", at=at, **who),
        lambda: cases.responsible(at, "01001"),
        lambda: city.situation(at),
    ):
        with pytest.raises(InvalidInput) as refused:
            ask()
        assert (refused.value.kind, refused.value.hint[: len(hint)]) == ("not-a-place", hint)
    assert [action.name for action in cases.actions("A")] == ["report"]


def test_a_place_with_latitude_first_is_told_in_the_right_order(tmp_path):
    with (
        stcloud.create(tmp_path / "york", crs="EPSG:32618", zone="America/New_York", calendar="US") as york,
        york.cases("desk", create="urban-management") as cases,
        pytest.raises(InvalidInput) as refused,
    ):
        cases.open(actor="c07", role="collector", fields={"source": "collector"}, at=(40.75, -73.98))
    assert (refused.value.kind, refused.value.hint) == ("not-a-place", "give lon first: -73.98,40.75")


TO_CHECK = ("file", "dispatch", "assign", "handle", "feed_back", "check")


def rows_of(city, layer, known_at):
    frame = city.query(layer).known_at(known_at).to_pandas()
    return {row["st_key"]: row for row in frame.to_dict("records")}


def same(left, right):
    if hasattr(left, "timestamp"):
        return left == right
    missing = [value is None or value != value or str(value) == "NaT" for value in (left, right)]
    return all(missing) or left == right


def test_the_published_layer_is_the_log_at_the_instant_of_each_of_its_batches(city, cases, clock):
    expected = {}

    def publish():
        reckoning = cases.publish()
        known_us = cases.pin()
        published = PublishedCases(CaseRules(cases.rules()), "desk")
        batches = published.rows_of(cases.states(known_at=known_us), known_us)
        expected[reckoning.recorded_at_us] = {
            row["number"]: row for batch in batches for row in batch.to_pylist()
        }

    opened(cases, clock, "A")
    opened(cases, clock, "B")
    publish()
    go(cases, clock, "A", *TO_CHECK, "close")
    go(cases, clock, "B", "file", "dispatch", "assign")
    until = cases.zone.iso(clock.now_us + 40 * 3_600_000_000)
    go(cases, clock, "B", "suspend", until=until)
    publish()
    go(cases, clock, "A", "reopen")
    go(cases, clock, "B", "correct", corrects="1", corrected="2024-03-06T23:30+08:00")
    opened(cases, clock, "C")
    publish()
    clock.pass_hours(50)  # B resumes by itself
    publish()
    go(cases, clock, "A", "force_close")
    publish()
    assert len(expected) == 5
    for known_at, rows in expected.items():
        published = rows_of(city, "desk-cases", known_at)
        assert published.keys() == rows.keys()
        for number, row in rows.items():
            for name, value in row.items():
                if name not in ("number", "opened_at", "lon", "lat"):
                    assert same(value, published[number][name]), (known_at, number, name)
            assert published[number]["st_time"] == row["opened_at"]
    last = expected[max(expected)]
    assert (last["B"]["state"], last["A"]["state"], last["A"]["reopenings"]) == (
        "handling",
        "forced_close",
        1,
    )


def test_a_log_with_a_newer_workflow_is_published_into_the_same_layer(city, cases, clock):
    opened(cases, clock, "A")
    first = cases.publish()
    text = bundled_text("layers", "workflows", "urban-management.toml").replace(
        "version = 1", "version = 2", 1
    )
    text = text.replace(
        "closed = {", 'archived = { title = "archived", stage = "end", terminal = true }\nclosed = {', 1
    )
    text += '\n[[transitions]]\naction = "archive"\ntitle = "Archive"\nfrom = ["closed"]\nto = "archived"\nroles = ["operator"]\nafter_end = true\n'  # noqa: E501
    cases.add_rule("workflow", text)
    opened(cases, clock, "B")
    go(cases, clock, "B", *TO_CHECK, "close", "archive")
    second = cases.publish()
    assert [*rows_of(city, "desk-cases", first.recorded_at_us)] == ["A"]
    rows = rows_of(city, "desk-cases", second.recorded_at_us)
    assert rows["B"]["state"] == "archived"
    assert rows["B"]["archived_at"] == rows["B"]["ended_at"]
    assert cases.state("A").workflow == "urban-management/1"
    assert cases.state("B").workflow == "urban-management/2"


def test_persons_and_texts_are_in_no_byte_but_of_their_table(city, cases, clock, tmp_path):
    opened(cases, clock, "A", private=PRIVATE, person="p1")
    go(cases, clock, "A", *TO_CHECK)
    cases.publish()
    cases.find(Find(text="井盖"))
    shown = repr(
        [cases.state("A"), cases.actions("A"), cases.clocks("A"), cases.find(), cases.outbox.waiting()]
    )
    assert not [text for text in PRIVATE.values() if text in shown]
    for path in (tmp_path / "city").rglob("*"):
        if path.is_file() and "desk.sqlite" not in path.name:
            content = path.read_bytes()
            assert not [text for text in PRIVATE.values() if text.encode() in content], path
    values = {value.field: value.value for value in cases.private("A", who="lead", why="complaint")}
    assert values == PRIVATE
    assert {(reading["who"], reading["why"]) for reading in cases.readings()} == {("lead", "complaint")}


def test_erased_texts_change_no_log_no_state_no_clock_and_no_row(city, cases, clock, tmp_path):
    opened(cases, clock, "A", private=PRIVATE, person="p1")
    opened(cases, clock, "B", private={"reporter": "somebody else"}, person="p2")
    go(cases, clock, "A", *TO_CHECK, "close")
    cases.publish()
    pinned = cases.pin()

    def seen():
        return repr([
            cases.actions("A"), cases.actions("B"), [*cases.states(known_at=pinned)],
            cases.clocks(["A", "B"], at=pinned, known_at=pinned), cases.find(), cases.outbox.waiting(),
            city.query("desk-cases").to_arrow().to_pylist(),
        ])  # fmt: skip

    before = seen()
    erased = cases.erase(who="admin", why="asked to", person="p1")
    assert (erased.values, erased.wiped) == (3, True)
    assert seen() == before
    cases.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "city" / "cases").iterdir())
    assert not [text for text in PRIVATE.values() if text.encode() in content]
    assert b"somebody else" in content
    with city.cases("desk") as again:
        assert again.private("A", who="lead", why="look") == []
        assert [value.value for value in again.private("B", who="lead", why="look")] == ["somebody else"]


def test_a_retried_opening_is_no_second_case(cases, clock):
    first = opened(cases, clock, None, id="phone-1")
    again = opened(cases, clock, None, id="phone-1")
    assert first.state.case == again.state.case == "20240307-00001"
    assert (first.repeated, again.repeated) == (False, True)
    assert opened(cases, clock, None, id="phone-2").state.case == "20240307-00002"


@pytest.mark.parametrize("number", ["20240307-x", "20240307-²", "20240307-99999", "20240307-1"])
def test_numbers_that_others_gave_do_not_stop_the_count(cases, clock, number):
    opened(cases, clock, number)
    given = [opened(cases, clock, None).state.case for _ in range(5)]
    assert len({number, *given}) == 6
    assert given[0] in ("20240307-00001", "20240307-00002", "20240307-100000")


def test_a_suspension_that_has_ended_is_over_for_who_asks_now(cases, clock):
    opened(cases, clock, "A")
    go(cases, clock, "A", "file", "dispatch", "assign")
    go(cases, clock, "A", "suspend", until=cases.zone.iso(clock.now_us + 7_200_000_000))
    during = cases.pin()
    assert cases.state("A").state == "suspended"
    assert "handle" not in cases.legal("A", "handler")
    clock.pass_hours(3)
    assert cases.state("A").state == "handling"
    assert "handle" in cases.legal("A", "handler")
    assert [each.legal for each in cases.inbox("handler")[0] if "handle" in each.legal]
    assert [each.case.state for each in cases.inbox("handler")[0]] == ["handling"]
    assert cases.state("A", known_at=during).state == "suspended"
    accepted = cases.act(
        "A", "handle", actor="h1", role="handler", department="roads", private={"opinion": STORY}
    )  # fmt: skip
    assert accepted.actions[0].fields == {"opinion": "private:A/6/opinion"}


def test_cases_are_searched_by_what_they_are_now_also_after_they_resumed_by_themselves(cases, clock):
    for number in "ABCD":
        opened(cases, clock, number)
        go(cases, clock, number, "file", "dispatch", "assign")
    until = cases.zone.iso(clock.now_us + 24 * 3_600_000_000)
    for number in "ABC":
        go(cases, clock, number, "suspend", until=until)

    def listed(*states, limit=100):
        numbers, after = [], None
        while True:
            page = cases.find(Find(state=states), limit=limit, after=after)
            assert len(page.cases) <= limit
            assert all(not states or case.state in states for case in page.cases)
            numbers += [case.number for case in page.cases]
            if page.next is None:
                return numbers
            after = page.next

    assert (listed("suspended"), listed("handling")) == (["A", "B", "C"], ["D"])
    clock.pass_hours(30)
    go(cases, clock, "B", "handle")
    for limit in (1, 2, 100):
        assert listed("suspended", limit=limit) == []
        assert listed("handling", limit=limit) == ["A", "C", "D"]
        assert listed("handled", "suspended", limit=limit) == ["B"]
        assert listed(limit=limit) == ["A", "B", "C", "D"]
    assert {case.fields["stage"] for case in cases.find(Find(state=("handling",))).cases} == {"handle"}


HOSTILE = ["", " a", "a ", "a;b", "a\nb", "a\tb", "x" * 65, "a\0b", "\ud800", "a\x1b[31m", "a\u2028b"]
HARMLESS = [
    "../../etc/passwd",
    "/",
    "..",
    "' OR 1=1 --",
    '"',
    "%",
    "_",
    "🕳️",
    "井-1",
    "a/b",
    "x" * 64,
]


@pytest.mark.parametrize("number", HOSTILE)
def test_a_number_that_no_case_can_have_is_refused(cases, clock, number):
    with pytest.raises(StcloudError) as refused:
        opened(cases, clock, number)
    assert refused.value.kind in ("bad-number", "bad-value")
    assert [*cases.states()] == []


def test_strange_numbers_are_numbers_like_others(city, cases, clock):
    for number in HARMLESS:
        opened(cases, clock, number)
        go(cases, clock, number, "file")
    assert sorted(state.case for state in cases.states()) == sorted(HARMLESS)
    for number in HARMLESS:
        assert cases.state(number).seq == 2
        assert number in [each.number for each in cases.find(Find(number=number)).cases]
    cases.publish()
    assert set(city.query("desk-cases").to_pandas()["st_key"]) == set(HARMLESS)


@pytest.mark.parametrize(
    "keywords",
    [
        {"fields": ["source"]}, {"fields": {"source": ["a", {}]}}, {"fields": {"source": {"a": 1}}},
        {"fields": {"source": b"x"}}, {"fields": {"source": "a\nb"}}, {"fields": {"source": "x" * 10_000}},
        {"fields": {"source": "collector", "lon": "east"}}, {"fields": {"source": "collector", "lon": float("nan")}},
        {"fields": {"source": "collector", "urgent": "perhaps"}}, {"fields": {"source": "collector", "kind": "x"}},
        {"fields": {"source": "collector", "nonsense": 1}}, {"fields": {}}, {"private": {"phone": 123}},
        {"private": ["x"]}, {"private": {"phone": " "}}, {"private": {"source": "x"}}, {"person": 7},
        {"id": 7}, {"actor": 7}, {"role": None}, {"happened": "yesterdayish"}, {"happened": 2**70},
        {"happened": "2999-01-01"}, {"happened": True}, {"at": "117"}, {"at": (1, 2, 3)}, {"at": (400, 0)},
        {"at": (float("nan"), 0)}, {"at": 5}, {"actor": "a\0"}, {"actor": "\ud800"}, {"post": "\0"},
    ],
)  # fmt: skip
def test_values_of_wrong_types_are_one_clear_error(cases, keywords):
    given = {"actor": "c", "role": "collector", "fields": {"source": "collector"}} | keywords
    with pytest.raises(StcloudError) as refused:
        cases.open(number="A", **given)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 2_000
    assert [*cases.states()] == []


@pytest.mark.parametrize(
    "given", [{"expected": "1"}, {"expected": True}, {"at": "x"}, {"department": 5}, {"fields": 3}]
)
def test_an_action_of_wrong_types_is_one_clear_error(cases, clock, given):
    opened(cases, clock, "A")
    with pytest.raises(InvalidInput):
        cases.act("A", "order_verify", **({"actor": "o", "role": "operator"} | given))
    assert cases.state("A").seq == 1


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", "A", ".", "x" * 51, "a b", "a\n", "ü", "log.sqlite", "a'b"]
)
def test_a_name_that_leads_out_of_the_city_is_refused(city, tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidInput) as refused:
        city.cases(name, create="urban-management")
    assert refused.value.kind == "bad-name"
    with pytest.raises(StcloudError):
        city.cases(name)
    assert sorted(tmp_path.rglob("*")) == before


def truncated(path):
    path.write_bytes(path.read_bytes()[:5000])


def folder(path):
    path.unlink()
    path.mkdir()


def garbage(path):
    path.write_bytes(os.urandom(20_000))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncated, folder, garbage, empty])
def test_a_file_that_is_no_log_is_refused_in_a_line(city, cases, clock, tmp_path, damage):
    opened(cases, clock, "A")
    cases.close()
    damage(tmp_path / "city" / "cases" / "desk.sqlite")
    with pytest.raises(StcloudError) as refused, city.cases("desk") as again:
        again.state("A")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "address = 5\n", "address =", 'address = "file:///etc/passwd"\n', "\0"])
def test_an_address_file_that_says_nothing_is_refused_in_a_line(city, cases, tmp_path, text):
    (tmp_path / "city" / "cases" / "far.toml").write_text(text, encoding="utf-8")
    assert city.case_logs() == ("desk", "far")
    with pytest.raises(FormatError) as refused:
        city.cases("far")
    assert refused.value.kind == "damaged-records"


def test_logs_of_two_cities_are_apart(city, cases, clock, tmp_path):
    opened(cases, clock, "A")
    shutil.copytree(tmp_path / "city", tmp_path / "other")
    with stcloud.open(tmp_path / "other", clock=clock) as other, other.cases("desk") as others:
        opened(others, clock, "B")
        assert [state.case for state in others.states()] == ["A", "B"]
    assert [state.case for state in cases.states()] == ["A"]
    with pytest.raises(NotFound) as unknown:
        city.cases("dsk")
    assert unknown.value.kind == "no-records"
    with pytest.raises(Conflict):
        city.cases("desk", create="urban-management")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("workflow", "nonsense"), ("workflow", "= ="), ("workflow", 'id = "x"'), ("clocks", "nope"),
        ("clocks", "stages = 5\n"), ("calendar", "= ="), ("calendar", "days = 5"), ("calendar", "next"),
        ("conditions", "a,b\n1,2\n"), ("conditions", ""), ("limits", "x"), ("clocks", "office_hours = 'never'"),
    ],
)  # fmt: skip
def test_rules_that_are_none_are_refused_in_a_line(cases, kind, body):
    before = cases.rules()
    with pytest.raises(StcloudError) as refused:
        cases.add_rule(kind, body)
    assert refused.value.kind
    assert cases.rules() == before


def test_submissions_in_bulk_report_each(cases, clock):
    opened(cases, clock, "A")
    each = [
        Submission(case=case, name="order_verify", id=f"b-{case}", actor="o", role="operator")
        for case in "AB"
    ]
    done, refused = cases.act_each(each)
    assert done.state.state == "pending_verify"
    assert refused.kind == "illegal-action"
    assert json.dumps(refused.context["legal"])
