"""What is noted before a load is true once the load is in the ledger, and only then."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import Conflict, FormatError
from stcloud.iaas.feed.message import Message, StreamPlace
from stcloud.iaas.store.memory import MemoryStore
from stcloud.saas.feed import Listener
from stcloud.saas.feed.applied import Applied, Entries, hashed
from stcloud.testing.examples import examples
from stcloud.testing.feeds import MemoryFeed, numbered

OPTIONS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


def opened(store, *names, window=1000):
    applied = Applied(store, "feeds/events", window)
    applied.open(lambda: set(names))
    return applied


def entries(*messages, keys=None):
    return Entries.of(messages, keys or {})


FIRST, SECOND, NAMED = numbered(1), numbered(2), Message(b"", id="m")


def test_what_was_begun_counts_once_its_load_is_known():
    store = MemoryStore("feed")
    applied = opened(store)
    applied.begin("a", entries(FIRST, NAMED, keys={7: 1}))
    assert applied.has([FIRST, SECOND, NAMED]).tolist() == [False, False, False]
    again = opened(store, "a")
    assert again.has([FIRST, SECOND, NAMED]).tolist() == [True, False, True]
    assert again.newest([7, 8]).tolist() == [1, -1]
    lost = opened(store)
    assert lost.has([FIRST, SECOND, NAMED]).tolist() == [False, False, False]
    assert store.list("feeds") == []


def test_odd_names_of_streams_and_ids_are_remembered():
    """What a sender makes up must not make the file unreadable: nothing would be applied any more."""
    odd = [numbered(1, stream=""), numbered(1, stream="道路"), Message(b"", id=""), Message(b"", id="\ud800")]
    store = MemoryStore("feed")
    applied = opened(store)
    applied.begin("a", entries(*odd))
    again = opened(store, "a")
    assert again.has([*odd, numbered(2, stream=""), numbered(1)]).tolist() == [*[True] * 4, False, False]
    assert (
        len({hashed("s", "a\0", "b"), hashed("s", "a", "\0b"), hashed("s", "a\0b"), hashed("s\0a", "b")}) == 4
    )


def test_what_is_cancelled_leaves_nothing():
    store = MemoryStore("feed")
    applied = opened(store)
    applied.begin("a", entries(FIRST))
    applied.cancel()
    assert store.list("feeds") == []


def test_files_are_few_and_hold_all():
    store = MemoryStore("feed")
    applied, names = opened(store), set()
    for number in range(100):
        name = f"batch {number}"
        names.add(name)
        applied.begin(name, entries(numbered(number), Message(b"", id=str(number)), keys={number: number}))
        applied.finish()
        assert len(store.list("feeds")) <= 33
    again = opened(store, *names)
    assert again.has([numbered(n) for n in range(101)]).tolist() == [*[True] * 100, False]
    assert again.has([Message(b"", id=str(n)) for n in range(101)]).tolist() == [*[True] * 100, False]
    assert again.newest(range(101)).tolist() == [*range(100), -1]


def test_another_listener_is_noticed():
    store = MemoryStore("feed")
    one, other = opened(store), opened(store)
    one.begin("a", entries(FIRST))
    with pytest.raises(Conflict) as refused:
        other.begin("b", entries(SECOND))
    assert refused.value.kind == "another-listener"


def test_a_damaged_file_is_named():
    store = MemoryStore("feed")
    store.put("feeds/events/000000000001.npz", b"PK nothing")
    with pytest.raises(FormatError) as refused:
        opened(store, "a")
    assert refused.value.kind == "damaged-feed-state"


class Killed(BaseException):
    """What ends a listener at a step."""


STEPS = ("begin", "load before", "load after", "finish", "acknowledge")


class Mortal(Listener):
    """A listener that dies at a step of a batch."""

    __slots__ = ("dies",)

    def _die(self, step):
        if self.dies == step:
            raise Killed(step)

    def _patiently(self, load):
        self._die("load before")
        loaded = load()
        self._die("load after")
        return loaded


def mortal(city, feed, dies):
    listener = Mortal(city, "events", feed, every_s=0, options=OPTIONS)
    listener.dies = dies
    return listener


@st.composite
def deliveries(draw):
    """Messages of few keys, an order in which they come with repeats, sizes of batches, and where listeners die."""
    rows = st.lists(st.sampled_from("ABC"), min_size=1, max_size=3, unique=True)
    messages = draw(st.lists(rows, min_size=1, max_size=6))
    every = list(range(len(messages)))
    order = draw(st.permutations(every + draw(st.lists(st.sampled_from(every), max_size=6))))
    deaths = draw(st.lists(st.sampled_from([*STEPS, None]), max_size=3))
    return messages, order, draw(st.integers(1, 4)), deaths


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(5),
)
@given(given_=deliveries())
def test_history_is_as_if_each_message_had_been_applied_once(tmp_path_factory, monkeypatch, given_):
    """The oracle is a dictionary: the greatest place of each key counts, whatever came when and how often."""
    messages, order, at_once, deaths = given_
    made = [
        numbered(number, *({"id": key, "at": "2024-03-01", "lon": 117, "lat": 31, "n": str(number)} for key in keys))
        for number, keys in enumerate(messages, start=1)
    ]  # fmt: skip
    city = stcloud.create(tmp_path_factory.mktemp("law") / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    feed = MemoryFeed([made[at] for at in order], at_once)
    for dies in [*deaths, None]:
        with monkeypatch.context() as patch:
            for owner, name in ((Applied, "begin"), (Applied, "finish"), (MemoryFeed, "acknowledge")):
                if dies == name:
                    patch.setattr(owner, name, dying(getattr(owner, name)))
            try:
                mortal(city, feed, dies).run(until_idle=True)
            except Killed:
                feed.waiting += [made[at] for at in order[:2]]  # a broker gives again what it likes
    expected = {key: number for number, keys in enumerate(messages, start=1) for key in keys}
    rows = city.query("events").to_arrow().to_pylist()
    assert {row["id"]: int(row["n"]) for row in rows} == expected
    believed = history(city)
    for key, beliefs in believed.items():
        numbers = [number for _, _, number in beliefs]
        assert numbers == sorted(set(numbers)), (key, beliefs)  # each message once, none after a later one
        assert all(to == following for (_, to, _), (following, _, _) in itertools.pairwise(beliefs))
    assert {message.place for message in feed.acknowledged} == {message.place for message in made}


def dying(method):
    def dies(*args):
        method(*args)
        raise Killed

    return dies


def history(city):
    """Return the beliefs of each key, in recorded time: from, to, and the number of the message."""
    snapshot = city.layer("events").snapshot
    table = snapshot.read(snapshot.files)
    rows = sorted(table.to_pylist(), key=lambda row: row["st_recorded_from"])
    keys = {}
    for row in rows:
        keys.setdefault(row["id"], []).append((row["st_recorded_from"], row["st_recorded_to"], int(row["n"])))
    return keys


def test_entries_are_what_messages_are_known_by():
    made = entries(Message(b"", id="a", place=StreamPlace("s", 4)), numbered(6), Message(b""), keys={5: 1})
    assert (len(made.ids), made.keys.tolist(), made.numbers.tolist()) == (1, [5], [1])
    assert {stream: numbers.tolist() for stream, numbers in made.places.items()} == {"s": [4, 6]}
    assert made.ids.dtype == np.int64
    assert json.loads(numbered(1, {"a": 1}).body) == [{"a": 1}]
