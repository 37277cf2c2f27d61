"""Pieces of areas by weights: what of a source lies where, such as its inhabitants by buildings.

Tested by `tests/paas/carried/test_pieceweights.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.carried.areapieces import AreaPieces, Ints, Shapes

__all__ = ["pieces_by_weight"]

Floats = NDArray[np.float64]


def pieces_by_weight(
    pieces: AreaPieces, sources: Shapes, targets: Shapes, places: Shapes, weights: Floats
) -> AreaPieces:
    """Return pieces with shares by the weights that lie in them.

    Parameters
    ----------
    pieces, sources, targets
        The pieces, and the areas that they are of, in the order of their keys.
    places, weights
        ``(n,)`` geometries in the same CRS; None has no place. ``(n,)`` float64, 0 or more; NaN counts nothing.

    Returns
    -------
    The weight of an area or a line is shared out by its area or length. A point on a border is in the first of the
    pieces that meet there, by the keys of source and target; one outside of all sources counts nothing. A source in
    which no weight lies keeps its shares by area, and is named in ``by_area``.

    Raises
    ------
    InvalidInput
        ``negative-weight``.
    """
    if (np.nan_to_num(weights) < 0).any():
        raise InvalidInput(
            "negative-weight",
            f"a weight is {np.nanmin(weights):g}",
            hint="use weights of 0 or more, such as counts",
        )
    counted = np.asarray(
        ~shapely.is_missing(places) & ~shapely.is_empty(places) & (np.nan_to_num(weights) > 0)
    )
    places, weights = places[counted], weights[counted]
    points = shapely.get_dimensions(places) == 0
    weight = np.zeros(len(pieces.source))
    piece, point = _of_points(pieces, sources, targets, places[points])
    weight += np.bincount(piece, weights[points][point], len(weight))
    piece, place, part = _of_shapes(_shapes(pieces, sources, targets), places[~points])
    weight += np.bincount(piece, part * weights[~points][place], len(weight))
    return _shared(pieces, weight)


def _of_points(pieces: AreaPieces, sources: Shapes, targets: Shapes, points: Shapes) -> tuple[Ints, Ints]:
    """Return the piece of each point, and the point's position; by areas as they are, not as they are cut."""
    tree = shapely.STRtree(points)
    source, of_source = tree.query(sources, predicate="intersects")
    target, of_target = tree.query(targets, predicate="intersects")
    hits = pd.DataFrame({"point": of_source, "source": source})
    pairs = hits.merge(pd.DataFrame({"point": of_target, "target": target}), on="point")
    both = pd.concat([pairs, hits.assign(target=-1)], ignore_index=True)
    known = pd.Series(
        np.arange(len(pieces.source)), pd.MultiIndex.from_arrays([pieces.source, pieces.target])
    )
    both["piece"] = known.reindex(pd.MultiIndex.from_frame(both[["source", "target"]])).to_numpy()
    both = both.dropna(subset=["piece"]).assign(outside=lambda rows: rows["target"] < 0)
    both["first"], both["second"] = (
        _ranks(pieces.sources)[both["source"]],
        _ranks(pieces.targets)[both["target"]],
    )
    both = both.sort_values(["point", "outside", "first", "second"]).drop_duplicates("point")
    return both["piece"].to_numpy(np.int64), both["point"].to_numpy(np.int64)


def _of_shapes(shapes: Shapes, places: Shapes) -> tuple[Ints, Ints, Floats]:
    """Return the pieces that lines and areas lie in, their positions, and what part of each lies there."""
    tree = shapely.STRtree(places)
    piece, place = tree.query(shapes, predicate="intersects")
    common = shapely.intersection(shapes[piece], places[place])
    flat = shapely.get_dimensions(places) == 2
    part = np.where(flat[place], shapely.area(common), shapely.length(common))
    whole = np.where(flat, shapely.area(places), shapely.length(places))
    whole = np.maximum(whole, np.bincount(place, part, len(places)))  # a line on a border is in two pieces
    return piece, place, part / whole[place]


def _ranks(keys: tuple[str, ...]) -> Ints:
    """Return the place of each key among all of them; behind them one for no area."""
    ranks = np.empty(len(keys) + 1, np.int64)
    ranks[np.argsort(np.array(keys, np.object_), kind="stable")] = np.arange(len(keys))
    ranks[-1] = len(keys)
    return ranks


def _shared(pieces: AreaPieces, weight: Floats) -> AreaPieces:
    """Return pieces with the shares of their weights; of a source without any, by area."""
    total = np.bincount(pieces.source, weight, len(pieces.sources))[pieces.source]
    weighed = total > 0
    share = np.where(weighed, weight / np.where(weighed, total, 1.0), pieces.area_share)
    without = np.unique(pieces.source[~weighed])
    return replace(pieces, share=share, by_area=tuple(pieces.sources[at] for at in without))


def _shapes(pieces: AreaPieces, sources: Shapes, targets: Shapes) -> Shapes:
    """Return the shape of each piece."""
    shapes = np.empty(len(pieces.source), object)
    inside = ~pieces.is_outside
    shapes[inside] = shapely.intersection(sources[pieces.source[inside]], targets[pieces.target[inside]])
    if pieces.is_outside.any():
        every = shapely.union_all(targets) if len(targets) else shapely.Polygon()
        shapes[~inside] = shapely.difference(sources[pieces.source[~inside]], every)
    return shapes
