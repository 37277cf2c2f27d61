"""Movement (ring: paas): tracks of movers, which are events that say whose fix they are, and what follows from them.

Knows fixes of one layer as they were known at an instant, and the cells and features that moves pass. Must not know
files, engines, commands, streets (nothing is matched to them) or what will be (nothing is predicted).

Nouns: a *fix* is a row: a mover, an instant, a point. A *track* is a run of a mover's fixes that follow each other
without one between that the question leaves out; a *segment* joins two of them, straight and at constant speed. A
*stop* is a run of fixes near the first of them; a *trip* is what lies between stops and silences; the *dwell* is the
time that movers spent in cells; a *meeting* is the time that two movers were near each other. Start reading at
`fixes`, then `trackquery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.movement.currentpositions import CurrentPositions
    from stcloud.paas.movement.fixes import Fixes
    from stcloud.paas.movement.trackquery import TrackQuery

__all__ = ["CurrentPositions", "Fixes", "TrackQuery"]

_HOMES = {
    "CurrentPositions": "stcloud.paas.movement.currentpositions",
    "Fixes": "stcloud.paas.movement.fixes",
    "TrackQuery": "stcloud.paas.movement.trackquery",
}

__getattr__ = late_names(__name__, _HOMES)
