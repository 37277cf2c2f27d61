"""Until when rows are complete: what people state, what a load makes of it, what the loads of a layer say together.

The city's clock is 13 hours ahead of UTC in summer, and is set back on 7 April 2024.
"""

from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stcloud
from stcloud.daas.complete_to import CompleteTo
from stcloud.daas.completeness import completeness_of
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import InvalidInput
from stcloud.time import Zone

ZONE = Zone("Pacific/Auckland")


def us(text):
    return pd.Timestamp(text, tz=str(ZONE)).value // 1000


@pytest.mark.parametrize(
    ("stated", "end"),
    [
        ("2024-04-07", "2024-04-08"), (date(2024, 4, 7), "2024-04-08"), ("2024-04", "2024-05-01"),
        ("2024", "2025-01-01"), ("2024-Q2", "2024-07-01"), ("2024-W14", "2024-04-08"),
        ("2024-04-07T12:30", "2024-04-07T12:30"), (datetime(2024, 4, 7), "2024-04-07"),
        (pd.Timestamp("2024-04-07 05:00", tz="UTC"), "2024-04-07T17:00"), (us("2024-04-07"), "2024-04-07"),
        ("2024-04-07T12:30Z", "2024-04-08T00:30"),
    ],
)  # fmt: skip
def test_a_date_is_complete_to_its_end_and_an_instant_to_itself(stated, end):
    assert CompleteTo.read(stated, ZONE).instant_us(None, 0, ZONE) == us(end)


@pytest.mark.parametrize("stated", ["latest_day", "yesterday", "2024-13", "2024-02-30", "", "2024/2025"])
def test_what_is_no_date_and_no_rule_is_refused_with_the_rules(stated):
    with pytest.raises(InvalidInput, match="latest-month") as caught:
        CompleteTo.read(stated, ZONE)
    assert caught.value.kind == "unreadable-time"


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        ("loaded", None), ("latest", "2024-04-07T09:00"), ("latest-day", "2024-04-08"),
        ("latest-week", "2024-04-08"), ("latest-month", "2024-05-01"), ("latest-year", "2024-06-01"),
    ],
)  # fmt: skip
def test_a_rule_goes_by_the_latest_row_on_the_citys_clock_and_not_beyond_the_load(rule, end):
    at_us = CompleteTo.read(rule, ZONE).instant_us(us("2024-04-07T09:00"), us("2024-06-01"), ZONE)
    assert at_us == (None if end is None else us(end))


def test_a_day_ends_when_it_ends_in_the_city():
    """On the day when clocks are set back, 25 hours after it began."""
    rule = CompleteTo.read("latest-day", ZONE)
    assert rule.instant_us(us("2024-04-07"), us("2025-01-01"), ZONE) == us("2024-04-07") + 25 * 3_600_000_000


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["load", "load", "load", "again", "state", "undo", "purge"]), st.integers(0, 9),
        st.none() | st.integers(0, 200), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def ledger_of(drawn):
    """Return entries as a ledger has them, each at ten times its place."""
    entries, counts = [], {}
    for place, (what, choice, to_us, changes) in enumerate(drawn):
        at_us, attempt = 10 * (place + 1), str(place)
        loads = [entry for entry in entries if entry.mode == "changes"]
        given = {
            "attempt": attempt,
            "complete_to_us": to_us,
            "complete_by": None if to_us is None else "instant",
        }
        if what in ("load", "again") or not loads:
            file = f"f{choice if what == 'load' else choice % 2}"
            counts[file] = counts.get(file, 0) + 1
            name = file if counts[file] == 1 else f"{file}.{counts[file]}"
            entries.append(Reckoning(name, "l", "s", "changes", at_us, accepted=int(changes), **given))
        elif what == "purge":
            entries.append(Reckoning(f"purge-{attempt}", "l", "", "purge", at_us, purged=1))
        elif what == "state" and to_us is not None:
            source = loads[choice % len(loads)].load
            entries.append(Reckoning(f"complete-{attempt}", "l", source, "complete", at_us, **given))
        else:
            source = entries[choice % len(entries)].load
            entries.append(Reckoning(f"undo-{attempt}", "l", source, "undo", at_us, ended=int(changes)))
    return entries


def modelled(entries):
    """Return until when a layer is complete: step by step, what stands, and of each file what was stated last."""

    def stands(name):
        return not any(
            entry.mode == "undo" and entry.source == name and stands(entry.load) for entry in entries
        )

    files = {}
    for entry in entries:
        if entry.mode == "changes" and stands(entry.load):
            files[entry.load.split(".")[0]] = (
                entry.recorded_at_us if entry.complete_to_us is None else entry.complete_to_us
            )
        if entry.mode == "complete" and stands(entry.load) and stands(entry.source):
            files[entry.source.split(".")[0]] = entry.complete_to_us
    return max(files.values(), default=None)


@given(ENTRIES, st.integers(0, 130))
def test_a_layer_is_complete_to_the_latest_that_stands_of_its_files(drawn, known_us):
    entries = ledger_of(drawn)
    for limit in (None, known_us):
        there = [entry for entry in entries if limit is None or entry.recorded_at_us <= limit]
        got = completeness_of(entries, limit, newest_us=10_000)
        assert (got and got.to_us) == modelled(there)
        assert got is None or got.since_us == there[-1].recorded_at_us


@given(ENTRIES, st.integers(0, 130))
def test_loads_that_a_version_lacks_do_not_count(drawn, newest_us):
    """A version read before a load was committed says nothing of it, though the ledger has its entry by now."""
    entries = ledger_of(drawn)
    changing = [
        entry.recorded_at_us
        for entry in entries
        if entry.recorded_at_us > newest_us and (entry.accepted or entry.ended or entry.purged)
    ]
    there = [entry for entry in entries if not changing or entry.recorded_at_us < changing[0]]
    got = completeness_of(entries, None, newest_us)
    assert (got and got.to_us) == modelled(there)


FILES = {
    "spring.csv": "id,at,lon,lat\n1,2024-03-01T10:00,174.7,-36.8\n2,2024-03-30T10:00,174.7,-36.8\n",
    "april.csv": "id,at,lon,lat\n3,2024-04-07T23:30,174.7,-36.8\n",
    "empty.csv": "id,at,lon,lat\n",
}
KEYS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


@pytest.fixture
def desk(tmp_path):
    now = [us("2024-10-05T08:00")]

    def clock():
        now[0] += 60_000_000
        return now[0]

    stcloud.create(tmp_path / "town", crs="EPSG:2193", zone=str(ZONE))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    with stcloud.open(tmp_path / "town", clock=clock) as city:

        def load(name, **more):
            return city.load("calls", tmp_path / name, **(KEYS | more))

        yield city, load


def complete(city, known_us=None):
    return city.layer("calls").completeness(known_us).to_us


def test_a_load_that_states_nothing_is_complete_to_its_own_instant(desk):
    city, load = desk
    done = load("spring.csv")
    assert (done.complete_to_us, done.complete_by) == (None, None)
    assert complete(city) == done.recorded_at_us


def test_files_in_any_order_are_complete_to_the_latest(desk):
    city, load = desk
    load("april.csv", complete_to="latest-day")
    load("spring.csv", complete_to="2024-03")
    assert complete(city) == us("2024-04-08")


def test_what_was_stated_may_be_corrected_and_what_was_known_stays(desk):
    city, load = desk
    first = load("spring.csv")
    rows = city.layer("calls").rows
    corrected = load("spring.csv", complete_to="2024-08-31")
    assert (corrected.mode, corrected.source, corrected.known) == ("complete", first.load, False)
    assert complete(city) == us("2024-09-01")
    assert city.layer("calls").rows == rows
    assert complete(city, first.recorded_at_us) == first.recorded_at_us
    same = load("spring.csv", complete_to="2024-09-01T00:00")
    assert same.known
    assert same.complete_to_us == us("2024-09-01")
    assert load("spring.csv").known  # who states nothing corrects nothing
    assert complete(city) == us("2024-09-01")
    load("spring.csv", complete_to="2024-06")
    assert complete(city) == us("2024-07-01")
    load("spring.csv", complete_to="loaded")
    assert complete(city) == first.recorded_at_us
    assert complete(city, corrected.recorded_at_us) == us("2024-09-01")
    assert [finding.faults for finding in city.check()].count(0) == len(city.check())


def test_a_rule_of_a_file_that_is_not_read_again_is_refused(desk):
    city, load = desk
    load("spring.csv")
    with pytest.raises(InvalidInput, match="again=True") as caught:
        load("spring.csv", complete_to="latest-day")
    assert caught.value.kind == "rows-not-read"
    load("spring.csv", complete_to="latest-day", again=True)
    assert complete(city) == us("2024-03-31")
    assert load("spring.csv", complete_to="latest-day").known


def test_a_file_loaded_again_is_as_complete_as_it_was(desk):
    city, load = desk
    load("spring.csv", complete_to="2024-08-31")
    again = load("spring.csv", again=True)
    assert again.load.endswith(".2")
    assert again.complete_to_us == us("2024-09-01") == complete(city)
    load("spring.csv", complete_to="2024-05")
    assert load("spring.csv", again=True).complete_to_us == us("2024-06-01") == complete(city)


def test_a_load_taken_back_says_nothing_and_an_undo_taken_back_does(desk):
    city, load = desk
    load("spring.csv", complete_to="2024-03")
    second = load("april.csv", complete_to="2024-04-20")
    undone = city.undo("calls", second.load)
    assert complete(city) == us("2024-04-01")
    assert complete(city, second.recorded_at_us) == us("2024-04-21")
    city.undo("calls", undone.load)
    assert complete(city) == us("2024-04-21")


def test_a_correction_may_be_taken_back(desk):
    city, load = desk
    first = load("spring.csv", complete_to="2024-03")
    corrected = load("spring.csv", complete_to="2024-08")
    city.undo("calls", corrected.load)
    assert complete(city) == us("2024-04-01") == first.complete_to_us
    assert city.query("calls").count().to_arrow()["count"].to_pylist() == [2]


def test_it_lasts_through_a_purge_a_renaming_and_an_opening(desk, tmp_path):
    city, load = desk
    load("spring.csv", complete_to="2024-08-31")
    city.purge("calls", before="2024-03-15")
    city.rename("calls", "reports")
    city.close()
    with stcloud.open(tmp_path / "town") as opened:
        assert opened.layer("reports").completeness().to_us == us("2024-09-01")
        assert all(not finding.faults for finding in opened.check())


def test_a_definition_states_a_rule_and_a_load_something_else(desk, tmp_path):
    city, load = desk
    text = city.draft("calls", tmp_path / "spring.csv", **KEYS).definition.to_toml()
    (tmp_path / "calls.toml").write_text(f'complete_to = "latest-month"\n{text}')
    given = {"definition": tmp_path / "calls.toml"} | dict.fromkeys(KEYS)
    assert load("spring.csv", **given).complete_by == "latest-month"
    assert complete(city) == us("2024-04-01")
    load("april.csv", complete_to="latest-day")
    assert complete(city) == us("2024-04-08")
    empty = load("empty.csv")
    assert (empty.complete_by, empty.complete_to_us) == ("latest-month", None)
    assert complete(city) == us("2024-04-08")  # a file without rows says nothing


def test_a_rule_is_no_other_definition(desk, tmp_path):
    """Or every file that was loaded by it would be another load."""
    city, load = desk
    load("spring.csv")
    saved = city.layer("calls").definition
    (tmp_path / "calls.toml").write_text(f'complete_to = "latest-month"\n{saved.to_toml()}')
    given = {"definition": tmp_path / "calls.toml"} | dict.fromkeys(KEYS)
    assert load("spring.csv", **given).known
    assert load("april.csv", **given).complete_to_us == us("2024-05-01")
    with pytest.raises(InvalidInput, match="complete_to"):
        stcloud.Definition.from_toml(f'complete_to = "latest-moth"\n{saved.to_toml()}', name="calls.toml")


def test_what_is_stated_beyond_the_load_holds_and_is_noted(desk):
    city, load = desk
    done = load("spring.csv", complete_to="2024")
    assert complete(city) == us("2025-01-01")
    assert any("2025-01-01" in note for note in done.notes)


def test_a_dry_run_states_it_and_writes_nothing(desk):
    city, load = desk
    load("spring.csv")
    before = complete(city)
    assert load("april.csv", complete_to="2024-05", dry_run=True).complete_to_us == us("2024-06-01")
    assert load("spring.csv", complete_to="2024-05", dry_run=True).complete_to_us == us("2024-06-01")
    assert complete(city) == before
