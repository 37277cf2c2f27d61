"""Reach (ring: paas): who walks to a service in some minutes along the streets, as they were at an instant.

Knows questions about layers of features, and walks: a network of lines, speeds by class, barriers. Must not know
files, engines, commands, movers (no speed is learned from them) or timetables.

Nouns: *lines* are parts of streets; a *piece* is what crossings and barriers leave of a line; a *node* is where ends
of pieces meet; an *edge* is a piece, cut where services are. A *place* is a service, or one who wants it; it is
snapped to a piece. *Straight* is what a circle says. Start reading at `reachquestion`, then `walkgraph`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.reach.reachanswer import ServiceReach
    from stcloud.paas.reach.reachquestion import ReachQuestion
    from stcloud.paas.reach.walkrules import WalkRules

__all__ = ["ReachQuestion", "ServiceReach", "WalkRules"]

_HOMES = {
    "ServiceReach": "stcloud.paas.reach.reachanswer",
    "ReachQuestion": "stcloud.paas.reach.reachquestion",
    "WalkRules": "stcloud.paas.reach.walkrules",
}

__getattr__ = late_names(__name__, _HOMES)
