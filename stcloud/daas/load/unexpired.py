"""Cleaned events and features without what a purge of their layer says is not to be loaded.

Tested by `tests/daas/purge/test_reload.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from stcloud.daas.load.clean_events import ROW, CleanedEvents
from stcloud.daas.load.clean_features import CleanedFeatures
from stcloud.daas.load.expiry import Expiry
from stcloud.daas.load.feature_keys import nothing
from stcloud.daas.load.feature_settle import FeatureStatement

__all__ = ["unexpired", "unexpired_features"]


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


def unexpired_features(
    cleaned: CleanedFeatures, expiry: Expiry, statement: FeatureStatement
) -> tuple[CleanedFeatures, int]:
    """Return rows without those, and without values, that a purge says are not to be loaded; and how many went.

    A snapshot of a purged time is left out as a whole: it would also end what it lacks.
    """
    if statement.expired:
        gone = np.zeros(cleaned.rows.num_rows, np.bool_)
        kept = replace(
            cleaned, rows=cleaned.rows.slice(0, 0), start_us=cleaned.start_us[gone], end_us=cleaned.end_us[gone],
            seen=nothing(), seen_numbers=nothing(), silent=cleaned.silent.slice(0, 0), repairs=(), adjusted=0,
        )  # fmt: skip
        return kept, cleaned.read - len(cleaned.refusals)
    if not expiry or statement.mode in ("snapshot", "delete"):
        return cleaned, 0
    rows, stays = expiry.applied(cleaned.rows, lambda before_us: np.asarray(cleaned.end_us <= before_us))
    numbers = rows.column(ROW).to_numpy()[~stays]
    repairs = tuple(repair for repair in cleaned.repairs if repair.row not in numbers)
    kept = replace(
        cleaned, rows=rows.filter(pa.array(stays)), start_us=cleaned.start_us[stays],
        end_us=cleaned.end_us[stays], repairs=repairs,
    )  # fmt: skip
    return kept, len(numbers)
