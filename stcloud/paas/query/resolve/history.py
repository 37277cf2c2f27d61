"""Histories: the versions of a layer's features that were believed at one recorded instant.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.feature import Believed
from stcloud.daas.table.timeline import ALWAYS, FOREVER, Ints
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.place.versions import History
from stcloud.paas.query.resolve.features import Features
from stcloud.time import Zone

__all__ = ["read_history"]

_MANY = 50_000  # keys are looked through for near ones


def read_history(
    layer: Features,
    key: str | None,
    known_us: int,
    at_us: int | None,
    span: tuple[int, int],
    column: str | None = None,
) -> History:
    """Read what was believed of one feature of a layer, or of all.

    Parameters
    ----------
    layer
        The layer.
    key
        The feature's, or a value of ``column``, which several may have; None: all features.
    known_us
        Recorded instant, UTC microseconds.
    at_us
        Only versions valid then; None: at any time of the span.
    span
        UTC microseconds, half-open: without ``at_us``, versions that were valid at none of it are left out.
    column
        The column that names features, each version by its own; None: their keys.

    Raises
    ------
    NotFound
        ``unknown-feature``: nothing was believed of it, with the nearest keys; or it was not there then.
        ``unknown-column``
    InvalidInput
        ``no-shape``: the feature has none, at ``at_us`` or ever; or no feature of the layer ever had one.
    """
    believed = layer.table.believed(layer.snapshot, known_us)
    if key is not None:
        believed = _of_key(believed, key, layer, column)
    chosen = believed
    if at_us is not None:
        chosen = believed.take((believed.start_us <= at_us) & (believed.end_us > at_us))
        if key is not None and not len(chosen):
            raise _not_there(believed, key, at_us, layer)
    shapes = np.asarray(shapely.from_wkb(_wkb(layer, chosen.row)), object)
    shaped = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    if not shaped.any() if key is not None else layer.extent is None:
        raise _shapeless(layer, key)
    kept = shaped if at_us is not None else shaped & (chosen.start_us < span[1]) & (chosen.end_us > span[0])
    versions = chosen.take(kept)
    return History(versions.key, versions.start_us, versions.end_us, shapes[kept])


def _of_key(believed: Believed, key: str, layer: Features, column: str | None) -> Believed:
    names = believed.key if column is None else _names(believed, layer, column)
    chosen = believed.take(
        pc.fill_null(pc.equal(names, key), fill_value=False).to_numpy(zero_copy_only=False)
    )
    if not len(chosen):
        known = pc.unique(names).drop_null().to_pylist()
        of = "" if column is None else f" whose {column} is"
        raise NotFound(
            "unknown-feature", f"layer '{layer.name}' has no feature{of} '{key}'", nearest=nearest(key, known[:_MANY])
        )  # fmt: skip
    return chosen


def _names(believed: Believed, layer: Features, column: str) -> pa.Array:
    """Return the column's values of versions, as text."""
    stored = {attribute.name: attribute.stored for attribute in layer.attributes}
    if column not in stored:
        raise NotFound(
            "unknown-column", f"layer '{layer.name}' has no column '{column}' (there are: {', '.join(stored)})",
            nearest=nearest(column, stored),
        )  # fmt: skip
    values = layer.table.content(layer.snapshot, believed.row, [stored[column]])[stored[column]]
    return values.combine_chunks().cast(pa.string())


def _wkb(layer: Features, row: Ints) -> NDArray[Any]:
    wkb: NDArray[Any] = layer.table.content(layer.snapshot, row)["st_geom"].to_numpy()
    return wkb


def _not_there(believed: Believed, key: str, at_us: int, layer: Features) -> NotFound:
    zone = layer.configuration.zone
    order = np.argsort(believed.start_us)
    periods = zip(believed.start_us[order].tolist(), believed.end_us[order].tolist(), strict=True)
    return NotFound(
        "unknown-feature", f"feature '{key}' of layer '{layer.name}' was not there at {zone.iso(at_us)}",
        hint="it was there " + ", ".join(_period(*period, zone) for period in _united(list(periods))[:3]),
    )  # fmt: skip


def _united(periods: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in periods:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _period(start_us: int, end_us: int, zone: Zone) -> str:
    start = "" if start_us == ALWAYS else f"from {zone.iso(start_us)} "
    return f"{start}on" if end_us == FOREVER else f"{start}to {zone.iso(end_us)}"


def _shapeless(layer: Features, key: str | None) -> InvalidInput:
    what = f"layer '{layer.name}'" if key is None else f"feature '{key}' of layer '{layer.name}'"
    return InvalidInput(
        "no-shape", f"{what} has no shape to lie in or near", hint="name a layer with a geometry"
    )
