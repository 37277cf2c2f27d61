"""An outbox that is a text in a store: each notice is delivered at least once, whoever dies, and nothing else is."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.records import Notice
from stcloud.iaas.records.storedoutbox import StoredOutbox
from stcloud.iaas.store.memory import MemoryStore
from stcloud.testing.examples import examples


def notice(number, recorded_us=None):
    at_us = number + 1 if recorded_us is None else recorded_us
    return Notice(id=f"n{number}", case="c", seq=1, target="t", body="{}", recorded_us=at_us)


def ids(notices):
    return [each.id for each in notices]


def opened(store, notices, now=lambda: 1_000):
    return StoredOutbox(store, "to.json", notices, clock=now)


def test_what_was_delivered_is_done_for_who_comes_next():
    store, notices = MemoryStore("kept"), [notice(number) for number in range(6)]
    outbox = opened(store, reversed(notices))
    first, second = outbox.take(2)
    assert ids((first, second)) == ["n0", "n1"]
    assert ids(outbox.take(2)) == ["n2", "n3"]  # the others are in hand
    outbox.done(second)
    outbox.take(1)
    assert ids(opened(store, notices).waiting()) == ["n0", "n2", "n3", "n4", "n5"]
    outbox.done(first)
    outbox.done(first)
    outbox.write()
    assert json.loads(store.get("to.json")) == {"until_us": 2, "done": [], "failed": {}}
    assert ids(opened(store, notices).take()) == ["n2", "n3", "n4", "n5"]


def test_what_failed_is_tried_again_later_or_given_up():
    now = [1_000]
    store, notices = MemoryStore("kept"), [notice(number) for number in range(3)]
    outbox = opened(store, notices, lambda: now[0])
    lost, late, good = outbox.take()
    outbox.failed(lost, "no", again_after_us=None)
    outbox.failed(late, "busy", again_after_us=50)
    outbox.done(good)
    outbox.failed(good, "too late", again_after_us=0)
    outbox.write()
    for again in (outbox, opened(store, notices, lambda: now[0])):
        now[0] = 1_049
        assert again.take() == []
        assert [(each.id, each.attempts, each.error) for each in again.given_up()] == [("n0", 1, "no")]
        now[0] = 1_050
        assert [(each.id, each.attempts, each.error) for each in again.take()] == [("n1", 2, "busy")]
        assert again.take() == []
        assert ids(again.take(lease_us=1)) == []
    now[0] += 60_000_000
    assert ids(outbox.take()) == ["n1"]  # who took it has not said what became of it


def test_a_text_that_cannot_be_read_says_nothing():
    for text in (b"{", b"[]", b"\xff", b'{"failed": [1]}', b'{"until_us": "x"}'):
        store = MemoryStore("kept")
        store.put("to.json", text)
        assert ids(opened(store, [notice(1)]).take()) == ["n1"]


@settings(max_examples=examples(150))
@given(st.data())
def test_at_least_once_and_nothing_else(data):
    """Whoever dies, of two who deliver at once too: all that is recorded is delivered."""
    store, recorded, delivered = MemoryStore("kept"), [], []
    now = [1_000]
    places = [opened(store, recorded, lambda: now[0]) for _ in range(2)]
    hands = [[], []]
    for _ in range(data.draw(st.integers(1, 25))):
        who = data.draw(st.sampled_from([0, 0, 0, 1]))
        step = data.draw(
            st.sampled_from(["record", "take", "done", "done", "failed", "later", "dies", "ends"])
        )
        if step == "record":
            at_us = len(recorded) + 1
            recorded += [notice(len(recorded) + n, at_us) for n in range(data.draw(st.integers(1, 3)))]
        elif step == "take":
            hands[who] += places[who].take(data.draw(st.integers(1, 3)))
        elif step in ("dies", "ends"):
            if step == "ends":
                places[who].write()
            places[who], hands[who] = opened(store, recorded, lambda: now[0]), []
        elif hands[who]:
            taken = hands[who].pop()
            if step == "done":
                delivered.append(taken.id)
                places[who].done(taken)
            else:
                places[who].failed(taken, "no", again_after_us=0 if step == "failed" else 7)
        now[0] += 10
    for place in places:
        place.write()
    now[0] += 60_000_000
    end = opened(store, recorded, lambda: now[0])
    delivered += ids(end.take(1_000))
    assert set(delivered) == set(ids(recorded))
