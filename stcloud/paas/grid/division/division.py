"""Divide communities into unit cells, and tell how well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import pays, plainly
from stcloud.paas.grid.division.cell import closed, simple
from stcloud.paas.grid.division.cut import best_cut
from stcloud.paas.grid.division.face import Faces, faces, meetings
from stcloud.paas.grid.division.ground import PlotIndex
from stcloud.paas.grid.division.merge import merged, thinned
from stcloud.paas.grid.division.network import Network, canonical, network
from stcloud.paas.grid.division.preset import PRESETS, Preset
from stcloud.paas.grid.division.quality import Misfit, Quality, measured
from stcloud.paas.grid.division.split import SplitRule, plain_steps, split
from stcloud.paas.grid.division.succession import CODES, Earlier, coded, predecessors, unchanged

__all__ = ["Division", "divide"]

_PLACES = 64

Geometries = NDArray[np.object_]
Texts = NDArray[np.str_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Cells of communities, and how they came to be.

    Parameters
    ----------
    cells
        ``(n,)`` polygons in the CRS of the communities, those of a community together, in order of their codes.
    codes, communities
        ``(n,)`` text: 15 characters; the first 12 of them.
    predecessors
        ``(n,)`` codes of the earlier cells each new cell took ground from; empty for a cell that kept its code.
    kept
        ``(n,)`` bool: cells that were there before, under the same code.
    retired
        Codes of earlier cells that end with this division, ascending.
    thinned
        Communities that got larger cells because they needed more codes than there are.
    preset, target_area_m2, components_per_cell
        What it was made with. Give the last one again when a part is divided anew.
    streets
        Streets as given, noded, but for parallel carriageways and ramps that became one.
    quality
        What it reached.
    """

    cells: Geometries
    codes: Texts
    communities: Texts
    predecessors: tuple[tuple[str, ...], ...]
    kept: NDArray[np.bool_]
    retired: tuple[str, ...]
    thinned: tuple[str, ...]
    preset: Preset
    target_area_m2: float
    components_per_cell: float
    streets: Geometries
    quality: Quality


@dataclass(frozen=True, slots=True, eq=False)
class _Input:
    """What is divided, in an order that does not depend on how it was given."""

    communities: Geometries
    codes: Texts
    boundaries: Geometries
    streets: Geometries
    shores: Geometries
    buildings: Geometries
    components: Geometries


def divide(
    communities: Geometries, community_codes: Texts, streets: Geometries, buildings: Geometries | None = None,
    components: Geometries | None = None, water: Geometries | None = None, *, target_area_m2: float = 10_000.0,
    preset: Preset = PRESETS["balanced"], workers: int = 1, previous: Earlier | None = None,
    components_per_cell: float | None = None,
) -> Division:  # fmt: skip
    """Divide communities into unit cells along streets and shores, around buildings.

    Parameters
    ----------
    communities, community_codes
        ``(n,)`` Polygons or MultiPolygons in a metric CRS, which do not overlap; ``(n,)`` text of 12 characters.
    streets
        Lines in the same CRS, noded or not.
    buildings, components, water
        Polygons to go around; geometries of any kind to share out; polygons whose shores are edges.
    target_area_m2
        Area of a cell.
    preset
        What is valued; see `PRESETS`.
    workers
        Threads.
    previous
        Cells of earlier divisions, those retired too: a cell that is still the same keeps its code.
    components_per_cell
        Load that cells are compared with; None takes the mean, rounded to a power of the root of 2.

    Raises
    ------
    InvalidInput
        ``bad-communities`` (codes, invalid or overlapping polygons), ``bad-target-area``, ``codes-exhausted``.

    Notes
    -----
    The cells of a community tile it; none crosses it. Equal inputs give equal cells bit for bit, in whatever order
    and direction they are given, for any number of workers. Time grows with the area.

    Examples
    --------
    >>> square = shapely.box(0, 0, 400, 200)
    >>> street = shapely.LineString([(200, -50), (200, 250)])
    >>> made = divide(np.array([square]), np.array(["420106001001"]), np.array([street]))
    >>> made.codes.tolist()[:2], float(shapely.area(made.cells).sum())
    (['420106001001001', '420106001001002'], 80000.0)
    >>> made.quality.streets_near
    1.0
    """
    given = _checked(communities, community_codes, streets, buildings, components, water, target_area_m2)
    earlier = previous or Earlier.none()
    net = network(given.boundaries, given.streets, given.shores, given.buildings, preset)
    load = components_per_cell if components_per_cell is not None else _mean_load(given, target_area_m2)
    rule = SplitRule(preset, target_area_m2, load)
    polygons, own = _cells(net, given, rule, workers)
    return _finished(polygons, own, net, given, earlier, rule)


def _finished(
    polygons: Geometries, own: Ints, net: Network, given: _Input, earlier: Earlier, rule: SplitRule
) -> Division:  # fmt: skip
    """Give cells their codes, put them in order, measure them."""
    kept = unchanged(polygons, given.codes[own], earlier)
    root = _thinned(polygons, own, kept, net, given, earlier, rule)
    made = np.unique(root)
    thin = np.isin(made, np.unique(root[root != np.arange(len(root))]))
    cells, own, kept = simple(_joined(polygons, root)), own[made], kept[made]
    codes = coded(cells, given.codes[own], kept, earlier, rule.target_m2**0.5)
    order = np.argsort(codes, kind="stable")
    cells, own, kept, codes, thin = cells[order], own[order], kept[order], codes[order], thin[order]
    quality = measured(
        cells, own, given.communities, target_m2=rule.target_m2, streets=given.streets, single=net.single,
        lines=np.concatenate((given.streets, given.shores, given.boundaries)), buildings=given.buildings,
        components=given.components, misfits=_misfits(cells, codes, own, thin, given, rule),
    )  # fmt: skip
    return Division(
        cells, codes, given.codes[own], predecessors(cells, kept, earlier), kept != "",
        _retired(earlier, given.communities, codes),
        tuple(np.unique(given.codes[own[thin]]).tolist()), rule.preset, rule.target_m2, rule.mean_load, net.single,
        quality,
    )  # fmt: skip


def _retired(earlier: Earlier, communities: Geometries, codes: Texts) -> tuple[str, ...]:
    """Return codes of earlier cells that end with the division: they lay in what was divided."""
    now = earlier.active
    if not len(now.cells):
        return ()
    here, _ = shapely.STRtree(communities).query(shapely.point_on_surface(now.cells), predicate="intersects")
    return tuple(sorted(set(now.codes[here].tolist()) - set(codes.tolist())))


def _checked(
    communities: Geometries, codes: Texts, streets: Geometries, buildings: Geometries | None,
    components: Geometries | None, water: Geometries | None, target_m2: float,
) -> _Input:  # fmt: skip
    """Refuse what cannot be divided; put the rest in order."""
    texts, none = np.asarray(codes, dtype=np.str_), np.array([], dtype=object)
    places = shapely.force_2d(np.asarray(communities, dtype=object))
    fault = _fault(places, texts)
    if fault:
        raise InvalidInput(
            "bad-communities",
            f"these communities cannot be divided: {fault}",
            hint="give valid polygons that do not overlap, a code each",
        )
    if not 0 < target_m2 < np.inf:
        raise InvalidInput("bad-target-area", f"the target area is {target_m2:g} m²", hint="give m², above 0")
    order = np.argsort(texts)
    places = shapely.normalize(places[order])
    return _Input(
        places, texts[order], canonical(shapely.boundary(places)), canonical(streets),
        none if water is None else canonical(shapely.boundary(water)),
        none if buildings is None else canonical(buildings),
        none if components is None else np.asarray(components, dtype=object),
    )  # fmt: skip


def _fault(places: Geometries, codes: Texts) -> str:
    """Say what is wrong with communities, nothing if all is well."""
    if len(places) != len(codes) or not len(places):
        return f"{len(places)} communities have {len(codes)} codes"
    bad = [code for code in codes.tolist() if len(code) != 12]
    if bad or len(set(codes.tolist())) < len(codes):
        return f"code {bad[0]!r} has not 12 characters" if bad else "two communities have one code"
    invalid = np.flatnonzero(~shapely.is_valid(places) | (shapely.get_dimensions(places) != 2))
    if len(invalid):
        return f"community {codes[invalid[0]]} is no valid polygon"
    first, second = shapely.STRtree(places).query(places, predicate="intersects")
    first, second = first[first < second], second[first < second]
    common = shapely.area(shapely.intersection(places[first], places[second]))
    wide = np.flatnonzero(common > 0.01 * shapely.length(places[first]))
    return f"communities {codes[first[wide[0]]]} and {codes[second[wide[0]]]} overlap" if len(wide) else ""


def _mean_load(given: _Input, target_m2: float) -> float:
    mean = len(given.components) / max(shapely.area(given.communities).sum() / target_m2, 1.0)
    return float(2.0 ** (round(2 * np.log2(mean)) / 2)) if mean > 0 else 0.0


def _cells(net: Network, given: _Input, rule: SplitRule, workers: int) -> tuple[Geometries, Ints]:
    """Return polygons with all their vertices, and the number of each one's community."""
    plain_faces = faces(net, given.communities)
    root = merged(plain_faces, rule.preset, rule.target_m2)
    places, own = _joined(plain_faces.polygons, root), plain_faces.community[np.unique(root)]
    ground = PlotIndex.of(given.buildings, given.components)

    def rings(start: int) -> list[list[NDArray[np.float64]]]:
        batch = places[start : start + _PLACES]
        return [split(place, plot, rule) for place, plot in zip(batch, ground.plots(batch), strict=True)]

    compiled = pays(best_cut, plain_steps(places, len(given.buildings), rule))
    cutting, threads = (rings, max(workers, 1)) if compiled else (partial(plainly, rings), 1)
    with ThreadPoolExecutor(threads) as pool:
        batches = pool.map(cutting, range(0, len(places), _PLACES))
        cut = [place_rings for batch in batches for place_rings in batch]
    polygons, ring = closed([ring for place_rings in cut for ring in place_rings])
    return polygons, np.repeat(own, [len(place_rings) for place_rings in cut])[ring]


def _joined(polygons: Geometries, root: Ints) -> Geometries:
    """Unite the polygons of each root, roots ascending."""
    order = np.argsort(root, kind="stable")
    groups = np.split(polygons[order], np.flatnonzero(np.diff(root[order])) + 1)
    joined = [group[0] if len(group) == 1 else shapely.coverage_union_all(group) for group in groups]
    return np.array(joined, dtype=object)


def _thinned(
    polygons: Geometries,
    own: Ints,
    kept: Texts,
    net: Network,
    given: _Input,
    earlier: Earlier,
    rule: SplitRule,
) -> Ints:
    """Merge new cells of communities that need more codes than there are; others keep their own number."""
    root, new = np.arange(len(polygons)), np.flatnonzero(kept == "")
    left = np.array([CODES - earlier.used(code) for code in given.codes.tolist()])
    if not len(new) or (np.bincount(own[new], minlength=len(left)) <= left).all():
        return root
    pairs, lengths = meetings(polygons[new], net, own[new])
    some = Faces(polygons[new], own[new], pairs, *lengths)
    root[new] = new[thinned(some, left, given.codes, rule.preset, rule.target_m2)]
    return root


def _misfits(
    cells: Geometries, codes: Texts, own: Ints, thin: NDArray[np.bool_], given: _Input, rule: SplitRule
) -> tuple[Misfit, ...]:
    """Tell which cells are of another size than they should be, and why."""
    area = shapely.area(cells)
    least, most = rule.preset.least * rule.target_m2, rule.preset.most * rule.target_m2
    misfits = []
    for row in np.flatnonzero((area < least) | (area > most)).tolist():
        small = min(shapely.area(shapely.get_parts(given.communities[own[row]]))) < least
        reason = "codes" if thin[row] else "no-good-cut" if area[row] > most else "edges-kept"
        misfits.append(
            Misfit(
                str(codes[row]),
                float(area[row]),
                "small-community" if small and area[row] < least else reason,
            )
        )
    return tuple(misfits)
