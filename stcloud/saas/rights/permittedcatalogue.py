"""The layers that a principal may see, as it may see them: the one place where rights to layers are decided.

Tested by `tests/saas/rights/test_permitted.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.reckoning import COMPLETE, UNDO, Reckoning
from stcloud.daas.table.feature import FeatureLayer
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import UNIT, attributes
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, StcloudError, Unsupported
from stcloud.iaas.store.folder import check_name
from stcloud.iaas.table.table import Table
from stcloud.saas.rights.counted import only_counts
from stcloud.saas.rights.layercopy import LayerCopy
from stcloud.saas.rights.stored import (
    StoredPart,
    hidden_columns,
    row_conditions,
    shown_layer,
    visible_definition,
    visible_schema,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from stcloud.city import City
    from stcloud.daas.entry import Layer
    from stcloud.daas.purge.record import PurgeRecord
    from stcloud.daas.table.schema import Attribute
    from stcloud.saas.rights.grants import Grants
    from stcloud.saas.rights.readfolder import ReadFolder
    from stcloud.saas.rights.rule import PolicyRule

__all__ = ["PermittedCatalogue"]

_COPIES = "copies"
_NARROWING = ("columns", "hide", "what", "where", "when", "mask", "personal", "position")


class PermittedCatalogue(Catalogue):
    """The layers of a city as a principal may see them; the others are not there.

    Parameters
    ----------
    whole
        The city with all that it has.
    folder
        Its folder, to be read.
    grants
        What the principal may do.
    """

    def __init__(self, whole: City, folder: ReadFolder, grants: Grants) -> None:
        super().__init__(folder, whole.configuration)
        self._whole, self._grants, self._own = whole, grants, folder.own
        self._copies: dict[str, LayerCopy] = {}
        self._areas: dict[str, tuple[int | None, tuple[str, ...]]] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of the layers that may be seen, sorted."""
        return self._grants.seen_of(self._whole.parts.catalogue.names())

    def refuse_former(self, name: str) -> None:
        """Refuse a name that a layer had before, if the layer may be seen: `NotFound` ``renamed-layer``."""
        if self._grants.of(self._present(name)) is not None:
            super().refuse_former(name)

    def table(self, name: str) -> LayerTable:
        """Return the table that a layer is read from: its own, or a copy of what may be seen."""
        rule = self._rule(self._present(name))
        if rule is None:
            return LayerTable(name, Table(self._own / "absent"))
        if not rule.limits_rows:
            return self._whole.parts.catalogue.table(name)
        self.layer(name)
        return LayerTable(name, self._copy(name).table)

    def features(self, name: str) -> FeatureLayer:
        """Return the table of a layer of features; `InvalidInput` ``not-permitted``: only counts may be seen."""
        rule = self._grants.of(self._present(name))
        if rule is not None and not rule.allows("read"):
            raise only_counts(name)
        return FeatureLayer(name, self.table(name).table)

    def _present(self, name: str) -> str:
        """Return what the layer is called now that has or had a name."""
        return self.naming.name_of(self.naming.folder_of(check_name(name)))

    def _rule(self, name: str) -> PolicyRule | None:
        """Return what the rule that decides on a layer says of it, its personal columns by their names."""
        rule = self._grants.of(name)
        if rule is None or rule.personal == "show" or name not in self._whole.parts.catalogue.names():
            return rule
        return rule.of_layer(self._whole.parts.catalogue.layer(name).personal)

    def _layer(self, name: str) -> Layer:
        rule = self._grants.of(self._present(name))
        if rule is None:
            raise self._unknown(name)
        try:
            layer = self._whole.parts.catalogue.layer(name)
        except NotFound as error:
            if error.kind != "unknown-layer":
                raise
            raise self._unknown(name) from None
        layer = self._without_units(layer)
        try:
            rule = rule.of_layer(layer.personal)
            return self._part(layer, rule) if rule.narrows else layer
        except (InvalidInput, NotFound, Unsupported) as error:  # its message is about the whole city
            raise InvalidDefinition(
                "unfit-policy",
                f"the policy does not fit layer '{name}' any more",
                hint="check it against the city",
            ) from error

    def view(self, layer: Layer) -> str:
        """Return a digest of what of a layer is shown; empty: all.

        It changes with the rule, and with the areas that the rule names: rows that were shown before are others then.
        """
        rule = self._rule(layer.name)
        if rule is None or not rule.narrows:
            return ""
        areas = ""
        if rule.limits_rows:
            conditions = row_conditions(rule, self._whole, layer.name).conditions
            names = sorted({name for condition in conditions for name in condition.layers})
            areas = repr([(name, self._whole.layer(name).snapshot.version) for name in names])
        shown = rule.model_dump_json(include=set(_NARROWING))
        return hmac.digest(self._grants.secret or b"view", f"{shown} {areas}".encode(), hashlib.sha256).hex()

    def _without_units(self, layer: Layer) -> Layer:
        """Return events without the codes of a grid that may not be read, or not all of it."""
        schema = layer.snapshot.schema
        if UNIT not in schema.names:
            return layer
        index = self._whole.parts.grids.of(layer.name)
        rule = None if index is None else self._rule(index[0].name)
        if rule is not None and rule.allows("read") and not rule.limits_rows:
            return layer
        return replace(layer, snapshot=replace(layer.snapshot, schema=_without(schema, UNIT)))

    def _part(self, layer: Layer, rule: PolicyRule) -> Layer:
        """Return what may be seen of a layer."""
        purges = tuple(_shown_purges(layer, hidden_columns(rule, layer)))
        if not rule.limits_rows:
            shown = shown_layer(layer, rule)
            loads = partial(_without_details, layer.read_loads, _names(shown.attributes))
            return replace(shown, purges=purges, read_loads=loads)
        schema = visible_schema(rule, layer)
        snapshot = self._copy(layer.name).renewed(
            layer, self._state(layer, rule, schema),
            lambda: StoredPart.of(rule, self._whole, layer, self._grants.secret),
        )  # fmt: skip
        visible = attributes(schema)
        return replace(
            layer, definition=visible_definition(rule, layer), snapshot=snapshot, attributes=visible,
            read_loads=partial(_instants, layer.read_loads, _names(visible)), purges=purges,
        )  # fmt: skip

    def _copy(self, name: str) -> LayerCopy:
        folder = self.naming.folder_of(name)
        return self._copies.setdefault(folder, LayerCopy(self._own / _COPIES / folder))

    def renew_copies(self) -> None:
        """Bring the copies up to date that there are; remove those of layers that are gone or cannot be read."""
        for folder, copy in list(self._copies.items()):
            try:
                self.layer(self.naming.name_of(folder))
            except StcloudError:
                copy.clear()

    def _state(self, layer: Layer, rule: PolicyRule, schema: pa.Schema) -> str:
        """Return what a copy depends on besides the layer's rows: its columns, and the areas that the rule names."""
        version, names = self._areas.get(layer.name, (None, ()))
        if version != layer.snapshot.version:
            conditions = row_conditions(rule, self._whole, layer.name).conditions
            names = tuple(sorted({name for condition in conditions for name in condition.layers}))
            self._areas[layer.name] = layer.snapshot.version, names
        areas = [(name, self._whole.layer(name).snapshot.version) for name in names]
        return f"{schema.names} {attributes(schema)} {areas} {sorted(rule.mask.items())}"


def _without(schema: pa.Schema, name: str) -> pa.Schema:
    return schema.remove(schema.get_field_index(name))


def _names(shown: Iterable[Attribute]) -> frozenset[str]:
    return frozenset(attribute.name for attribute in shown)


def _instants(loads: Callable[[], list[Reckoning]], shown: frozenset[str]) -> list[Reckoning]:
    """Return when a layer was loaded, until when it is complete and which columns it brought, and no more."""
    known = {load.load: str(load.recorded_at_us) for load in loads()}
    return [
        Reckoning(
            known[load.load], load.layer, known.get(load.source, "") if load.mode in (UNDO, COMPLETE) else "",
            load.mode, load.recorded_at_us, complete_to_us=load.complete_to_us, complete_by=load.complete_by,
            new_columns=tuple(name for name in load.new_columns if name in shown),
        )
        for load in loads()
    ]  # fmt: skip


def _without_details(loads: Callable[[], list[Reckoning]], shown: frozenset[str]) -> list[Reckoning]:
    """Return loads with their counts, and without what names columns that are hidden."""
    none: dict[str, int] = {}
    return [
        replace(
            load, rejected_by=none, unplaced_by=none, missing_columns=(), notes=(), scope={},
            new_columns=tuple(name for name in load.new_columns if name in shown),
        )
        for load in loads()
    ]  # fmt: skip


def _shown_purges(layer: Layer, hidden: frozenset[str]) -> list[PurgeRecord]:
    """Return the purges of a layer without the names of hidden columns; those of such columns alone are left out."""
    shown = []
    for purge in layer.purges:
        columns = tuple(name for name in purge.scope.columns if name not in hidden)
        if purge.scope.columns and not columns:
            continue
        filtered = purge.scope.filtered
        kept = None if filtered is None else tuple(name for name in filtered if name not in hidden)
        shown.append(replace(purge, scope=replace(purge.scope, columns=columns, filtered=kept)))
    return shown
