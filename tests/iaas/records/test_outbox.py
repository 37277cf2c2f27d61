"""A notice is delivered at least once, by one at a time, and given up only by decision."""

import threading

import pytest

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records import Notice, Records
from tests.iaas.records.conftest import action, batch


@pytest.fixture
def outbox(records):
    """Six notices that wait."""
    for number in range(6):
        notice = Notice(id=f"n{number}", case=f"c{number}", seq=1, target="roads", body='{"state":"file"}')
        records.append(batch(action(f"c{number}"), notices=[notice]))
    return records.outbox


def ids(notices):
    return [notice.id for notice in notices]


def test_a_notice_is_written_with_what_it_is_about(records, outbox):
    notice = Notice(id="late", case="c1", seq=1, target="roads", body="{}")
    with pytest.raises(Conflict):
        records.append(batch(action("c1", id="late"), notices=[notice]))
    assert ids(outbox.waiting()) == [f"n{number}" for number in range(6)]
    waiting = outbox.waiting()[2]
    assert (waiting.case, waiting.target, waiting.attempts) == ("c2", "roads", 0)
    assert waiting.recorded_us == records.log("c2")[0].recorded_us


def test_what_was_taken_is_not_taken_again_meanwhile(outbox):
    assert ids(outbox.take(4)) == ["n0", "n1", "n2", "n3"]
    assert ids(outbox.take(4)) == ["n4", "n5"]
    assert outbox.take(4) == []
    assert len(outbox.waiting()) == 6


def test_what_was_delivered_is_done(outbox):
    first, second = outbox.take(2)
    outbox.done(first)
    outbox.done(first)
    assert ids(outbox.waiting()) == ["n1", "n2", "n3", "n4", "n5"]
    outbox.failed(second, "no answer", again_after_us=0)
    again = outbox.take(10)
    assert ids(again)[-1] == "n1"
    assert [(notice.attempts, notice.error) for notice in again if notice.id == "n1"] == [(2, "no answer")]


def test_who_dies_leaves_a_notice_to_the_next(outbox):
    (first,) = outbox.take(1, lease_us=1)
    again = outbox.take(6)
    assert first.id in ids(again)
    outbox.failed(first, "late", again_after_us=None)  # by who lost it
    assert outbox.given_up() == []
    outbox.done(first)  # delivered nevertheless
    assert len(outbox.waiting()) == 5


def test_what_is_given_up_stays_to_be_seen(outbox):
    (first,) = outbox.take(1)
    outbox.failed(first, "x" * 1000, again_after_us=None)
    (given_up,) = outbox.given_up()
    assert (given_up.id, len(given_up.error)) == ("n0", 500)
    assert "n0" not in ids(outbox.waiting())


def test_a_notice_waits_for_its_time(outbox):
    (first,) = outbox.take(1)
    outbox.failed(first, "busy", again_after_us=3_600_000_000)
    assert ids(outbox.take(10)) == ["n1", "n2", "n3", "n4", "n5"]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"lease_us": 0}])
def test_a_lease_of_nothing_is_refused(outbox, wrong):
    with pytest.raises(InvalidInput) as refused:
        outbox.take(**wrong)
    assert refused.value.kind == "bad-lease"


def test_of_several_deliverers_each_gets_its_own(place, records, name):
    for number in range(40):
        notice = Notice(id=f"n{number:02d}", case=f"c{number}", seq=1, target="t", body="{}")
        records.append(batch(action(f"c{number}"), notices=[notice]))
    delivered, start = [], threading.Barrier(6)

    def deliver():
        with Records.open(place, name) as mine:
            start.wait()
            while notices := mine.outbox.take(3):
                delivered.extend(ids(notices))
                for notice in notices:
                    mine.outbox.done(notice)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(delivered) == [f"n{number:02d}" for number in range(40)]
    assert records.outbox.waiting() == []
