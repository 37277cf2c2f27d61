"""Totals carried from the areas that they were counted by to other areas (ring: paas).

Knows: areas as shapes, how much of each lies in which other, weights as points and shapes, totals as arrays. Must not
know: layers, files, what the time is. All of it is pure: the city reads areas and weights.

Nouns: a *source* is an area with a total, a *target* one that gets a part of it. A *piece* is what a source and a
target share, or what a source has outside of all targets; its *share* is its part of the source, by area or by
weights. A target's value is *carried* as far as it comes from sources that lie in it in part only: how their total is
spread within them is not known, and *bounds* say what it could be.

Start at `areapieces.py`, then `pieceweights.py`, `wholeparts.py` and `carriedtotals.py`.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.carried.areapieces import AreaPieces, pieces_of_areas
    from stcloud.paas.carried.carriedtotals import CarriedValues, carry_values
    from stcloud.paas.carried.pieceweights import pieces_by_weight

__all__ = ["AreaPieces", "CarriedValues", "carry_values", "pieces_by_weight", "pieces_of_areas"]

_HOMES = {
    "AreaPieces": ".areapieces",
    "CarriedValues": ".carriedtotals",
    "carry_values": ".carriedtotals",
    "pieces_by_weight": ".pieceweights",
    "pieces_of_areas": ".areapieces",
}

__getattr__ = late_names(__name__, _HOMES)  # shapely is slow to import
