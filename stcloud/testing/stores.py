"""The conformance suite that any store must pass: one check for each promise of the protocol.

A store conforms when, for every check of `CHECKS`, ``check(store)`` returns, given an empty store::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_store(check):
        check(MyStore())

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.store.model import Children, Store
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.probe import keeps_put_if_absent

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
    )
    for key in ESCAPES:
        for call in calls:
            with _refused(InvalidInput, "bad-key"):
                call(key)
        for call in (store.list, store.children) if key else ():
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
    the_address_opens_the_store,
    the_probe_passes_and_leaves_nothing,
)


@contextlib.contextmanager
def _refused(kind_of_error: type[InvalidInput | NotFound], kind: str) -> Iterator[None]:
    refused = "nothing"
    try:
        yield
    except kind_of_error as error:
        refused = error.kind
    assert refused == kind, f"{refused} was refused, expected {kind}"
