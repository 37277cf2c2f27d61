"""Receipts: what was received of a layer of another city, and when. They map the city's clock to that of the owner.

A received layer has the recorded instants of its owner as its one axis of recorded time. Each package that was
received says until which of them the layer was known here from then on. So an instant of ours means one of theirs:

    ours    ──────┬───────────────┬──────────►
              received        received
    owner's   nothing yet │ until │ until

Law: **the map is monotone, and what an instant of ours means never changes.**

Tested by `tests/daas/exchange/test_receipt.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.daas.exchange.entrychain import read_entry
from stcloud.daas.reckoning import RECEIVE, Reckoning

__all__ = ["Receipt", "is_anew", "origin_us", "owners_documents", "owners_loads", "receipt_of"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A package that was received of a layer.

    Attributes
    ----------
    received_us
        When, by the clock of the city, UTC microseconds.
    first_us, until_us
        The first recorded instant of the owner's that is known, and until which one it is, UTC microseconds.
    link
        Of the owner's last entry: see `EntryChain`.
    package
        Its name.
    """

    received_us: int
    first_us: int
    until_us: int
    link: str
    package: str = ""


def origin_us(receipts: Sequence[Receipt], known_us: int) -> int:
    """Return which recorded instant of the owner's an instant of the city means, UTC microseconds.

    Before the first receipt it is one before all that is known.

    >>> receipts = [Receipt(100, 1, 7, "a"), Receipt(200, 1, 9, "b")]
    >>> [origin_us(receipts, at_us) for at_us in (99, 100, 199, 200)]
    [0, 7, 7, 9]
    """
    place = bisect_right([receipt.received_us for receipt in receipts], known_us)
    if place:
        return receipts[place - 1].until_us
    return receipts[0].first_us - 1 if receipts else known_us


def receipt_of(entry: Reckoning, first_us: int) -> Receipt:
    """Return the receipt of an entry of the ledger; ``first_us`` is the first instant that is known."""
    received = entry.received
    return Receipt(entry.recorded_at_us, first_us, received["until_us"], received["link"], entry.source)


def is_anew(entry: Reckoning) -> bool:
    """Tell whether a receipt let the layer begin anew: what was received before does not count any more."""
    return bool(entry.received.get("anew"))


def owners_loads(loads: Iterable[Reckoning]) -> list[Reckoning]:
    """Return the owner's entries that receipts among a layer's entries brought, by recorded instant."""
    return [
        read_entry(document, entry.layer)
        for entry in _since_anew(loads)
        for document in entry.received["entries"]
    ]


def owners_documents(loads: Iterable[Reckoning]) -> tuple[Mapping[str, Any], ...]:
    """Return the same as the packages had them."""
    return tuple(document for entry in _since_anew(loads) for document in entry.received["entries"])


def _since_anew(loads: Iterable[Reckoning]) -> list[Reckoning]:
    entries = sorted((load for load in loads if load.mode == RECEIVE), key=lambda load: load.recorded_at_us)
    anew = [place for place, entry in enumerate(entries) if is_anew(entry)]
    return entries[anew[-1] :] if anew else entries
