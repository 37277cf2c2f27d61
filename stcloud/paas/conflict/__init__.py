"""Conflicts: where plans of different departments contradict each other (ring: paas).

Knows: rules as data, versions of features as arrays, what a conflict, a decision and a blueprint are. Must not know:
files, loads, what the time is. All of it is pure: versions and rules in, rows out.

Nouns: *plan versions* are the versions of a layer's features as arrays. A *rule* is between two *sides*; an
*exclusion* is about what two features share, a *distance* and a *clearance* about how close they are. A *sliver* is a
shared piece that is too small to matter. A *decision* is what was decided about a conflict; a *blueprint* is what is
left of the plans after all decisions, as pieces with a *state*.

Start at `conflictrules.py`, then `conflictsearch.py`, which gives the rows of `conflictrows.py` by what
`exclusion.py` and `closeness.py` measure. `blueprint.py` cuts, `conflictgroups.py` sums, `conflictchanges.py`
compares.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.conflict.conflictrules import ConflictRules
    from stcloud.paas.conflict.conflictsearch import ConflictSearch
    from stcloud.paas.conflict.planversions import PlanVersions

__all__ = ["ConflictRules", "ConflictSearch", "PlanVersions"]

_HOMES = {
    "ConflictRules": ".conflictrules", "ConflictSearch": ".conflictsearch", "PlanVersions": ".planversions",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # shapely and pydantic are slow to import
