"""The recorded instant of a load: one, taken once its rows are settled, later than every record of its layer."""

from __future__ import annotations

from stcloud.daas.ledger import Ledger
from stcloud.daas.table.layer import LayerTable

__all__ = ["next_recorded_us"]


def next_recorded_us(layer: LayerTable, ledger: Ledger, now_us: int) -> int:
    """Return the recorded instant of a load that is about to be committed, UTC microseconds.

    It is the present instant, or just after the newest record of the layer: recorded time strictly increases in the
    order of commits. The caller holds the layer's lock from here to the commit.
    """
    newest = (ledger.newest_us(layer.name), layer.last_recorded_us())
    return max([now_us, *(at_us + 1 for at_us in newest if at_us is not None)])
