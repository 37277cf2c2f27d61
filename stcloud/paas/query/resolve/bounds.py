"""Bounds: which files and row groups of a layer of events may hold a wanted row, by its conditions and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stcloud.iaas.table.table import File, Snapshot
from stcloud.paas.query.place.refine import Region
from stcloud.paas.query.place.siting import Sited, extent_of
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.resolve.prune import Pruning
from stcloud.space import Cover, Lattice

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What conditions leave of a layer's files.

    Parameters
    ----------
    places, covers, regions
        Areas and cells that every row must lie in, their covers, and both ready for tests; one each.
    wants
        Tells of a file, or of a row group described like one, whether it may hold a wanted row.
    files
        The files that may.
    """

    places: tuple[Place, ...]
    covers: tuple[Cover, ...]
    regions: tuple[Region, ...]
    wants: Pruning
    files: tuple[File, ...]

    @classmethod
    def of(cls, plan: Sequence[object], snapshot: Snapshot, lattice: Lattice) -> Bounds:
        """Return the bounds of a resolved plan; reads nothing."""
        places = [step for step in plan if isinstance(step, Place)]
        places += [place for step in plan if isinstance(step, Predicate) for place in step.places()]
        covers = [place.cover(lattice) for place in places]
        regions = [place.region(cover) for place, cover in zip(places, covers, strict=True)]
        sited = (extent_of(step.formula) for step in plan if isinstance(step, Sited))
        extents = [extent for extent in sited if extent is not None]
        boxes = [*(tuple(place.boxes(lattice)) for place in places), *(extent.boxes for extent in extents)]
        wants = Pruning.of(plan, tuple(boxes), (*regions, *(extent.region for extent in extents)))
        chosen = tuple(filter(wants, snapshot.files))
        return cls(tuple(places), tuple(covers), tuple(regions), wants, chosen)
