"""The kind of features: something was so during a period, and may have any geometry, or none.

Tested by `tests/conformance/test_kinds.py` and `tests/reliability/test_damage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.kind.protocol import RunSql
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.feature import FeatureLayer, read_ends, row_files
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import FEATURE_PART, Attribute, feature_schema
from stcloud.iaas.table.table import File, Snapshot, Table
from stcloud.space import Lattice

if TYPE_CHECKING:
    from stcloud.daas.exchange.kindexchange import KindExchange
    from stcloud.daas.load.feature_load import FeatureLoad
    from stcloud.daas.load.steps import LoadContext
    from stcloud.daas.table.purged import PurgedFiles

__all__ = ["FEATURE", "FeatureKind"]

_BACKWARDS = """
SELECT st_key AS example FROM layer WHERE st_valid_to <= st_valid_from OR st_recorded_to <= st_recorded_from
"""
_NUMBERS = "SELECT st_row AS example FROM layer WHERE st_key IS NOT NULL"


class FeatureKind:
    """Layers of features; see `LayerKind`."""

    name = "feature"
    definition = FeatureDefinition
    partition = FEATURE_PART
    time_columns = ("st_valid_from", "st_valid_to")
    bounds_columns = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")
    row_names = ("version of features", "versions of features")
    has_arrays = False
    versioned = True

    def row_schema(self, columns: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of a feature table."""
        return feature_schema(columns)

    def table(self, name: str, table: Table) -> LayerTable:
        """Return a layer's table."""
        return FeatureLayer(name, table)

    def row_files(self, snapshot: Snapshot) -> list[File]:
        """Return the files of versions, not those of their ends."""
        return row_files(snapshot)

    def steps(self, context: LoadContext) -> FeatureLoad:
        """Return the steps of a load."""
        from stcloud.daas.load.feature_load import FeatureLoad  # noqa: PLC0415  (a question needs none of it)

        return FeatureLoad(context)

    def changed_by(self, layer: LayerTable, loads: Sequence[Reckoning], known: Reckoning) -> str | None:
        """Return the latest load that contradicts what a known load states, or None."""
        from stcloud.daas.table.later_changes import changed_features_by  # noqa: PLC0415

        return changed_features_by(layer, loads, known)

    def undo(self, layer: LayerTable, ledger: Ledger, load: str, now_us: int) -> Reckoning:
        """Take back a load: where the layer still holds what it stated, it holds again what it held before."""
        from stcloud.daas.table.undo_features import undo  # noqa: PLC0415

        return undo(cast("FeatureLayer", layer), ledger, load, now_us)

    def exchange(self) -> KindExchange:
        """Return how layers of features are exchanged."""
        from stcloud.daas.exchange.featureexchange import FEATURES  # noqa: PLC0415

        return FEATURES

    def expired(self, layer: LayerTable, snapshot: Snapshot, before_us: int) -> pa.Array:
        """Return the keys of features of which nothing is believed to be so from an instant on."""
        from stcloud.daas.table.expired import expired_features  # noqa: PLC0415

        return expired_features(cast("FeatureLayer", layer), snapshot, before_us)

    def purged(
        self, layer: LayerTable, snapshot: Snapshot, keys: pa.Array, columns: Sequence[str], *, writes: bool
    ) -> PurgedFiles:
        """Write the files anew that hold versions of some keys, without these or without values in them.

        Ends of versions that are removed go with them.
        """
        from stcloud.daas.table.purged import purged_files  # noqa: PLC0415

        table = cast("FeatureLayer", layer)
        purged = purged_files(
            snapshot, row_files(snapshot), keys, columns, self.time_columns,
            (lambda _, pieces: table.write_left(pieces)) if writes else None, lasting=self.versioned, number="st_row",
        )  # fmt: skip
        if not writes or not len(purged.numbers):
            return purged
        add, remove = table.without_ends(snapshot, np.array(purged.numbers, np.int64))
        return replace(purged, add=[*purged.add, *add], remove=[*purged.remove, *remove])

    def current_keys(self, layer: LayerTable, snapshot: Snapshot) -> pa.Array:
        """Return the keys of versions that are believed in now."""
        return cast("FeatureLayer", layer).believed(snapshot).key

    def discard_unneeded(self, layer: LayerTable, *, older_hours: float) -> int:  # noqa: ARG002
        """Delete nothing: all lies in the table."""
        return 0

    def findings(
        self,
        layer: LayerTable,
        snapshot: Snapshot,
        run_sql: RunSql,
        lattice: Lattice,  # noqa: ARG002
    ) -> Iterator[tuple[str, list[str]]]:
        """Check that valid periods of a key do not overlap, periods go forward, each end names a version."""
        believed = cast("FeatureLayer", layer).believed(snapshot)
        key = np.unique(np.asarray(believed.key.to_pylist(), object).astype(str), return_inverse=True)[1]
        order = np.lexsort((believed.start_us, key))
        key, start, end = key[order], believed.start_us[order], believed.end_us[order]
        overlapping = order[1:][(key[1:] == key[:-1]) & (start[1:] < end[:-1])]
        yield "overlap", believed.key.take(pa.array(overlapping)).to_pylist()
        yield "periods", run_sql(_BACKWARDS).read_all()["example"].drop_null().to_pylist()
        numbers = run_sql(_NUMBERS).read_all()["example"].to_numpy()
        yield "ends", [str(row) for row in np.setdiff1d(read_ends(snapshot).row, numbers).tolist()]


FEATURE = FeatureKind()
