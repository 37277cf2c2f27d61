"""The chain of a layer's ledger entries: each holds a digest of itself, of its predecessor and of the rows it added.

Whoever changes an old entry breaks its digest; whoever removes one breaks the link of the next. Entries of older
versions have no digest: a chain begins with the first load after them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.table.table import Snapshot

__all__ = ["CHAIN", "RowsDigest", "broken_links", "chained", "changed_rows", "last_digest", "stated_digests"]

CHAIN = ("rows_digest", "predecessor", "entry_digest")
"""Columns of the ledger that the chain is made of: digest of the rows added, of the entry before, of the entry."""

_ROOT = ""
"""Predecessor of the first entry of a chain."""
_COLUMNS = ("st_digest", "st_recorded_from")


@dataclass(frozen=True, slots=True)
class RowsDigest:
    """A digest of rows in any order, made of the digests of each: their count and their sum modulo 2 ** 64.

    >>> one, other = RowsDigest.of(pa.array([b"a" * 16])), RowsDigest.of(pa.array([b"b" * 16]))
    >>> (one + other).text == (other + one).text
    True
    """

    count: int = 0
    low: int = 0
    high: int = 0

    @classmethod
    def of(cls, digests: pa.Array | pa.ChunkedArray) -> RowsDigest:
        """Return the digest of rows by their ``st_digest``, 16 bytes each; nulls are no rows."""
        whole = digests.combine_chunks() if isinstance(digests, pa.ChunkedArray) else digests
        fixed = whole.drop_null().cast(pa.binary(16))
        if not len(fixed):
            return cls()
        values = np.frombuffer(fixed.buffers()[1], np.uint64)[fixed.offset * 2 :][: len(fixed) * 2]
        low, high = values.reshape(-1, 2).sum(axis=0, dtype=np.uint64).tolist()
        return cls(len(fixed), low, high)

    def __add__(self, other: RowsDigest) -> RowsDigest:
        low, high = (self.low + other.low) % 2**64, (self.high + other.high) % 2**64
        return RowsDigest(self.count + other.count, low, high)

    def __sub__(self, other: RowsDigest) -> RowsDigest:
        low, high = (self.low - other.low) % 2**64, (self.high - other.high) % 2**64
        return RowsDigest(self.count - other.count, low, high)

    @classmethod
    def read(cls, text: str) -> RowsDigest:
        """Return a digest as the ledger keeps it.

        >>> RowsDigest.read(RowsDigest(2, 3, 4).text) == RowsDigest(2, 3, 4)
        True
        """
        count, _, lanes = text.partition(":")
        return cls(int(count), int(lanes[16:], 16), int(lanes[:16], 16))

    @property
    def text(self) -> str:
        """The digest as the ledger keeps it."""
        return f"{self.count}:{self.high:016x}{self.low:016x}"


def chained(entries: Iterable[Mapping[str, Any]], predecessor: str | None) -> Iterator[dict[str, Any]]:
    """Give entries of one layer, oldest first, with their predecessor and their own digest."""
    before = predecessor or _ROOT
    for entry in entries:
        linked = dict(entry) | {"predecessor": before}
        before = _digest(linked)
        yield linked | {"entry_digest": before}


def last_digest(digests: pa.ChunkedArray, predecessors: pa.ChunkedArray) -> str | None:
    """Return the digest of the entry of a layer that no other one follows; None where no chain has begun."""
    linked = digests.drop_null()
    last = linked.filter(pc.invert(pc.is_in(linked, predecessors.combine_chunks())))
    return str(last[-1].as_py()) if len(last) else None


def broken_links(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Name the entries of a layer's ledger that were changed, or whose predecessor was, the first one first.

    Parameters
    ----------
    entries
        Rows of the ledger, in the order of recording; ``recorded_at`` in UTC microseconds.
    """
    linked = _linked(entries)
    known = {_ROOT, *(entry["entry_digest"] for entry in linked)}
    first = linked[0]["load"] if linked else None
    for entry in linked:
        if _digest(entry) != entry["entry_digest"]:
            yield f"the entry of load {entry['load']} was changed after it was written"
        elif entry["predecessor"] not in known:
            yield f"the entry before that of load {entry['load']} was changed or is missing"
        elif entry["predecessor"] == _ROOT and entry["load"] != first:
            yield f"the entry of load {entry['load']} begins a chain of its own"
    begun = False
    for entry in entries:
        begun = begun or bool(entry["entry_digest"])
        if begun and not entry["entry_digest"]:
            yield f"the entry of load {entry['load']} has no digest, and the entries before it have one"


def stated_digests(entries: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Return the digest of the rows of each load of a layer, by its recorded instant, as stated last.

    A load states that of the rows which it adds, a purge those of the rows that it leaves of earlier loads.
    """
    stated: dict[int, str] = {}
    for entry in entries:
        if entry["rows_digest"] is not None:
            stated[entry["recorded_at"]] = entry["rows_digest"]
        restated = json.loads(entry.get("details") or "{}").get("restated", {})
        stated |= {int(at_us): digest for at_us, digest in restated.items() if int(at_us) in stated}
    return stated


def changed_rows(entries: Iterable[Mapping[str, Any]], snapshot: Snapshot) -> Iterator[str]:
    """Name the loads whose rows in the table are others than those that were added, or that a purge left."""
    entries = list(entries)
    wanted = stated_digests(entries)
    names = {entry["recorded_at"]: entry["load"] for entry in entries}
    digests = dict.fromkeys(wanted, RowsDigest())
    for batch in snapshot.batches(list(snapshot.files), _COLUMNS):
        recorded = batch.column("st_recorded_from").cast(pa.int64())
        for at_us in recorded.unique().drop_null().to_pylist():
            if at_us in digests:
                mine = pc.equal(recorded, at_us)
                digests[at_us] += RowsDigest.of(batch.column("st_digest").filter(mine))
    for at_us, digest in sorted(wanted.items()):
        if digests[at_us].text != digest:
            kept, added = digests[at_us].count, digest.partition(":")[0]
            yield f"load {names[at_us]} added {added} rows, and {kept} rows of it are there, or other ones"


def _linked(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for entry in entries if entry["entry_digest"]]


def _digest(entry: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry with its predecessor; columns without a value do not count."""
    meaning = {name: value for name, value in entry.items() if value is not None and name != "entry_digest"}
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
