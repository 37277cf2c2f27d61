"""Recorded instants that lie far after the machine's clock: once its clock was wrong, and every load comes after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stcloud.daas.ledger import Ledger, Reckoning
from stcloud.time import Zone

__all__ = ["late_records", "with_clock_note"]

_FAR_US = 3_600_000_000
"""Clocks of machines differ by less than an hour."""


def with_clock_note(reckoning: Reckoning, now_us: int, newest_us: int | None, zone: Zone) -> Reckoning:
    """Return a reckoning that says when the layer's newest record lies far after the machine's clock.

    Parameters
    ----------
    newest_us
        Recorded instant of the newest entry of the layer.
    zone
        The city's, for the text.
    """
    newest = max(reckoning.recorded_at_us, newest_us or 0)
    if newest - now_us <= _FAR_US:
        return reckoning
    note = (
        f"layer '{reckoning.layer}' has a record of {zone.iso(newest)}, and the clock says {zone.iso(now_us)}: "
        "a clock was wrong once; loads are recorded right after that record, "
        "and what was known at an earlier instant lacks them"
    )
    return replace(reckoning, notes=(*reckoning.notes, note))


def late_records(ledger: Ledger, layer: str, now_us: int, zone: Zone) -> Iterator[str]:
    """Give the loads of a layer that were recorded far after the machine's clock."""
    for load in ledger.loads(layer):
        if load.recorded_at_us - now_us > _FAR_US:
            recorded, now = zone.iso(load.recorded_at_us), zone.iso(now_us)
            yield f"load {load.load} was recorded at {recorded}, and the clock says {now}"
