"""The kind of scenes: a feature, its footprint and both clocks, with an immutable array beside it.

Tested by `tests/conformance/test_kinds.py` and `tests/daas/load/test_scene_load.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from stcloud.daas.definition.scene import SceneDefinition
from stcloud.daas.kind.feature import FeatureKind
from stcloud.daas.kind.protocol import RunSql
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.errors import Unsupported
from stcloud.iaas.table.table import Snapshot
from stcloud.space import Lattice

if TYPE_CHECKING:
    from stcloud.daas.exchange.kindexchange import KindExchange
    from stcloud.daas.load.scene_load import SceneLoad
    from stcloud.daas.load.steps import LoadContext
    from stcloud.daas.table.feature import FeatureLayer

__all__ = ["SCENE", "SceneKind"]


class SceneKind(FeatureKind):
    """Layers of scenes; see `LayerKind`."""

    name = "scene"
    definition = SceneDefinition
    row_names = ("scene", "scenes")
    has_arrays = True

    def steps(self, context: LoadContext) -> SceneLoad:
        """Return the steps of a load."""
        from stcloud.daas.load.scene_load import SceneLoad  # noqa: PLC0415  (a question needs none of it)

        return SceneLoad(context)

    def undo(self, layer: LayerTable, ledger: Ledger, load: str, now_us: int) -> Reckoning:
        """Take back a load: the scene before each that goes holds until the next one that stays."""
        from stcloud.daas.table.undo_scenes import undo_scenes  # noqa: PLC0415

        return undo_scenes(cast("FeatureLayer", layer), ledger, load, now_us)

    def exchange(self) -> KindExchange:
        """Refuse: a package holds no images. `Unsupported` ``no-exchange``."""
        raise Unsupported(
            "no-exchange", "layers of images and grids are not exchanged: a package holds rows, and no arrays",
            hint="send its files, and load them there",
        )  # fmt: skip

    def discard_unneeded(self, layer: LayerTable, *, older_hours: float) -> int:
        """Delete array files that no row names, of past beliefs either; return how many."""
        from stcloud.daas.table.scene import discard_unnamed  # noqa: PLC0415

        return discard_unnamed(layer, older_hours=older_hours)

    def findings(
        self, layer: LayerTable, snapshot: Snapshot, run_sql: RunSql, lattice: Lattice
    ) -> Iterator[tuple[str, list[str]]]:
        """Check what is checked of features, and that the array of each scene is there and holds its values."""
        from stcloud.daas.table.scene import array_faults  # noqa: PLC0415

        yield from super().findings(layer, snapshot, run_sql, lattice)
        yield "arrays", array_faults(layer, snapshot)


SCENE = SceneKind()
