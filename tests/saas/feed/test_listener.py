"""Messages become loads, each applied once, whatever comes again and in whatever order."""

import json
import threading

import pytest

import stcloud
from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.feed.message import Message, StreamPlace
from stcloud.saas.feed import Listener
from stcloud.testing.feeds import MemoryFeed, numbered, stated

OPTIONS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


def event(name, note="x", **more):
    return {"id": name, "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9, "note": note, **more}


@pytest.fixture
def city(tmp_path):
    return stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")


def listen(city, feed, **named):
    return Listener(city, "events", feed, every_s=0, options=OPTIONS, **named).run(until_idle=True)


def notes(city, layer="events"):
    return {row["id"]: row["note"] for row in city.query(layer).to_arrow().to_pylist()}


def test_messages_become_rows_in_one_load_a_batch(city):
    feed = MemoryFeed([numbered(n, event(f"e{n}")) for n in range(1, 6)], at_once=3)
    counts = listen(city, feed)
    assert (counts.batches, counts.messages, counts.rows, counts.stored) == (2, 5, 5, 5)
    assert notes(city) == {f"e{n}": "x" for n in range(1, 6)}
    loads = city.layer("events").loads
    assert [load.accepted for load in loads] == [3, 2]
    assert all(load.source.startswith("memory#") for load in loads)
    assert len(feed.acknowledged) == 5


@pytest.mark.parametrize("made", [numbered, stated])
def test_what_comes_again_is_applied_once(city, made):
    def message(number, note):
        return made(number if made is numbered else f"m{number}", event("e", note))

    first, second = message(1, "a"), message(2, "b")
    counts = listen(city, MemoryFeed([first, second, first, second, first], at_once=1))
    assert notes(city) == {"e": "b"}
    assert (counts.stored, counts.repeated, counts.batches) == (2, 3, 5)
    counts = listen(city, MemoryFeed([first]))  # another process, later
    assert (notes(city), counts.repeated) == ({"e": "b"}, 1)


def test_a_message_that_is_overtaken_changes_nothing(city):
    listen(city, MemoryFeed([numbered(5, event("e", "new"), event("f", "new"))]))
    feed = MemoryFeed([numbered(3, event("e", "old"), event("g", "old")), numbered(6, event("f", "newer"))])
    counts = listen(city, feed)
    assert notes(city) == {"e": "new", "f": "newer", "g": "old"}
    assert (counts.overtaken, counts.stored) == (1, 2)
    assert len(feed.acknowledged) == 2


def test_a_message_that_cannot_be_read_is_quarantined_and_stops_nothing(city):
    listen(city, MemoryFeed([numbered(1, event("e"))]))
    poison = [
        Message(b'{"id": ', "application/json", id="cut"),
        Message(b"\xff\xfe", "application/json", id="bytes"),
        Message(b"%PDF", "application/pdf", id="pdf"),
        Message(b'{"id": "\\ud800"}', None, id="half"),
        Message(b"[1, 2]", None, id="numbers"),
    ]
    feed = MemoryFeed([*poison, stated("good", event("f")), stated("bad row", {"id": "g", "at": "never"})])
    counts = listen(city, feed)
    assert notes(city) == {"e": "x", "f": "x"}
    assert (counts.quarantined, counts.rejected, counts.batches) == (5, 6, 1)
    assert feed.refused == poison
    rejected = city.rejected("events").to_pylist()
    reasons = {row["value"].partition(":")[0]: row["reason"].partition(":")[0] for row in rejected}
    assert reasons.pop("never") == "unreadable-time"
    assert reasons == {
        "message cut": "unreadable-source", "message bytes": "undecodable-text", "message half": "undecodable-text",
        "message pdf": "unknown-media-type", "message numbers": "unreadable-source",
    }  # fmt: skip


def test_a_message_that_no_load_takes_is_found_among_others(city):
    listen(city, MemoryFeed([numbered(1, event("e", Note2="x"))]))
    messages = [numbered(n, event(f"e{n}")) for n in range(2, 9)]
    poison = numbered(9, event("z", nOTE2="a column that differs in case only"))
    feed = MemoryFeed([*messages[:3], poison, *messages[3:]])
    counts = listen(city, feed)
    assert set(notes(city)) == {"e", *(f"e{n}" for n in range(2, 9))}
    assert counts.quarantined == 1
    assert feed.refused == [poison]
    assert city.rejected("events").to_pylist()[0]["reason"].startswith("ambiguous-column")


def test_a_batch_of_nothing_but_poison_is_acknowledged(city):
    listen(city, MemoryFeed([numbered(1, event("e"))]))
    feed = MemoryFeed([numbered(2, {"what": "is this"})])
    counts = listen(city, feed)
    assert (counts.rejected, len(feed.acknowledged), notes(city)) == (1, 1, {"e": "x"})


def test_a_first_load_that_cannot_be_done_leaves_messages_with_the_feed(city):
    feed = MemoryFeed([numbered(1, event("e"))])
    with pytest.raises(InvalidInput) as refused:
        Listener(city, "events", feed, every_s=0).run(once=True)
    assert refused.value.kind == "definition-needed"
    assert (len(feed.waiting), feed.acknowledged, feed.is_open) == (1, [], False)


def test_a_snapshot_ends_movers_that_it_lacks(city):
    def state(second, *names):
        rows = [{"id": name, "lon": 117.2, "lat": 31.9, "note": "x"} for name in names]
        text = "id,lon,lat,note\n" + "".join(f"{r['id']},117.2,31.9,x\n" for r in rows)
        return Message(
            text.encode(), "text/csv", id=str(second), at_us=1_700_000_000_000_000 + second * 10**6
        )

    feed = MemoryFeed(
        [state(0, "a", "b"), state(20, "a"), state(10, "b", "c"), Message(b"", "text/csv", id="x")]
    )
    Listener(
        city, "movers", feed, every_s=0, snapshot=True, options={"key": "id", "lon": "lon", "lat": "lat"}
    ).run(until_idle=True)
    movers = city.features("movers")
    at = [
        sorted(row["id"] for row in movers.as_of(f"2023-11-15T06:13:{second}+08:00").to_records())
        for second in (25, 35, 45)
    ]
    assert at == [["a", "b"], ["b", "c"], ["a"]]
    assert len(feed.refused) == 1


def test_a_second_listener_is_told_in_one_line(city):
    feed = MemoryFeed([numbered(1, event("e"))])
    errors = []

    def second(_):
        with pytest.raises(Conflict) as refused:
            listen(city, MemoryFeed([]))
        errors.append(refused.value)

    listen(city, feed, on_batch=second)
    assert errors[0].kind == "another-listener"
    assert "\n" not in str(errors[0])


def test_a_listener_that_is_stopped_ends_after_the_batch_in_hand(city):
    stop = threading.Event()
    feed = MemoryFeed([numbered(n, event(f"e{n}")) for n in range(1, 4)], at_once=1)
    listener = Listener(city, "events", feed, every_s=0, options=OPTIONS, on_batch=lambda _: stop.set())
    counts = listener.run(stop)
    assert (counts.batches, len(feed.acknowledged), len(feed.waiting)) == (1, 1, 2)


def test_a_load_that_is_refused_for_a_while_is_tried_again(city, monkeypatch):
    load, refusals = type(city).load, [Conflict("locked", "held"), Conflict("locked", "held")]

    def patchy(self, *args, **named):
        if refusals:
            raise refusals.pop()
        return load(self, *args, **named)

    monkeypatch.setattr(type(city), "load", patchy)
    listen(city, MemoryFeed([numbered(1, event("e"))]), pauses_s=(0, 0))
    assert notes(city) == {"e": "x"}
    refusals += [Conflict("locked", "held")] * 3
    feed = MemoryFeed([numbered(2, event("f"))])
    with pytest.raises(Conflict):
        listen(city, feed, pauses_s=(0, 0))
    assert len(feed.waiting) == 1
    listen(city, feed)
    assert set(notes(city)) == {"e", "f"}


def test_a_layer_that_was_made_anew_has_no_message(city):
    listen(city, MemoryFeed([numbered(1, event("e"))]))
    city.delete("events")
    listen(city, MemoryFeed([numbered(1, event("e"))]))
    assert notes(city) == {"e": "x"}


def test_what_bodies_may_be(city):
    first = json.dumps(event("a"))
    feed = MemoryFeed([
        Message(first.encode(), None, id="1"),
        Message(f"{json.dumps(event('b'))}\n{json.dumps(event('c'))}\n".encode(), "application/x-ndjson", id="2"),
        Message(b"id,at,lon,lat,note\nd,2024-03-01,117.2,31.9,\xb1\xb1\n", "text/csv; charset=gb18030", id="3"),
        Message(b"[]", None, id="4"),
    ])  # fmt: skip
    counts = listen(city, feed)
    assert notes(city) == {"a": "x", "b": "x", "c": "x", "d": "北"}
    assert (counts.rows, len(feed.acknowledged)) == (4, 4)


def test_each_batch_is_put_to_the_rules_of_the_city(city, tmp_path):
    listen(city, MemoryFeed([numbered(1, event("e1"))]))
    question = {"layer": "events", "what": "note = 'smoke'"}
    rule = {"id": "smoke", "more_than": 1, "within": "1h", "from": "2024-01-01", "question": question}
    city.standing.add(rule)
    batches = []
    feed = MemoryFeed([numbered(n, event(f"e{n}", "smoke")) for n in range(2, 6)], at_once=2)
    counts = listen(city, feed, on_batch=batches.append)
    assert [batch.alerts for batch in batches] == [1, 0]
    assert batches[0].line() == "2 messages, 2 rows, 2 stored, 1 alert"
    assert counts.alerts == 1
    [alert] = city.standing.alerts().to_arrow().to_pylist()
    assert (alert["rule"], alert["rows"]) == ("smoke", 4)
    with stcloud.open(tmp_path / "city") as again:  # what was kept is where the next process begins
        assert again.standing.run().loads == 0


def test_rules_that_cannot_be_asked_do_not_block_a_feed(city):
    listen(city, MemoryFeed([numbered(1, event("e1"))]))
    city.load("alerts", [event("a")], **OPTIONS)
    city.standing.add({"id": "any", "at_least": 1, "within": "1h", "question": {"layer": "events"}})
    batches = []
    listen(city, MemoryFeed([numbered(2, event("e2"))]), on_batch=batches.append)
    assert batches[0].stored == 1
    assert batches[0].problem == "layer 'alerts' has something else than alerts"


def test_messages_of_any_kind_stop_nothing(city):
    """Half a character in an id, a stream without a name, times at the ends, encodings that are none."""
    first = numbered(1, event("first"))
    odd = [
        Message(b"[", "text/csv; charset=utf-16", id="\ud800"),
        Message(b"id,at,lon,lat\n1,2", "text/csv; charset=utf-16", place=StreamPlace("", 1), at_us=2**62),
        Message(json.dumps(event("\ud800")).encode(), "application/json", id="\0"),
        Message(b'{"id": "long", "at": ' + b"9" * 5000 + b', "lon": 1, "lat": 1}', "application/json"),
        Message(b'{"id": "deep", "at": ' + b"[" * 100_000, "application/json"),
        Message(b"id,at,lon,lat\n\x99,2024,1,1,\xff\n", "text/csv; charset=rot13"),
        Message(b"id,at,lon,lat\n\x99,2024,1,1,\xff\n", "text/csv"),
        Message(json.dumps(event("far", at="9999-12-31T23:59Z")).encode(), place=StreamPlace("t", 2**62), at_us=-1),
    ]  # fmt: skip
    feed = MemoryFeed([first, *odd, numbered(2, event("last"))], at_once=3)
    listen(city, feed)
    assert {"first", "last"} <= notes(city).keys()
    assert listen(city, MemoryFeed([numbered(3, event("after"))])).stored == 1
    assert "after" in notes(city)
