"""The receipts of a city's layers, read once and then only what is new: a layer may have ten thousand.

Tested by `tests/daas/exchange/test_receipt.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stcloud.daas.entry import Layer
from stcloud.daas.exchange.receipt import Receipt, is_anew, owners_loads, receipt_of
from stcloud.daas.ledger import Ledger
from stcloud.daas.purge.record import PurgeRecord
from stcloud.daas.reckoning import PURGE, RECEIVE, Reckoning

__all__ = ["ReceiptBook", "Receipts"]


@dataclass(frozen=True, slots=True)
class Receipts:
    """What was received of a layer: receipts and the owner's purges, oldest first; none of before it began anew."""

    deleted_us: int = 0
    read_us: int = -1
    receipts: tuple[Receipt, ...] = ()
    purges: tuple[PurgeRecord, ...] = ()

    def with_entry(self, entry: Reckoning) -> Receipts:
        """Return them with a later entry of the ledger."""
        before = Receipts() if is_anew(entry) else self
        first_us = before.receipts[0].first_us if before.receipts else entry.received["first_us"]
        purges = [PurgeRecord.of(load) for load in owners_loads([entry]) if load.mode == PURGE]
        return Receipts(
            self.deleted_us, entry.recorded_at_us, (*before.receipts, receipt_of(entry, first_us)),
            (*before.purges, *purges),
        )  # fmt: skip


class ReceiptBook:
    """The receipts that a ledger has of each layer.

    Parameters
    ----------
    ledger
        The city's.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: dict[str, Receipts] = {}

    def of(self, layer: str) -> Receipts:
        """Return the receipts of a layer; of those that are known already nothing is read."""
        deleted_us = self._ledger.deleted_us(layer)
        kept = self._kept.get(layer)
        if kept is None or kept.deleted_us != deleted_us:
            kept = Receipts(deleted_us)
        for entry in self._ledger.recorded_after(layer, kept.read_us, RECEIVE):
            kept = kept.with_entry(entry)
        self._kept[layer] = kept  # in one step: threads may ask
        return kept

    def received(self, layer: Layer) -> Layer:
        """Return a layer of another city, which is given as its table is, as its owner has it."""
        receipts = self.of(layer.name)
        return replace(
            layer, read_loads=lambda: owners_loads(layer.read_loads()), purges=receipts.purges,
            read_receipts=lambda: receipts.receipts,
        )  # fmt: skip
