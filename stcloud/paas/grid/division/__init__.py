"""Division: the unit grid of communities, made from what is on the ground.

Ring: PaaS, a part of ``paas/grid``; pure. It knows streets, shores, buildings and components as geometries in one
metric CRS, and how cells are numbered; it must not know layers, files or who asks. Arrays come in, values go out.

Nouns: a *network* is lines that meet only at their ends; *faces* lie between them; *places* are faces merged until
they may be cells; *cells* are places cut until they are small enough; a *preset* says what is valued; *quality* says
what was reached. Order of work: `network` (with `carriageway` and `deadend`), `face`, `merge`, `split` (with `cut`,
`chord`, `cost`, `ground`, `ring`), `cell`, `succession`, `quality`. Start reading in `division`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.paas.grid.division.division import Division, divide
    from stcloud.paas.grid.division.preset import PRESETS, Preset
    from stcloud.paas.grid.division.quality import Misfit, Quality
    from stcloud.paas.grid.division.succession import Earlier

__all__ = ["PRESETS", "Division", "Earlier", "Misfit", "Preset", "Quality", "divide"]

_ROOM = "stcloud.paas.grid.division"
_HOMES = {
    "PRESETS": "preset", "Division": "division", "Earlier": "succession", "Misfit": "quality", "Preset": "preset",
    "Quality": "quality", "divide": "division",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: compiled code is heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module {_ROOM!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{_ROOM}.{_HOMES[name]}"), name)
