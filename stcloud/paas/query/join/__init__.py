"""As-of join: each event with the features that were there at its own instant (ring: paas, in query).

Knows: how people write a join, and tables of events beside an `AsOfIndex` of features. Must not know: files, engines,
plans, zones, reference systems.

Nouns: a `How` says which features are partners of an event: `Within`, `WithinDistance` or `Nearest`.

Start reading at `how.py`, then `asof.py`; the search itself is in `stcloud.index`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.query.join.asof import asof_join, held_by
    from stcloud.paas.query.join.how import How, Nearest, Within, WithinDistance, read_how

__all__ = ["How", "Nearest", "Within", "WithinDistance", "asof_join", "held_by", "read_how"]

_HOMES = {
    "How": ".how", "Nearest": ".how", "Within": ".how", "WithinDistance": ".how", "read_how": ".how",
    "asof_join": ".asof", "held_by": ".asof",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # the search is slow to import
