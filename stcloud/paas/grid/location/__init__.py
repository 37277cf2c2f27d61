"""Which cell: the cells of a layer that hold each of many points (ring: paas).

Knows: points, and polygons in metres, whatever they are (a unit grid, communities, areas that overlap). Must not
know: codes, time, layers, files, reference systems.

Nouns: a `Locator` answers; an *outline* is a cell's edges; a *slab* is what lies between two heights of a cell; a
*bin* is a small square that knows which cells hold all of it and which only some.

Start reading at `locator.py`, then `edge.py` (the rule), then `search.py`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.paas.grid.location.locator import Locator, digest_of

__all__ = ["Locator", "digest_of"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: compiled loops take half a second to import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.locator"), name)
