"""Division: the unit grid of communities, made from what is on the ground.

Ring: PaaS, a part of ``paas/grid``; pure. It knows streets, shores, buildings and components as geometries in one
metric CRS, and how cells are numbered; it must not know layers, files or who asks. Arrays come in, values go out.

Nouns: a *network* is lines that meet only at their ends; *faces* lie between them; *places* are faces merged until
they may be cells; *cells* are places cut until they are small enough; a *preset* says what is valued; *quality* says
what was reached. Order of work: `network` (with `carriageway` and `deadend`), `face`, `merge`, `split` (with `cut`,
`chord`, `cost`, `ground`, `ring`), `cell`, `succession`, `quality`. Start reading in `division`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.grid.division.division import Division, divide
    from stcloud.paas.grid.division.preset import PRESETS, Preset
    from stcloud.paas.grid.division.quality import Misfit, Quality
    from stcloud.paas.grid.division.succession import Earlier

__all__ = ["PRESETS", "Division", "Earlier", "Misfit", "Preset", "Quality", "divide"]

_HOMES = {
    "PRESETS": ".preset", "Division": ".division", "Earlier": ".succession", "Misfit": ".quality",
    "Preset": ".preset", "Quality": ".quality", "divide": ".division",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # compiled code is heavy
