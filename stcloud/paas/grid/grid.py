"""A unit grid of a city, ready for look-ups: which cell held a point when, what its codes mean, is it sound.

Tested by `tests/paas/grid/test_index.py` and `tests/saas/test_same_answer.py`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.daas.catalogue import Layer
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.table.feature import FeatureLayer
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.errors import FormatError, InvalidInput, StorageError
from stcloud.iaas.bundle import bundled_text, grids
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.paas.cache import Cache
from stcloud.paas.grid.scheme import Scheme
from stcloud.paas.grid.units import Units, Versions
from stcloud.space import Lattice, Level
from stcloud.time import Instant, Zone, instant_us

if TYPE_CHECKING:
    from stcloud.paas.grid.check import Report, Rules
    from stcloud.paas.grid.crosswalk import Crosswalk

__all__ = ["UnitGrid", "read_scheme"]

Floats = NDArray[np.float64]

_BOX = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")
LATEST_US = FOREVER - 1
"""The instant that stands for "as it stands from the last change on"."""


def read_scheme(name: str) -> Scheme:
    """Return a bundled code scheme by its name; `InvalidInput` ``unknown-scheme``."""
    if name not in grids():
        raise InvalidInput(
            "unknown-scheme", f"there is no code scheme {name!r}", hint=f"use {', '.join(grids())}"
        )
    return Scheme.from_toml(bundled_text("grids", f"{name}.toml"), name=name)


@dataclass(frozen=True, slots=True)
class UnitGrid:
    """A unit grid, from one version of its layer.

    Parameters
    ----------
    layer, table
        The cells.
    lattice
        The city's.
    place
        Folder of the index; it may be deleted.
    zone
        The city's.
    cache
        Cache of the city.
    """

    layer: Layer
    table: FeatureLayer
    lattice: Lattice
    place: ArrayFolder
    zone: Zone
    cache: Cache = field(default_factory=Cache, repr=False)

    def __post_init__(self) -> None:
        definition = self.layer.definition
        if not isinstance(definition, FeatureDefinition):
            raise InvalidInput(
                "not-a-grid", f"layer '{self.layer.name}' holds events and is no unit grid",
                hint="name a layer of features that was loaded as one, e.g. with --definition unit-grid",
            )  # fmt: skip
        if definition.grid is None:
            raise InvalidInput(
                "not-a-grid", f"layer '{self.layer.name}' is no unit grid",
                hint=f"say so in layers/{self.layer.name}.toml: [grid] and scheme = \"unit-grid-15\"",
            )  # fmt: skip

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def scheme(self) -> Scheme:
        """Scheme of the cells' codes."""
        definition = self.layer.definition
        assert isinstance(definition, FeatureDefinition)  # noqa: S101  (born so)
        return read_scheme(definition.grid.scheme if definition.grid else "")

    @property
    def known_us(self) -> int:
        """Recorded instant of the newest change of the grid."""
        recorded = self.layer.recorded_us
        return recorded[1] if recorded else 0

    def units(self, known_at_us: int | None = None) -> Units:
        """Return all versions of the cells that were current at a recorded instant, with an index.

        Parameters
        ----------
        known_at_us
            Recorded instant, UTC microseconds; None, or later than the grid's newest change: now.

        Notes
        -----
        The index is built once for each change of the grid and kept in the city's cache; the newest one also on
        disk, unless it is small.
        """
        now = self.known_us
        known_us = now if known_at_us is None else min(known_at_us, now)
        key = ("units", str(self.place), self.layer.snapshot.sequence, known_us)
        make = self._units_now if known_us == now else lambda: Units.of(self.versions(known_us))
        return self.cache.once(key, make, lambda units: units.nbytes)

    def _units_now(self) -> Units:
        name = f"{self.layer.snapshot.sequence}-{self.known_us}"
        with contextlib.suppress(FormatError, StorageError):  # older, damaged or just replaced: made anew
            kept = self.place.read(name)
            if kept is not None:
                return Units.from_arrays(kept)
        units = Units.of(self.versions())
        if units.is_small:
            return units
        with contextlib.suppress(StorageError):  # a city that may only be read is searched all the same
            self.place.write(name, units.arrays())
        return units

    def units_near(self, x: Floats, y: Floats, known_at_us: int | None = None) -> Units:
        """Return the versions whose boxes hold one of a few points; the rest of a large grid is not made ready.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the city's CRS.
        known_at_us
            As for `units`.

        Notes
        -----
        They hold these points as all `units` do. O(n m) comparisons of m boxes; the boxes are read, and few shapes.
        """
        snapshot = self.layer.snapshot
        past = known_at_us if known_at_us is not None and known_at_us < self.known_us else None
        believed = self.table.believed(snapshot, past)
        boxes = self.table.content(snapshot, believed.row, _BOX)
        west, south, east, north = (boxes[name].to_numpy() for name in _BOX)
        held = np.zeros(len(believed.row), np.bool_)
        for at_x, at_y in zip(x.tolist(), y.tolist(), strict=True):
            held |= (west <= at_x) & (at_x <= east) & (south <= at_y) & (at_y <= north)
        few = believed.take(held)
        shapes = shapely.from_wkb(self.table.content(snapshot, few.row, ["st_geom"])["st_geom"].to_numpy())
        return Units.of(Versions(shapes, _texts(few.key), few.start_us, few.end_us))

    def locate(self, x: ArrayLike, y: ArrayLike, at: Instant | Ints | None = None) -> pa.Array:
        """Return the code of the cell that contains each point.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the city's CRS.
        at
            An instant, or ``(n,)`` int64 UTC microseconds, one for each point; None: the newest state of the
            grid.

        Returns
        -------
        ``(n,)`` text, dictionary-encoded; null where there was no cell. A point on a shared edge is in the cell
        east of it, a point on a horizontal edge in the cell north of it.
        """
        at_us = LATEST_US if at is None else at if isinstance(at, np.ndarray) else instant_us(at, self.zone)
        units = self.units()
        return units.code_of(units.locate(x, y, at_us))

    def versions(self, known_at_us: int | None = None) -> Versions:
        """Return all versions of the cells that were current at a recorded instant; None: now."""
        snapshot = self.layer.snapshot
        believed = self.table.believed(snapshot, known_at_us)
        shapes = shapely.from_wkb(self.table.content(snapshot, believed.row)["st_geom"].to_numpy())
        return Versions(shapes, _texts(believed.key), believed.start_us, believed.end_us)

    def periods(self, known_at_us: int | None = None) -> tuple[NDArray[np.object_], Ints, Ints]:
        """Return codes, starts and ends of the versions that `versions` gives; reads no shapes.

        Starts and ends are half-open, ``(n,)`` int64 UTC microseconds, `ALWAYS` and `FOREVER` where they are open.
        """
        believed = self.table.believed(self.layer.snapshot, known_at_us)
        return _texts(believed.key), believed.start_us, believed.end_us

    def crosswalk(self, level: str = "100m", at: Instant | None = None) -> Crosswalk:
        """Return the area that each cell shares with each cell of the lattice, at an instant of valid time.

        Parameters
        ----------
        level
            ``"100m"``, ``"1km"`` …
        at
            None: the grid as it stands from its last change on.
        """
        from stcloud.paas.grid.crosswalk import crosswalk  # noqa: PLC0415  (compiled loops are slow to import)

        return crosswalk(*self._there(at), self.lattice, Level.parse(level))

    def crosswalk_versions(self, old: Instant, new: Instant | None = None) -> Crosswalk:
        """Return the area that each cell of an older state (left) shares with each cell of a newer one (right)."""
        from stcloud.paas.grid.crosswalk import crosswalk_versions  # noqa: PLC0415

        return crosswalk_versions(*self._there(old), *self._there(new))

    def _there(self, at: Instant | None) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return the cells that were there at an instant, and their codes."""
        at_us = LATEST_US if at is None else instant_us(at, self.zone)
        versions = self.versions()
        there = (
            (versions.start_us <= at_us) & (at_us < versions.end_us) & ~shapely.is_missing(versions.shapes)
        )
        return versions.shapes[there], versions.codes[there]

    def check(
        self,
        communities: NDArray[np.object_] | None = None,
        community_codes: NDArray[np.object_] | None = None,
        *,
        rules: Rules | None = None,
    ) -> Report:
        """Find gaps, overlaps, slivers, wrong codes and numbers, unusual sizes, and contradicting periods.

        Parameters
        ----------
        communities, community_codes
            ``(m,)`` polygons that the cells must tile, in the city's CRS, and ``(m,)`` their codes.
        rules
            Tolerances and sizes; default: the definition's.
        """
        from stcloud.paas.grid.check import inspect  # noqa: PLC0415  (a question needs it not)

        versions = self.versions()
        return inspect(
            versions.shapes, versions.codes, communities, community_codes, versions.start_us, versions.end_us,
            scheme=self.scheme, rules=rules or self.rules,
        )  # fmt: skip

    @property
    def rules(self) -> Rules:
        """What a check tolerates: the definition's tolerance; areas from half the target to double."""
        from stcloud.paas.grid.check import Rules  # noqa: PLC0415

        definition = self.layer.definition
        grid = definition.grid if isinstance(definition, FeatureDefinition) else None
        if grid is None:
            return Rules()
        target = grid.target_area_m2
        return Rules(tolerance_m=grid.tolerance_m, target_m2=target, least_m2=target / 2, most_m2=target * 2)


def _texts(keys: pa.Array) -> NDArray[np.object_]:
    return np.array(keys.to_pylist(), object)
