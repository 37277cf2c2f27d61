"""Which messages of a feed a layer has: written before their load, true once a load of that name is in the ledger.

::

    feeds/LAYER/000000000007.npz      the batch that is being loaded, or was: its name, and what it holds
    feeds/LAYER/000000000006.npz      all batches up to this one

Whoever is killed between the file and the load leaves a file whose load is in no ledger: its messages were not
applied. So the one commit of the load decides for both. What is kept are hashes and numbers: no text of any message.

Tested by `tests/saas/feed/test_applied.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from stcloud.errors import Conflict, FormatError
from stcloud.iaas.feed.message import Message
from stcloud.iaas.store.model import Store
from stcloud.saas.feed.remembered import Hashes, Numbers, Ranges

__all__ = ["WINDOW", "Applied", "Entries", "hashed"]

WINDOW = 1_000_000
"""So many ids, and so many keys with their place, are remembered at least; places of messages without end."""
_MOST_FILES = 32
_MOST_RANGES = 100_000
_NONE = np.empty(0, np.int64)


def hashed(*parts: str) -> int:
    """Return a number of 64 bits that other texts hardly have."""
    joined = len(parts) > 1 and any("\0" in part for part in parts)  # it is what separates them, too
    text = repr(parts) if joined else "\0".join(parts)
    digest: int = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), seed=joined)
    return digest - (1 << 64) if digest >> 63 else digest


@dataclass(frozen=True, slots=True)
class Entries:
    """What a batch holds: ids of its messages, their places, and the keys of its rows with their place."""

    ids: Numbers
    keys: Numbers
    numbers: Numbers
    places: Mapping[str, Numbers]

    @classmethod
    def of(cls, messages: Sequence[Message], keys: Mapping[int, int]) -> Entries:
        """Return what messages, and the keys of their rows, are known by."""
        ids = [hashed(message.id) for message in messages if message.id is not None]
        places: dict[str, list[int]] = {}
        for message in messages:
            if message.place is not None:
                places.setdefault(message.place.stream, []).append(message.place.number)
        return cls(
            np.array(ids, np.int64), np.fromiter(keys, np.int64, len(keys)),
            np.fromiter(keys.values(), np.int64, len(keys)),
            {stream: np.array(numbers, np.int64) for stream, numbers in places.items()},
        )  # fmt: skip


class Applied:
    """Messages that a layer has; of one listener.

    Parameters
    ----------
    store, prefix
        Where it is kept: in the city, under this beginning of keys.
    window
        Ids and keys that are remembered at least.
    """

    def __init__(self, store: Store, prefix: str, window: int = WINDOW) -> None:
        self._store, self._prefix, self._window = store, prefix, window
        self._files: list[str] = []
        self._next = 1
        self._pending: tuple[str, str, Entries] | None = None
        self._forget()

    def _forget(self) -> None:
        self._ids, self._keys = Hashes(self._window), Hashes(self._window)
        self._places: dict[str, Ranges] = {}

    def open(self, loaded: Callable[[], set[str]]) -> None:
        """Read what was applied; ``loaded`` returns the names of the layer's loads.

        Raises
        ------
        FormatError
            ``damaged-feed-state``
        """
        files = list(self._store.children(self._prefix).keys)
        names = loaded() if files else set()
        for key in files:
            name, content = _read(key, self._store.get(key))
            if name in names:
                self._files.append(key)
                self._take(content)
            else:
                self._store.delete(key)
        self._next = 1 + max((int(key.rpartition("/")[2].partition(".")[0]) for key in files), default=0)

    def has(self, messages: Sequence[Message]) -> NDArray[np.bool_]:
        """Return which messages the layer has, by place or id."""
        known = np.zeros(len(messages), np.bool_)
        at = [place for place, message in enumerate(messages) if message.id is not None]
        ids = np.array([hashed(messages[place].id or "") for place in at], np.int64)
        known[at] = self._ids.greatest(ids, otherwise=0) > 0
        streams: dict[str, list[int]] = {}
        for place, message in enumerate(messages):
            if message.place is not None:
                streams.setdefault(message.place.stream, []).append(place)
        for stream, at in streams.items():
            if stream in self._places:
                numbers = [message.place.number for place in at if (message := messages[place]).place]
                known[at] |= self._places[stream].has(np.array(numbers, np.int64))
        return known

    def newest(self, keys: Sequence[int]) -> Numbers:
        """Return the greatest place of which each key has been applied; -1 where none is known."""
        return self._keys.greatest(np.array(keys, np.int64), otherwise=-1)

    def begin(self, name: str, entries: Entries) -> None:
        """Write what a load is about to apply, under the name of its source.

        Raises
        ------
        Conflict
            ``another-listener``: somebody else has written meanwhile.
        """
        key = f"{self._prefix}/{self._next:012}.npz"
        if not self._store.put_if_absent(key, _written(name, entries)):
            raise Conflict(
                "another-listener", "another listener loads into the layer: each layer has one",
                hint="end one of them",
            )  # fmt: skip
        self._next += 1
        self._pending = (key, name, entries)

    def cancel(self) -> None:
        """Forget what was begun: nothing was loaded."""
        if self._pending is not None:
            self._store.delete(self._pending[0])
            self._pending = None

    def finish(self) -> None:
        """Remember what was begun: it is loaded."""
        assert self._pending is not None  # noqa: S101  (begun before)
        key, name, entries = self._pending
        self._pending = None
        self._files.append(key)
        self._take(_content(entries))
        if len(self._files) > _MOST_FILES:
            self._store.put(key, _packed(name, self._all()))
            self._store.delete_many(self._files[:-1])
            self._files = [key]

    def _take(self, content: Mapping[str, Numbers]) -> None:
        for part in ("older", "newer"):
            ids = content.get(f"{part}_ids", _NONE)
            self._ids.add(ids, np.ones(len(ids), np.int64))
            self._keys.add(content.get(f"{part}_keys", _NONE), content.get(f"{part}_numbers", _NONE))
        for name in content:
            if name.startswith("starts:"):
                stream = name.removeprefix("starts:")
                ranges = self._places.setdefault(stream, Ranges(_MOST_RANGES))
                ranges.add_ranges(content[name], content[f"ends:{stream}"])

    def _all(self) -> dict[str, Numbers]:
        content: dict[str, Numbers] = {}
        for part, (ids, _), (keys, numbers) in zip(
            ("older", "newer"), self._ids.generations, self._keys.generations, strict=True
        ):
            content |= {f"{part}_ids": ids, f"{part}_keys": keys, f"{part}_numbers": numbers}
        for stream, ranges in self._places.items():
            content |= {f"starts:{stream}": ranges.starts, f"ends:{stream}": ranges.ends}
        return content


def _content(entries: Entries) -> dict[str, Numbers]:
    content = {"newer_ids": entries.ids, "newer_keys": entries.keys, "newer_numbers": entries.numbers}
    for stream, numbers in entries.places.items():
        ranges = Ranges(_MOST_RANGES)
        ranges.add(numbers)
        content |= {f"starts:{stream}": ranges.starts, f"ends:{stream}": ranges.ends}
    return content


def _written(name: str, entries: Entries) -> bytes:
    return _packed(name, _content(entries))


def _packed(name: str, content: Mapping[str, Numbers]) -> bytes:
    streams = [key.removeprefix("starts:") for key in content if key.startswith("starts:")]
    arrays: dict[str, Any] = {"name": np.array(name), "streams": np.array(streams, np.str_)}
    for key, numbers in content.items():
        kind, named, stream = key.partition(":")
        arrays[f"{kind}_{streams.index(stream)}" if named else kind] = numbers
    sink = io.BytesIO()
    np.savez(sink, **arrays)
    return sink.getvalue()


def _read(key: str, data: bytes) -> tuple[str, dict[str, Numbers]]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            content = {kind: arrays[kind] for kind in arrays.files if kind.startswith(("older_", "newer_"))}
            for place, stream in enumerate(arrays["streams"].tolist()):
                content |= {f"{kind}:{stream}": arrays[f"{kind}_{place}"] for kind in ("starts", "ends")}
            return str(arrays["name"]), content
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise FormatError(
            "damaged-feed-state", f"{key} is damaged: it says which messages were applied",
            hint="bring it back from a copy of the city, or delete it: messages that come again may be applied again",
        ) from error  # fmt: skip
