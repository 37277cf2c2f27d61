"""Bounds: which files and row groups of a layer of events may hold a wanted row, by its conditions and the log.

Tested by `tests/conformance/test_conditions.py` and `tests/paas/query/test_explain.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.iaas.table.table import File, Snapshot
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.resolve.prune import Pruning

if TYPE_CHECKING:
    from stcloud.paas.query.place.region import Region

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What conditions leave of a layer's files.

    Parameters
    ----------
    regions
        Areas and cells that every row must lie in.
    wants
        Tells of a file, or of a row group described like one, whether it may hold a wanted row.
    files
        The files that may.
    """

    regions: tuple[Region, ...]
    wants: Pruning
    files: tuple[File, ...]

    @classmethod
    def of(cls, conditions: Sequence[Resolved], snapshot: Snapshot, *, restated: bool) -> Bounds:
        """Return the bounds of resolved conditions; ``restated``: the codes that files hold do not count."""
        limits = [condition.limits for condition in conditions]
        wants = Pruning.of(limits, restated=restated)
        regions = tuple(limit.region for limit in limits if limit.region is not None)
        return cls(regions, wants, tuple(filter(wants, snapshot.files)))
