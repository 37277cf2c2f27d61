"""The conformance suite that any store must pass: one check for each promise of the protocol.

A store conforms when, for every check of `CHECKS`, ``check(store)`` returns, given an empty store::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_store(check):
        check(MyStore())

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from stcloud.errors import InvalidInput, NotFound, StorageError
from stcloud.iaas.store.model import Children, Store
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.probe import keeps_put_if_absent
from stcloud.iaas.store.traffic import Traffic

__all__ = ["CHECKS", "ESCAPES"]

ESCAPES = (
    "", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a//b", "a/", "a\0b", "a\\..\\b", "a\nb",
    "C:\\a", "a" * 256, "/".join(["abc"] * 300), "\udc80", f"a/.b.{'0' * 32}",
)  # fmt: skip
"""Texts that are no keys: they lead out of the store, or mean different things in different stores."""
_KEYS = (
    "a",
    "b/道路.toml",
    "b/a b%20c.json",
    "b/c/d",
    "b2/e",
    "ba",
    "-1",
    ".hidden/f",
    "b/_delta_log/0.json",
)
_WRITERS = 8
_ROUNDS = 20


def bytes_come_back(store: Store) -> None:
    """Put bytes under every key, get the same back, replace them."""
    for key in _KEYS:
        store.put(key, key.encode())
    for key in _KEYS:
        assert store.get(key) == key.encode()
        assert store.exists(key)
        assert store.size(key) == len(key.encode())
    store.put("a", b"")
    assert (store.get("a"), store.size("a"), store.exists("a")) == (b"", 0, True)
    everything = bytes(range(256)) * 5000
    store.put("a", everything)
    assert store.get("a") == everything


def ranges_end_with_the_bytes(store: Store) -> None:
    """Get ranges: cut at the end, empty beyond it."""
    store.put("a", b"0123456789")
    assert store.get_range("a", 2, 3) == b"234"
    assert store.get_range("a", 0, 100) == b"0123456789"
    assert store.get_range("a", 8, 100) == b"89"
    assert store.get_range("a", 10, 5) == b""
    assert store.get_range("a", 99, 5) == b""
    assert store.get_range("a", 3, 0) == b""
    for start, length in ((-1, 5), (0, -1)):
        with _refused(InvalidInput, "bad-range"):
            store.get_range("a", start, length)


def missing_keys_are_one_error(store: Store) -> None:
    """Read keys that are not there: one kind of error; a folder is no key."""
    store.put("a/b", b"1")
    readers: tuple[Callable[[str], object], ...] = (
        store.get,
        store.size,
        lambda key: store.get_range(key, 0, 1),
    )
    for key in ("c", "a", "a/c", "a/b/c", "d/e/f"):
        for read in readers:
            with _refused(NotFound, "no-object"):
                read(key)
        assert not store.exists(key)


def deleted_keys_are_gone(store: Store) -> None:
    """Delete keys, again and anew; nothing of them stays."""
    store.put("a/b", b"1")
    store.put("a/c", b"2")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/was")
    assert not store.exists("a/b")
    assert store.list() == ["a/c"]
    assert store.put_if_absent("a/b", b"3")
    assert store.get("a/b") == b"3"
    store.delete("a/b")
    store.delete("a/c")
    assert store.list() == []
    assert store.children() == Children((), ())


def lists_are_sorted_and_by_prefix(store: Store) -> None:
    """List keys by prefixes of whole segments, sorted by their text."""
    assert store.list() == []
    assert store.list("b") == []
    for key in reversed(_KEYS):
        store.put(key, b"1")
    assert store.list() == sorted(_KEYS)
    assert store.list("b") == sorted(key for key in _KEYS if key.startswith("b/"))
    assert store.list("b/c") == ["b/c/d"]
    assert store.list("nothing/here") == []


def children_are_one_level(store: Store) -> None:
    """List the keys and the folders right below a prefix, as whole keys."""
    for key in _KEYS:
        store.put(key, b"1")
    assert store.children() == Children((".hidden", "b", "b2"), ("-1", "a", "ba"))
    assert store.children("b") == Children(
        ("b/_delta_log", "b/c"), tuple(sorted(("b/道路.toml", "b/a b%20c.json")))
    )
    assert store.children("nothing") == Children((), ())


def names_do_not_escape(store: Store) -> None:
    """Refuse, in every method, texts that are no keys; leave no trace of them."""
    calls: tuple[Callable[[str], object], ...] = (
        store.get,
        store.size,
        store.exists,
        store.delete,
        lambda key: store.get_range(key, 0, 1),
        lambda key: store.put(key, b"1"),
        lambda key: store.put_if_absent(key, b"1"),
        lambda key: store.get_ranges(key, [(0, 1)]),
        lambda key: store.get_many([key]),
        lambda key: store.delete_many([key]),
        lambda key: store.put_file(key, Path(__file__)),
    )
    for key in ESCAPES:
        for call in calls:
            with _refused(InvalidInput, "bad-key"):
                call(key)
        for call in (store.list, store.children, store.entries) if key else ():
            with _refused(InvalidInput, "bad-key"):
                call(key)
    assert store.list() == []


def one_of_many_writers_wins(store: Store) -> None:
    """Put one key if absent from eight threads: exactly one gets True, and its bytes are there."""
    for number in range(_ROUNDS):
        key = f"log/{number:020d}.json"
        start = threading.Barrier(_WRITERS)
        won: list[int] = []

        def write(
            writer: int, key: str = key, start: threading.Barrier = start, won: list[int] = won
        ) -> None:
            start.wait()
            if store.put_if_absent(key, b"%d" % writer * 1000):
                won.append(writer)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(_WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1, f"{len(won)} writers won {key}"
        assert store.get(key) == b"%d" % won[0] * 1000
        assert not store.put_if_absent(key, b"later")
    assert len(store.list("log")) == _ROUNDS


def readers_see_whole_bytes(store: Store) -> None:
    """Read a key while it is replaced over and over: one of the values, whole, listed once."""
    store.put("a", b"0" * 100_000)
    done = threading.Event()

    def replace() -> None:
        for number in range(100):
            store.put("a", b"%d" % (number % 10) * 100_000)
        done.set()

    writer = threading.Thread(target=replace)
    writer.start()
    while not done.is_set():
        data = store.get("a")
        assert len(data) == 100_000
        assert len(set(data)) == 1
        assert store.list() == ["a"]
    writer.join()


def many_are_read_at_once(store: Store) -> None:
    """Get several keys: in their order, None for those that are not there."""
    keys = [f"log/{number:03d}" for number in range(40)]
    for key in keys:
        store.put(key, key.encode())
    assert store.get_many([]) == []
    assert store.get_many([*reversed(keys), "log", "never", keys[0]]) == [
        *(key.encode() for key in reversed(keys)),
        None,
        None,
        keys[0].encode(),
    ]
    with _refused(InvalidInput, "bad-key"):
        store.get_many([keys[0], "../a"])


def ranges_are_read_at_once(store: Store) -> None:
    """Get several ranges, near, far and overlapping: in their order, each as if it were the only one."""
    data = bytes(range(256)) * 8000
    store.put("a", data)
    ranges = [
        (0, 4), (2, 10), (len(data) - 8, 8), (1_000_000, 100_000), (1_050_000, 3), (len(data) - 2, 10), (7, 0),
        (len(data), 4), (len(data) + 9_000_000, 4), (500_000, 1), (500_003, 1), (0, 1),
    ]  # fmt: skip
    assert store.get_ranges("a", ranges) == [data[start : start + length] for start, length in ranges]
    assert store.get_ranges("a", []) == []
    assert store.get_ranges("a", [(len(data), 1), (len(data) + 5, 5)]) == [b"", b""]
    for key in ("b", "a/c"):
        for ranges in ([(0, 1)], [(0, 0)], [(0, 1), (9_000_000, 1)]):
            with _refused(NotFound, "no-object"):
                store.get_ranges(key, ranges)
    with _refused(InvalidInput, "bad-range"):
        store.get_ranges("a", [(0, 1), (-1, 1)])


def entries_say_what_lists_say(store: Store) -> None:
    """List entries: the keys of `list`, with sizes, times and tags; only those after a key, where one is given."""
    assert store.entries() == []
    for key in _KEYS:
        store.put(key, key.encode())
    entries = store.entries()
    assert [entry.key for entry in entries] == store.list()
    assert all(entry.size == len(entry.key.encode()) for entry in entries)
    assert max(entry.modified_ms for entry in entries) - min(entry.modified_ms for entry in entries) < 60_000
    assert all(entry.modified_ms > 1_500_000_000_000 for entry in entries)
    for prefix in ("", "b", "b/c", "nothing"):
        keys = store.list(prefix)
        assert [entry.key for entry in store.entries(prefix)] == keys
        for after in keys:
            later = [key for key in keys if key > after]
            assert [entry.key for entry in store.entries(prefix, after)] == later
    assert store.entries("b", "c") == []
    assert len(store.entries("b", "a")) == len(store.list("b"))
    before = {entry.key: entry.etag for entry in store.entries()}
    store.put("a", b"something else")
    after_put = {entry.key: entry.etag for entry in store.entries()}
    assert {key for key in before if before[key] != after_put[key]} <= {"a"}


def files_are_put_whole(store: Store) -> None:
    """Put files as bytes of keys; a file that is not there writes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a file"
        for data in (b"", b"12", bytes(range(256)) * 30_000):
            path.write_bytes(data)
            store.put_file("data/a", path)
            assert store.get("data/a") == data
        with _refused(InvalidInput, "bad-key"):
            store.put_file("../a", path)
        with _refused(StorageError, "storage"):
            store.put_file("data/b", path / "nothing")
    assert store.list() == ["data/a"]


def many_are_deleted_at_once(store: Store) -> None:
    """Delete several keys, some of which are not there."""
    keys = [f"log/{number:03d}" for number in range(40)]
    for key in keys:
        store.put(key, b"1")
    store.delete_many([])
    store.delete_many(key for key in (*keys[5:], "log/never", "never", keys[7]))
    assert store.list() == keys[:5]
    with _refused(InvalidInput, "bad-key"):
        store.delete_many([keys[0], "../a"])
    assert keys[1] in store.list()


def traffic_only_grows(store: Store) -> None:
    """Count requests and bytes, or none of either where there are no requests."""
    before = store.traffic
    store.put("a", b"12345")
    store.get("a")
    store.list()
    counted = store.traffic.since(before)
    assert counted in (Traffic(), Traffic(requests=3, lists=1, bytes_read=5, bytes_written=5))
    assert store.traffic.since(store.traffic) == Traffic()


def the_address_opens_the_store(store: Store) -> None:
    """Open the store by its address and find the same bytes."""
    store.put("a/b", b"1")
    again = open_store(store.url)
    assert again.get("a/b") == b"1"
    again.put("c", b"2")
    assert store.list() == ["a/b", "c"]


def the_probe_passes_and_leaves_nothing(store: Store) -> None:
    """Probe the store: it keeps put-if-absent."""
    assert keeps_put_if_absent(store)
    assert store.list() == []


CHECKS: tuple[Callable[[Store], None], ...] = (
    bytes_come_back,
    ranges_end_with_the_bytes,
    missing_keys_are_one_error,
    deleted_keys_are_gone,
    lists_are_sorted_and_by_prefix,
    children_are_one_level,
    names_do_not_escape,
    one_of_many_writers_wins,
    readers_see_whole_bytes,
    many_are_read_at_once,
    ranges_are_read_at_once,
    entries_say_what_lists_say,
    files_are_put_whole,
    many_are_deleted_at_once,
    traffic_only_grows,
    the_address_opens_the_store,
    the_probe_passes_and_leaves_nothing,
)


@contextlib.contextmanager
def _refused(kind_of_error: type[InvalidInput | NotFound | StorageError], kind: str) -> Iterator[None]:
    refused = "nothing"
    try:
        yield
    except kind_of_error as error:
        refused = error.kind
    assert refused == kind, f"{refused} was refused, expected {kind}"
