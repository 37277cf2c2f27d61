"""Feeds into layers: messages become loads, each of which is applied once (ring: saas).

Knows: cities, feeds, and what of a feed a layer has. Must not know: commands, and how a transport works.

Nouns: a `Listener` (takes messages, loads them, acknowledges them), `Applied` (which messages a layer has), a
`BatchOutcome` and `FeedCounts` (what became of them).

Start reading at `listener.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.saas.feed.listener import Listener
    from stcloud.saas.feed.outcome import BatchOutcome, FeedCounts

__all__ = ["BatchOutcome", "FeedCounts", "Listener"]

_HOMES = {"BatchOutcome": ".outcome", "FeedCounts": ".outcome", "Listener": ".listener"}
__getattr__ = late_names(__name__, _HOMES)
