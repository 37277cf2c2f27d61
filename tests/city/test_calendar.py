"""A city's own days: versions that stay, and the laws of questions and clocks, by an oracle of plain dates.

The oracle knows dates only: what the package says of a day, unless the newest list that was known says otherwise.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.city.city import City
from stcloud.errors import Conflict, FormatError, InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.store.folder import Folder
from stcloud.paas.query.spec.plan_json import read_plan, write_plan
from stcloud.testing.almanac import is_working_day
from stcloud.testing.examples import examples
from stcloud.testing.hands import Hands
from stcloud.time import Calendar, CityDays

CLOCKS = 'office_hours = "08:00-12:00,14:00-18:00"\nwork_day = "end"\nstart = "dispatch"\n'
LIMIT_DAYS = 3


@dataclass(frozen=True)
class Town:
    """A city far from UTC, the year that is asked about, and whether its package has all days of that year."""

    zone: str
    crs: str
    calendar: str
    year: int
    known: bool
    filed: str
    place: tuple[float, float]


TOWNS = {
    "Shanghai": Town("Asia/Shanghai", "EPSG:4548", "CN", 2027, False, "2027-02-04T17:00+08:00", (117.0, 31.6)),
    "Auckland": Town("Pacific/Auckland", "EPSG:2193", "NZ", 2024, True, "2024-03-28T17:00+13:00", (174.8, -36.9)),
}  # fmt: skip


@dataclass
class Made:
    """A city with two events on each day of 90 days, near its midnights, and one case; and its clock."""

    town: Town
    city: City
    cases: Any
    clock: Hands
    folder: Any
    days: list[date]


def make(town, folder):
    """Make the city; the case is filed a minute after it was reported."""
    clock = Hands(town.filed)
    stcloud.create(folder / "city", crs=town.crs, zone=town.zone, calendar=town.calendar).close()
    city = stcloud.open(folder / "city", clock=clock)
    zone, first = ZoneInfo(town.zone), date.fromisoformat(town.filed[:10]) - timedelta(days=20)
    days = [first + timedelta(days=at) for at in range(90)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]
    ends = [
        datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=zone) for day in days
    ]  # the last microsecond of the day
    frame = pd.DataFrame({"at": pd.to_datetime([*starts, *ends], utc=True)})
    frame["id"], (frame["lon"], frame["lat"]) = range(len(frame)), town.place
    city.load("calls", frame.astype({"id": str}), key="id", time="at", lon="lon", lat="lat")
    cases = city.cases("desk", create="urban-management", clocks=CLOCKS)
    who = {"actor": "li", "role": "operator"}
    cases.open(number="1", actor="c07", role="collector", fields={"source": "collector"})
    limit = {"limit_kind": "work_day", "limit_value": str(LIMIT_DAYS)}
    cases.act("1", "file", **who, fields={"class": "01001", "condition": "1", **limit})
    return Made(town, city, cases, clock, folder, days)


@pytest.fixture(scope="module", params=TOWNS)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    made = make(TOWNS[request.param], folder)
    yield made
    made.cases.close()
    made.city.close()


def lists():
    """Draw lists of days that are switched, as days after the first, and whether the year is published in full."""
    switched = st.dictionaries(st.integers(15, 45), st.booleans(), max_size=8)
    return st.tuples(switched, st.booleans())


def publish(made, drawn):
    """Publish a list; return the instant at which it is known, and the days by date."""
    switched, full = drawn
    own = {made.days[at]: works for at, works in switched.items()}
    lines = [f'["{day}", "{"working" if works else "free"}", "notice"]' for day, works in own.items()]
    years = f"[{made.town.year}]" if full else "[]"
    path = made.folder / "days.toml"
    path.write_text(f"years = {years}\ndays = [{', '.join(lines)}]\n", encoding="utf-8")
    made.clock.pass_hours(1)
    made.city.calendar.publish(path)
    return made.clock(), own, full


def works(made, own, day):
    """Tell by plain dates whether a day is worked."""
    return own.get(day, is_working_day(day, made.town.calendar))


def due(made, own):
    """Walk to the end of the last working day that the limit has, day by day."""
    day, left = date.fromisoformat(made.town.filed[:10]), LIMIT_DAYS
    while left:
        day += timedelta(days=1)
        left -= works(made, own, day)
    closing = datetime(day.year, day.month, day.day, 18, tzinfo=ZoneInfo(made.town.zone))
    return int(closing.timestamp()) * 1_000_000


def asked(made, known_at=None):
    """Return the days of the events on working days, as they were known; None: the question is refused."""
    query = made.city.query("calls").when(f"{made.town.year}", days="working")
    query = query if known_at is None else query.known_at(known_at)
    try:
        answer = query.rows()
    except InvalidInput as refused:
        return refused.kind, None
    local = answer.to_pandas()["st_time"].dt.tz_convert(made.town.zone)
    return sorted(local.dt.date), answer.pin


def whole(made, known_at=None):
    """Return the deadline of the case as it was known, and whether it is provisional."""
    clock = next(each for each in made.cases.clocks("1", known_at=known_at) if each.stage is None)
    return clock.deadline_us, clock.provisional


@settings(max_examples=examples(60))
@given(drawn=lists())
def test_a_day_that_the_city_publishes_is_a_working_day_for_questions_and_for_clocks_alike(made, drawn):
    _, own, full = publish(made, drawn)
    days, _ = asked(made)
    if full or made.town.known:
        assert days == sorted(2 * [day for day in made.days if works(made, own, day)])
    else:
        assert days == "unknown-year"
    assert whole(made) == (due(made, own), not (full or made.town.known))


@settings(max_examples=examples(30))
@given(drawn=st.lists(lists(), min_size=2, max_size=4))
def test_a_later_calendar_changes_no_answer_as_known_before_it(made, drawn):
    answers = []
    for each in drawn:
        known_us, own, _ = publish(made, each)
        days, pin = asked(made)
        answers.append((known_us, days, pin, whole(made), own))
    for known_us, days, pin, deadline, own in answers:
        assert asked(made, known_us)[0] == days
        assert pin is None or asked(made, pin) == (days, pin)
        assert whole(made, known_us) == deadline == (due(made, own), deadline[1])


def test_before_the_city_publishes_a_year_questions_refuse_it_and_deadlines_are_provisional(tmp_path):
    made = make(TOWNS["Shanghai"], tmp_path)
    assert asked(made) == ("unknown-year", None)
    assert whole(made) == (due(made, {}), True)
    before_us = made.clock()
    publish(made, ({22: False}, True))
    assert len(asked(made)[0]) > 0
    assert not whole(made)[1]
    assert asked(made, before_us) == ("unknown-year", None)
    assert whole(made, before_us) == (due(made, {}), True)
    made.cases.close()


def test_a_log_with_a_calendar_of_its_own_does_not_heed_the_citys(tmp_path):
    made = make(TOWNS["Auckland"], tmp_path)
    tomorrow = made.days[21]
    publish(made, ({21: not works(made, {}, tomorrow)}, True))
    of_city = whole(made)
    made.clock.pass_hours(1)
    made.cases.add_rule("calendar", "days = []")
    assert whole(made) == (due(made, {}), False) != of_city
    publish(made, ({21: True, 22: True, 23: True}, True))
    assert whole(made) == (due(made, {}), False)
    made.cases.close()


def test_what_the_city_publishes_is_no_rule_of_a_log(tmp_path):
    """A case is opened by the rules that the log has, though days became known since they were recorded."""
    made = make(TOWNS["Auckland"], tmp_path)
    rules = len(made.cases.rules())
    publish(made, ({21: True}, True))
    made.clock.pass_hours(1)
    made.cases.open(number="2", actor="c07", role="collector", fields={"source": "collector"})
    assert len(made.cases.rules()) == rules
    assert made.cases.state("2").seq == 1
    made.cases.close()


def test_the_calendar_of_another_country_is_not_touched(tmp_path):
    made = make(TOWNS["Auckland"], tmp_path)
    query = made.city.query("calls").when("2024", days="working", calendar="CN")
    before = query.count()
    publish(made, (dict.fromkeys(range(15, 45), True), True))
    after = query.count()
    assert (before.to_records(), before.pin) == (after.to_records(), after.pin)
    named = made.city.query("calls").when("2024", days="working", calendar="nz").count()
    assert named.to_records() == made.city.query("calls").when("2024", days="working").count().to_records()
    assert f"city {made.city.calendar.days().digest}" in dict(named.pin.rules)["calendar"]
    made.cases.close()


def test_a_page_goes_on_with_the_days_that_the_first_one_had(tmp_path):
    made = make(TOWNS["Shanghai"], tmp_path)
    publish(made, ({}, True))
    query = made.city.query("calls").when("2027", days="working")
    rows = query.rows().to_pandas()["st_key"].tolist()
    first = query.rows(limit=50)
    publish(made, (dict.fromkeys(range(15, 45), False), True))
    rest = query.rows(after=first.next)
    assert [*first.to_pandas()["st_key"], *rest.to_pandas()["st_key"]] == rows
    assert query.count().to_records()[0]["count"] < len(rows)
    made.cases.close()


def test_a_cube_that_is_refreshed_heeds_what_was_published_since(tmp_path):
    made = make(TOWNS["Shanghai"], tmp_path)
    publish(made, ({}, True))
    query = made.city.query("calls").when("2027-02", days="working")
    former = query.cube("1km", "1D")
    publish(made, ({17: False}, True))
    assert query.cube("1km", "1D", former=former).at.tolist() == query.cube("1km", "1D").at.tolist()
    assert query.cube("1km", "1D").at.tolist() != former.at.tolist()
    made.cases.close()


def test_facts_say_which_days_of_the_city_were_known(tmp_path):
    made = make(TOWNS["Auckland"], tmp_path)
    query = made.city.query("calls").when("2024-03", days="free")
    assert "city" not in query.facts()["when"]
    publish(made, ({21: True}, False))
    assert "on free days of NZ with 1 days of the city (Pacific/Auckland)" in query.facts()["when"]
    assert "(days of the city known at 2024-03-28T18:0" in query.facts()["when"]
    made.cases.close()


def test_a_plan_means_the_days_of_the_city_and_holds_none(tmp_path):
    """Read back and resolved later it has those that are known then; a plan of former versions has none."""
    made = make(TOWNS["Auckland"], tmp_path)
    publish(made, ({21: True}, True))
    query = made.city.query("calls").when("2024-03", days="working")
    text = write_plan(query.plan(by=[]))
    assert "notice" not in text
    assert read_plan(text, query.subject) == query.plan(by=[])
    former = read_plan(text.replace(', "of_city": true', ""), query.subject)
    assert [step.of_city for step in (*query.conditions, former.conditions[-1])] == [True, False]
    made.cases.close()


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    with stcloud.open(tmp_path / "city", clock=Hands("2026-11-30T08:00+13:00")) as opened:
        yield opened


def write(tmp_path, text):
    (tmp_path / "days.toml").write_text(text, encoding="utf-8")
    return tmp_path / "days.toml"


def test_the_same_days_again_are_no_new_version(city, tmp_path):
    path = write(tmp_path, 'days = [["2027-03-01", "free", "notice 1"]]')
    assert city.calendar.publish(path) == city.calendar.publish(path) == city.calendar.days()
    assert [each.name for each in (tmp_path / "city" / "calendar").iterdir()] == ["0001.toml"]


def test_another_process_sees_what_was_published(city, tmp_path):
    assert city.calendar.days() is None
    with stcloud.open(tmp_path / "city") as other:
        other.calendar.publish(write(tmp_path, 'days = [["2027-03-01", "free", "notice 1"]]'))
    assert city.calendar.days() == CityDays.of([("2027-03-01", "free", "notice 1")])
    assert str(city.calendar.calendar()) == "NZ with 1 days of the city"


@pytest.mark.parametrize(
    ("text", "error", "kind"),
    [
        ("days = [", InvalidDefinition, "not-toml"),
        ("years = [2027]", InvalidInput, "unreadable-calendar"),
        ("days = []\nyear = [2027]", InvalidInput, "unreadable-calendar"),
        ('days = [["2027-02-30", "free", "x"]]', InvalidInput, "unreadable-day"),
        ('days = [["2027-02-01", "off", "x"]]', InvalidInput, "unknown-days"),
        (
            'days = [["2027-02-01", "free", "x"], ["2027-02-01", "free", "y"]]',
            InvalidInput,
            "calendar-day-twice",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_and_nothing_is_kept(city, tmp_path, text, error, kind):
    with pytest.raises(error) as refused:
        city.calendar.publish(write(tmp_path, text))
    assert refused.value.kind == kind
    assert city.calendar.days() is None
    assert not (tmp_path / "city" / "calendar").exists()


def test_a_city_whose_calendar_was_taken_away_goes_on_without_its_days(city, tmp_path):
    city.calendar.publish(write(tmp_path, 'days = [["2027-03-01", "free", "notice 1"]]'))
    path = tmp_path / "city" / "city.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(("digest", "calendar"))))
    with stcloud.open(tmp_path / "city") as again:
        assert again.calendar.published().over(Calendar("NZ")) == Calendar("NZ")


def test_what_cannot_be_published_is_refused(city, tmp_path, monkeypatch):
    with pytest.raises(NotFound) as refused:
        city.calendar.publish(tmp_path / "absent.toml")
    assert refused.value.kind == "unknown-source"
    with stcloud.create(tmp_path / "bare", crs="EPSG:2193", zone="Pacific/Auckland") as bare:
        assert bare.calendar.days() is None
        with pytest.raises(InvalidInput) as refused:
            bare.calendar.publish(write(tmp_path, "days = []"))
        assert refused.value.kind == "calendar-needed"
    monkeypatch.setattr(Folder, "put_text", lambda *_: False)
    with pytest.raises(Conflict) as refused:
        city.calendar.publish(write(tmp_path, "days = []"))
    assert refused.value.kind == "calendar-changed"


def test_a_list_that_was_changed_on_disk_is_damage(city, tmp_path):
    city.calendar.publish(write(tmp_path, 'days = [["2027-03-01", "free", "notice 1"]]'))
    path = tmp_path / "city" / "calendar" / "0001.toml"
    path.write_text(path.read_text().replace("03-01", "03-02"))
    with stcloud.open(tmp_path / "city") as again, pytest.raises(FormatError) as refused:
        again.calendar.days()
    assert refused.value.kind == "damaged-city"
    path.write_text("# recorded 2026-11-30T08:00:00+00:00\ndays = 3\n")
    with stcloud.open(tmp_path / "city") as again, pytest.raises(FormatError) as refused:
        again.calendar.days()
    assert refused.value.kind == "damaged-city"


def test_a_pin_of_days_that_the_city_has_not_is_refused(city, tmp_path):
    frame = pd.DataFrame({"id": ["1"], "at": ["2027-03-01"], "lon": [174.8], "lat": [-36.9]})
    city.load("calls", frame, key="id", time="at", lon="lon", lat="lat")
    city.calendar.publish(write(tmp_path, 'days = [["2027-03-01", "free", "notice 1"]]'))
    query = city.query("calls").when(days="free")
    pin = query.count().pin.text.replace(city.calendar.days().digest, "00000000")
    with pytest.raises(InvalidInput) as refused:
        query.known_at(pin).count()
    assert refused.value.kind == "days-not-kept"
