"""The steps of a load of scenes: those of features, and the arrays that are written before the commit.

A scene holds until the next one of its product and tile, whatever the order in which they are loaded.

Tested by `tests/daas/load/test_scene_load.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.load.clean_features import CleanedFeatures, FeatureCleaner
from stcloud.daas.load.column import Faults
from stcloud.daas.load.feature_load import FeatureLoad
from stcloud.daas.load.feature_settle import FeatureChanges
from stcloud.daas.load.steps import LoadContext, TableChange
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.changeset import DatedRows
from stcloud.daas.table.scene import arrays_of
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.errors import InvalidInput
from stcloud.iaas.job import Job
from stcloud.iaas.table.table import Snapshot
from stcloud.space import area_of_use

if TYPE_CHECKING:
    from stcloud.iaas.raster.source import RasterSource

__all__ = ["SceneCleaner", "SceneLoad", "until_next"]

_MARGIN_DEG = 1.4  # a little less than what is accepted of features
_EDGE_DEG = 0.5
_LEAST_SHARED = 0.5
"""So much of the smaller of two footprints of a tile is in both."""


class SceneCleaner(FeatureCleaner):
    """Cleaning of scenes: of a footprint that is larger than the city's CRS can show, that part is kept."""

    def _written(self, source: Mapping[str, pa.Array], faults: Faults) -> pa.Array:
        wkb = super()._written(source, faults)
        area = area_of_use(self.lattice.crs)
        if area is None or area[0] > area[2]:
            return wkb
        west, south, east, north = area
        margin = _MARGIN_DEG
        shown = shapely.box(west - margin, max(-90, south - margin), east + margin, min(90, north + margin))
        outlines = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        cut = ~shapely.covers(shown, outlines) & shapely.intersects(shown, outlines)
        if not cut.any():
            return wkb
        outlines[cut] = shapely.segmentize(shapely.intersection(outlines[cut], shown), _EDGE_DEG)
        return pa.array(shapely.to_wkb(outlines), pa.binary())


class SceneLoad(FeatureLoad):
    """One load of scenes; see `LoadSteps`."""

    cleaner = SceneCleaner

    def __init__(self, context: LoadContext) -> None:
        super().__init__(context)
        self._outlines: list[tuple[int, str, bytes]] = []
        self._fresh: set[int] = set()

    def begin(self) -> None:
        """Refuse a stated period; read what is believed now.

        Raises
        ------
        InvalidInput
            ``scenes-have-instants``
        """
        request = self._context.request
        if request.valid_from_us is not None or request.valid_to_us is not None:
            raise InvalidInput(
                "scenes-have-instants",
                f"a scene of layer '{self._layer.name}' holds from when it was acquired until the next one",
                hint="leave out --valid-from and --valid-to",
            )
        super().begin()

    def take(self, cleaned: CleanedFeatures) -> None:
        """Keep what features keep, and the footprints."""
        super().take(cleaned)
        columns = (cleaned.rows.column(name).to_pylist() for name in ("st_key", "st_geom"))
        self._outlines += zip(cleaned.start_us.tolist(), *columns, strict=True)

    def settle(self, base: Snapshot) -> None:
        """Decide what the scenes change.

        Raises
        ------
        InvalidInput
            ``other-place``: a scene lies elsewhere than the one before it of its product and tile.
        """
        self._refuse_elsewhere(base)
        super().settle(base)

    def _refuse_elsewhere(self, base: Snapshot) -> None:
        """Refuse scenes that would end those of another place, because two places have one name."""
        newest = dict(zip(self._believed.key.to_pylist(), self._believed.row.tolist(), strict=True))
        wanted = {key: newest[key] for _, key, _ in self._outlines if key in newest}
        held = self._layer.content(base, np.array([*wanted.values()], np.int64), ["st_geom"])[
            "st_geom"
        ].to_pylist()
        known = dict(zip(wanted, held, strict=True))
        for start_us, key, outline in sorted(self._outlines):
            before, now = shapely.from_wkb([known.get(key, outline), outline])
            if before.intersection(now).area < _LEAST_SHARED * min(before.area, now.area):
                raise InvalidInput(
                    "other-place",
                    f"the scene of {key.replace('|', ' ')} of {self._context.zone.iso(start_us)} lies elsewhere than "
                    "the others of this product and tile, and would end them",
                    hint="give each place a tile of its own: {tile} in the pattern of file names",
                )
            known[key] = outline

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:
        """Write the arrays of scenes that are new or other, then the rows that name them."""
        assert self._settled is not None  # noqa: S101  (settled before)
        number = self._settled.changes.row
        wanted = set(number[number >= 0].tolist())
        source, files = cast("RasterSource", self._context.source), arrays_of(self._layer)
        for row, image, digest in source.images() if wanted else ():
            if row in wanted:
                files.write(image, digest, self._context.staging)
                job.tell("write", row, max(wanted))
        return super().write(base, schema, stamp, job)

    def _counts(self, settled: FeatureChanges, unplaced: int) -> dict[str, object]:
        """Count scenes as new that are of an instant of which there was none."""
        counts = super()._counts(settled, unplaced)
        begun = set(settled.changes.row[settled.changes.row >= 0].tolist())
        stated = cast("int", counts["accepted"]) + cast("int", counts["updated"])
        fresh = len(begun & self._fresh)
        return counts | {"accepted": fresh, "updated": stated - fresh}

    def _lasting(self, rows: DatedRows, beliefs: DatedRows) -> DatedRows:
        """Return scenes with their ends: the next one of the key, in the layer or in the file."""
        known = set(zip(beliefs.key.tolist(), beliefs.start_us.tolist(), strict=True))
        stated = zip(rows.number.tolist(), rows.key.tolist(), rows.start_us.tolist(), strict=True)
        self._fresh = {number for number, *scene in stated if tuple(scene) not in known}
        ends = until_next(
            np.concatenate([beliefs.key, rows.key]), np.concatenate([beliefs.start_us, rows.start_us])
        )
        return replace(rows, end_us=ends[len(beliefs.key) :])


def until_next(key: Ints, start_us: Ints) -> Ints:
    """Return when the next one of each key begins, int64 UTC microseconds; `FOREVER` for the last.

    >>> until_next(np.array([0, 0, 1, 0]), np.array([5, 9, 7, 5])).tolist() == [9, FOREVER, FOREVER, 9]
    True
    """
    order = np.lexsort((start_us, key))
    key, start_us = key[order], start_us[order]
    ends = np.full(len(key), FOREVER, np.int64)
    group = np.flatnonzero(np.diff(key, prepend=key[:1] - 1) | np.diff(start_us, prepend=start_us[:1] - 1))
    size = np.diff(np.append(group, len(key)))
    following = np.append(group[1:], -1)
    last = np.ones(len(group), np.bool_)
    last[:-1] = key[group[1:]] != key[group[:-1]]
    of_group = np.where(last, FOREVER, start_us[following] if len(start_us) else FOREVER)
    ends[order] = np.repeat(of_group, size)
    return ends
