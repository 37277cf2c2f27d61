"""As-of join: each event with the features that were there at its own instant (ring: paas, in query).

Knows: points with instants, and all versions of a feature layer believed at one recorded instant, in metres. Must
not know: files, engines, plans, zones, reference systems.

Nouns: `Partners` (the versions, prepared) answer with `Pairs`; a `How` says which features are partners; a *run* is
a piece of a feature's history in which its shape stayed the same; an *epoch* is a span of valid time, prepared
apart; a *mesh* is a table of squares with the segments that pass each; what was made *ready* can be kept as arrays.

Start reading at `partners.py`, then `run.py` and `epoch.py` (time), `mesh.py` (space), and `holding.py`, `around.py`
and `nearest.py`, where both prune.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.paas.query.join.asof import asof_join, held_by
    from stcloud.paas.query.join.how import How, Nearest, Within, WithinDistance, read_how
    from stcloud.paas.query.join.pairs import Pairs
    from stcloud.paas.query.join.partners import Partners

__all__ = [
    "How",
    "Nearest",
    "Pairs",
    "Partners",
    "Within",
    "WithinDistance",
    "asof_join",
    "held_by",
    "read_how",
]

_HOMES = {
    "How": "how", "Nearest": "how", "Within": "how", "WithinDistance": "how", "read_how": "how",
    "Pairs": "pairs", "Partners": "partners", "asof_join": "asof", "held_by": "asof",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: compiled loops take half a second to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
