"""Instants increase in the order of commits; nothing appears at an instant that was pinned."""

import contextlib
import itertools
import random
import threading

import pytest

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records import Records
from tests.iaas.records.conftest import action, batch

NOW = 1_800_000_000_000_000


class Watch:
    """A clock that is set by hand."""

    def __init__(self):
        self.now_us = NOW

    def __call__(self):
        return self.now_us


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def watched(tmp_path, watch):
    """A log on SQLite with a clock that is set by hand."""
    with Records.create(str(tmp_path), "log", clock=watch) as records:
        yield records


def test_instants_are_the_clocks(watched, watch):
    assert watched.append(batch(action()))[0].recorded_us == NOW
    watch.now_us += 5
    assert watched.append(batch(action("A", 2), action("B")))[1].recorded_us == NOW + 6


@pytest.mark.parametrize("step_us", [0, -1, -86_400_000_000])
def test_instants_increase_when_the_clock_does_not(watched, watch, step_us, tmp_path):
    first = watched.append(batch(action()))[0].recorded_us
    watch.now_us += step_us
    assert watched.append(batch(action("A", 2)))[0].recorded_us == first + 1
    with Records.open(str(tmp_path), "log", clock=watch) as again:
        assert again.append(batch(action("A", 3)))[0].recorded_us == first + 2


def test_a_pin_lets_nothing_be_recorded_at_it(watched, watch):
    watched.append(batch(action()))
    watch.now_us += 1000
    assert watched.pin() == NOW + 1000
    assert watched.append(batch(action("A", 2)))[0].recorded_us == NOW + 1001


def test_a_pin_of_the_past_is_what_it_is(watched, watch):
    watched.append(batch(action()))
    watch.now_us += 1000
    assert watched.pin(NOW + 400) == NOW + 400
    assert watched.pin(NOW - 1) == NOW - 1
    watch.now_us = NOW
    assert watched.append(batch(action("A", 2)))[0].recorded_us == NOW + 401


def test_a_pin_after_the_clock_went_back_is_the_last_instant(watched, watch):
    last = watched.append(batch(action()))[0].recorded_us
    watch.now_us -= 10_000_000
    assert watched.pin() == last


def test_a_pin_of_the_future_is_refused(records):
    now_us = records.pin()
    with pytest.raises(InvalidInput) as refused:
        records.pin(now_us + 3_600_000_000)
    assert refused.value.kind == "future-instant"
    assert records.append(batch(action()))[0].recorded_us < now_us + 3_600_000_000


def test_twenty_writers_change_nothing_that_was_evaluated(place, records, name):
    """State and counts at an instant, taken while 20 write, are equal when all are done."""
    seen, failures, stop = {}, [], threading.Event()

    def write(number):
        draw = random.Random(number)
        try:
            with Records.open(place, name) as mine:
                for turn in itertools.count():
                    if turn >= 8 and (len(seen) > 3 or failures):
                        break
                    case = f"c{draw.randrange(6)}"
                    seq = len(mine.log(case)) + 1
                    with contextlib.suppress(Conflict):
                        mine.append(batch(action(case, seq, id=f"w{draw.random()}", name=f"step{number}")))
        except BaseException as error:
            failures.append(error)
            raise

    def evaluate():
        try:
            with Records.open(place, name) as mine:
                while not stop.is_set():
                    instant_us = mine.pin()
                    seen[instant_us] = at(mine, instant_us)
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    reader = threading.Thread(target=evaluate)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert failures == []
    assert len(seen) > 3
    assert {instant_us: at(records, instant_us) for instant_us in seen} == seen
    whole = at(records, records.pin())
    instants = [recorded for _, _, recorded in whole]
    assert len(set(instants)) == len(instants) > 20
    cases = {case for case, _, _ in whole}
    for case in cases:
        log = [(seq, recorded) for other, seq, recorded in whole if other == case]
        assert [seq for seq, _ in log] == list(range(1, len(log) + 1))
        assert [recorded for _, recorded in log] == sorted(recorded for _, recorded in log)


def at(records, instant_us):
    """Return the entries known at an instant."""
    return [
        (row["case"], row["seq"], row["recorded_us"])
        for part in records.logs(instant_us, columns=["case", "seq", "recorded_us"], rows=7)
        for row in part.to_pylist()
    ]
