"""Cleaned events without what a purge of their layer says is not to be loaded.

Tested by `tests/daas/purge/test_reload.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from stcloud.daas.load.clean_events import ROW, CleanedEvents
from stcloud.daas.load.expiry import Expiry

__all__ = ["unexpired"]


def unexpired(cleaned: CleanedEvents, expiry: Expiry, *, keys_only: bool) -> tuple[CleanedEvents, int]:
    """Return rows without those, and without values, that a purge says are not to be loaded; and how many went."""
    if not expiry or keys_only or not cleaned.rows.num_rows:
        return cleaned, 0
    began_us = cleaned.rows.column("st_time").cast(pa.int64()).to_numpy()
    rows, stays = expiry.applied(cleaned.rows, lambda before_us: np.asarray(began_us < before_us))
    gone = rows.column(ROW).to_numpy()[~stays]
    repairs = tuple(repair for repair in cleaned.repairs if repair.row not in gone)
    adjusted = np.setdiff1d(cleaned.adjusted, gone)
    kept = replace(cleaned, rows=rows.filter(pa.array(stays)), adjusted=adjusted, repairs=repairs)
    return kept, len(gone)
