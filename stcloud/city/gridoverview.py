"""A unit grid at a glance: when it changed, how many cells it had then, and the areas that its codes begin with.

Law: **the cells of a version are those that are valid at its instant**, and the cells of the areas of one kind add up
to them, for codes that have the area.

Tested by `tests/city/test_gridoverview.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stcloud.city.placelayers import LayerRoles, name_in
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from stcloud.city.city import City

__all__ = ["GridArea", "GridOverview", "GridVersion", "grid_overview"]

_MOST_VERSIONS = 1_000
_MOST_NAMED = 20_000
_NAMING = ("communities", "administrative-areas")


@dataclass(frozen=True, slots=True)
class GridVersion:
    """An instant at which a grid changed, UTC microseconds, and how many cells it had from then on."""

    from_us: int
    cells: int


@dataclass(frozen=True, slots=True)
class GridArea:
    """Cells whose codes begin with one prefix.

    Attributes
    ----------
    kind, code
        Which prefix of the scheme (``district``, ``street``, ``community`` …), and the prefix.
    name
        What a layer of the city calls it; None: none does.
    cells
        How many cells it has.
    """

    kind: str
    code: str
    name: str | None
    cells: int


@dataclass(frozen=True, slots=True)
class GridOverview:
    """A unit grid.

    Attributes
    ----------
    layer, scheme
        Its layer, and the id of its code scheme.
    cells, areas
        How many cells it has at the instant that was asked for, and the areas that they lie in, by kind and code.
    versions
        When it changed: the last 1,000 instants, in order.
    """

    layer: str
    scheme: str
    cells: int
    areas: tuple[GridArea, ...]
    versions: tuple[GridVersion, ...]


def grid_overview(city: City, layer: str, at_us: int) -> GridOverview:
    """Return a unit grid at a glance, as it is known now.

    Parameters
    ----------
    city, layer
        The city, and the name of its layer of a unit grid.
    at_us
        The instant whose cells are counted, UTC microseconds.

    Raises
    ------
    NotFound, InvalidInput
        What `City.grid` raises.
    """
    grid = city.grid(layer)
    codes, start_us, end_us = grid.periods()
    ends = end_us[end_us < FOREVER]
    instants = np.unique(np.concatenate([start_us[start_us > ALWAYS], ends]))[-_MOST_VERSIONS:]
    begun = np.searchsorted(np.sort(start_us), instants, side="right")
    ended = np.searchsorted(np.sort(ends), instants, side="right")
    there = [str(code) for code in codes[(start_us <= at_us) & (at_us < end_us)]]
    counts = {
        (kind, length): Counter(code[:length] for code in there if len(code) >= length)
        for kind, length in grid.scheme.prefixes.items()
    }
    names = _names(city, at_us) if there else {}
    areas = tuple(
        GridArea(kind, code, names.get(code), cells)
        for (kind, _), of_kind in counts.items()
        for code, cells in sorted(of_kind.items())
    )
    versions = (
        GridVersion(at, there) for at, there in zip(instants.tolist(), (begun - ended).tolist(), strict=True)
    )
    return GridOverview(layer, grid.scheme.id, len(there), areas, tuple(versions))


def _names(city: City, at_us: int) -> dict[str, str]:
    """Return names by the keys of communities and administrative areas that may be read, at an instant."""
    names: dict[str, str] = {}
    roles = LayerRoles.of(city).layers
    for layer in (name for role in _NAMING for name in roles[role]):
        try:
            rows = city.query(layer).as_of(at_us).rows(_MOST_NAMED).to_records()
        except (InvalidInput, NotFound):  # only counts of it may be seen, or it was purged
            continue
        for row in rows:
            name = name_in(row)
            if name is not None:
                names.setdefault(str(row["st_key"]), name)
    return names
