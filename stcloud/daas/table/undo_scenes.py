"""Taking back a load of scenes: the scene before each that goes holds until the next one that stays.

Tested by `tests/daas/load/test_scene_load.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.feature import FeatureLayer
from stcloud.daas.table.timeline import ABSENT, Pieces
from stcloud.daas.table.undo_features import undo

__all__ = ["undo_scenes"]


def undo_scenes(layer: FeatureLayer, ledger: Ledger, load: str, now_us: int) -> Reckoning:
    """Take back a load; raises what `undo_features.undo` raises. The caller holds the layer's lock."""
    return undo(layer, ledger, load, now_us, settled=_followed)


def _followed(changes: Pieces, was: Pieces, held: Pieces) -> Pieces:
    """Return what holds again: a scene that begins then, or else the one that is held right before.

    What was held before the load may be older than a scene that was loaded since.
    """
    begins: dict[int, int] = {}
    for pieces in (was, held):
        for what, start_us in zip(pieces.content.tolist(), pieces.start_us.tolist(), strict=True):
            begins[what] = min(start_us, begins.get(what, start_us))
    before = {
        (key, end_us): what
        for key, end_us, what in zip(
            held.key.tolist(), held.end_us.tolist(), held.content.tolist(), strict=True
        )
    }
    content = changes.content.copy()
    for at in np.lexsort((changes.start_us, changes.key)).tolist():
        key, start_us = int(changes.key[at]), int(changes.start_us[at])
        if content[at] != ABSENT and begins.get(int(content[at])) != start_us:
            content[at] = before.get((key, start_us), ABSENT)
        before[key, int(changes.end_us[at])] = int(content[at])
    return replace(changes, content=content)
