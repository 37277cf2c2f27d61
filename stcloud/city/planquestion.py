"""A question about plans: which layers, by which rules, when, and as it was known when.

Tested by `tests/city/test_conflicts.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.city.planchecks import check_rules
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.store.folder import read_text
from stcloud.paas.conflict.conflictrows import SCHEMA, in_row_order
from stcloud.paas.conflict.conflictrules import ConflictRules
from stcloud.paas.conflict.conflictsearch import ConflictSearch
from stcloud.paas.conflict.decisions import DECISION_COLUMNS, DECISION_LAYER, with_decisions
from stcloud.paas.conflict.pairing import DatedRule
from stcloud.paas.conflict.planversions import PlanVersions
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import GivenKnown, OriginInstant, Pin, known_us, read_known
from stcloud.space import require_metric
from stcloud.time import EARLIEST_US, LATEST_US, Instant, TimeSpan, Zone, instant_us, parse_when, span_text

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.paas.query import Features

__all__ = ["GivenRules", "PlanQuestion", "read_rules"]

GivenRules = ConflictRules | Mapping[str, Any] | str | os.PathLike[str]
"""A table of rules, its keys and values, or its TOML or CSV file."""


@dataclass(frozen=True)
class PlanQuestion:
    """What is asked about plans.

    Attributes
    ----------
    city, parts
        The city.
    layers, rules
        Names of the layers, and the rules.
    window
        When: half-open, UTC microseconds.
    times
        The same as it was stated, for the facts of an answer.
    decisions
        Name of the layer of decisions.
    known
        As it was known at this recorded instant, or pin; None: now.
    """

    city: City = field(repr=False)
    parts: CityParts = field(repr=False)
    layers: tuple[str, ...]
    rules: ConflictRules
    window: tuple[int, int]
    times: Mapping[str, str]
    decisions: str
    known: GivenKnown | None = None

    @classmethod
    def of(
        cls,
        city: City,
        parts: CityParts,
        layers: Iterable[str],
        rules: GivenRules,
        *,
        at: Instant | None,
        during: TimeSpan | None,
        known_at: GivenKnown | None,
        decisions: str,
    ) -> PlanQuestion:
        """Read a question; raises what `City.conflicts` does."""
        names = (layers,) if isinstance(layers, str) else tuple(layers)
        if len(set(names)) < 2 or len(set(names)) < len(names):
            raise InvalidInput(
                "two-layers-needed",
                f"conflicts are between different layers, and these are {', '.join(names) or 'none'}",
                hint="name two layers or more, each once",
            )  # fmt: skip
        require_metric(city.configuration.crs)
        window, times = _window(at, during, city.configuration.zone)
        chosen = read_rules(rules)
        check_rules(city, names, chosen)
        return cls(city, parts, names, chosen, window, times, decisions, known_at)

    def as_known(self, known_at: GivenKnown | None) -> PlanQuestion:
        """Return the same question as of another recorded instant."""
        return replace(self, known=known_at)

    @property
    def zone(self) -> Zone:
        """The city's."""
        return self.city.configuration.zone

    @cached_property
    def pin(self) -> Pin:
        """The recorded instants that the layers are read as of."""
        known = None if self.known is None else read_known(self.known, self.zone)
        features = [self.city.features(name) for name in self.layers]
        decisions = self._decision_layer()
        read = features if decisions is None else [*features, decisions]
        return Pin.of({layer.name: known_us(layer, known) for layer in read}, {"zone": self.zone.rules})

    @cached_property
    def _tables(self) -> Mapping[str, pa.Table]:
        """The versions of each layer that are valid in the window, as they are read."""
        return {name: self.versions_of(self.city.features(name)).table for name in self.layers}

    @cached_property
    def plans(self) -> tuple[PlanVersions, ...]:
        """All versions of each layer; `InvalidInput` ``bad-depth``."""
        return tuple(self._plan(name, table) for name, table in self._tables.items())

    @cached_property
    def judged(self) -> tuple[PlanVersions, ...]:
        """The versions whose use some rule names, or needs not to; others are not even decoded."""
        return tuple(
            self._plan(name, self._of_named_uses(name, table)) for name, table in self._tables.items()
        )

    def _plan(self, name: str, table: pa.Table) -> PlanVersions:
        place = self.parts.catalogue.naming.folder_of(name)
        return PlanVersions.of(table, name, place, self.rules.department(name), self.rules.plan(name))

    def _of_named_uses(self, name: str, table: pa.Table) -> pa.Table:
        """Return the rows that a rule may be about."""
        sides = [side for bound in self.applying for side in bound.rule.sides if side.layer in (None, name)]
        column = self.rules.plan(name).use
        if column not in table.schema.names or not all(side.use for side in sides):
            return table
        uses = pa.array(sorted({use for side in sides for use in side.use}), pa.string())
        return table.filter(pc.is_in(table[column].cast(pa.string()), uses))

    def versions_of(self, layer: Features) -> Answer:
        """Return the versions of a layer in the window, as it was known."""
        start_us, end_us = self.window
        named = layer.name in dict(self.pin.layers)
        known = OriginInstant(self.pin.of_layer(layer.name)) if named else self.known
        if end_us - start_us == 1:
            return layer.as_of(start_us, known_at=known)
        return layer.between(max(start_us, EARLIEST_US), min(end_us, LATEST_US), known_at=known)

    def batches(self) -> Iterator[pa.Table]:
        """Give the conflicts in no order, block by block, with what was decided."""
        decided = self._decided()
        for batch in self._search.batches(self.judged):
            if len(batch.rows):
                yield self.local(with_decisions(batch.rows, decided))

    @cached_property
    def conflicts(self) -> tuple[pa.Table, Mapping[str, str]]:
        """The conflicts in order, with what was decided, and the facts about them."""
        slivers, sliver_m2, tables = 0, 0.0, [SCHEMA.empty_table()]
        for batch in self._search.batches(self.judged):
            slivers, sliver_m2 = slivers + batch.slivers, sliver_m2 + batch.sliver_m2
            tables.append(batch.rows)
        rows = with_decisions(in_row_order(pa.concat_tables(tables)), self._decided())
        pieces = f"{slivers:,} piece{'' if slivers == 1 else 's'}, {sliver_m2:,.3g} m² left out"
        return rows, self._facts | {"slivers": pieces} | self._left_out

    def local(self, rows: pa.Table) -> pa.Table:
        """Return a table with its instants on the city's clock."""
        for at, column in enumerate(rows.schema):
            if pa.types.is_timestamp(column.type):
                rows = rows.set_column(
                    at, column.name, rows[column.name].cast(pa.timestamp("us", self.zone.name))
                )
        return rows

    def answer(self, rows: pa.Table, facts: Mapping[str, str], groups: tuple[str, ...] = ()) -> Answer:
        """Return a table as an answer to this question."""
        return Answer(self.local(rows), self.city.configuration.lattice, facts, pin=self.pin, groups=groups)

    @property
    def applying(self) -> tuple[DatedRule, ...]:
        """The rules that are about two of the layers, with their periods."""
        return tuple(
            DatedRule(
                rule,
                ALWAYS if rule.start is None else instant_us(rule.start, self.zone),
                FOREVER if rule.end is None else instant_us(rule.end, self.zone),
            )
            for rule in self.rules
            if any(rule.joins(name, other) for name in self.layers for other in self.layers if name != other)
        )

    @property
    def _search(self) -> ConflictSearch:
        return ConflictSearch(self.applying, self.rules.slivers, self.window)

    @property
    def _facts(self) -> dict[str, str]:
        known = max(at_us for _, at_us in self.pin.layers)
        return {
            "layer": ", ".join(self.layers), **self.times, "known_at": self.zone.iso(known), "rules": self.rules.text,
            "rules_applied": f"{len(self.applying)} of {len([*self.rules])}",
        }  # fmt: skip

    @property
    def _left_out(self) -> dict[str, str]:
        """How many features rules cannot judge."""
        facts = {}
        without_place = {name: table["st_geom"].null_count for name, table in self._tables.items()}
        if any(without_place.values()):
            facts["without_place"] = _counts(without_place)
        columns = {name: self.rules.plan(name).use for name in self.layers}
        without_use = {
            name: table[columns[name]].null_count if columns[name] in table.schema.names else 0
            for name, table in self._tables.items()
        }
        named = any(side.use for bound in self.applying for side in bound.rule.sides)
        if named and any(without_use.values()):
            facts["without_use"] = _counts(without_use)
        underground = [rule.rule for rule in self.applying if rule.rule.gap_m is not None]
        without_depth = {
            plan.layer: int((~plan.has_depth).sum())
            for plan in self.judged
            if any(side.layer in (None, plan.layer) for rule in underground for side in rule.sides)
        }
        if any(without_depth.values()):
            facts["without_depth"] = _counts(without_depth)
        return facts

    def _decision_layer(self) -> Features | None:
        """Return the layer of decisions, if there is one and a pin names it; `InvalidInput` ``not-decisions``."""
        try:
            layer = self.city.features(self.decisions)
        except NotFound:
            return None
        if not {*DECISION_COLUMNS} <= {attribute.name for attribute in layer.attributes}:
            raise InvalidInput(
                "not-decisions", f"layer '{layer.name}' has no decisions: they have {', '.join(DECISION_COLUMNS)}",
                hint=f"name another layer of decisions, or load it with the definition {DECISION_LAYER}",
            )  # fmt: skip
        known = None if self.known is None else read_known(self.known, self.zone)
        named = not isinstance(known, Pin) or any(
            name in (layer.name, *layer.former) for name, _ in known.layers
        )
        return layer if named else None

    def _decided(self) -> pa.Table | None:
        """Return the decisions that hold at the end of the window."""
        layer = self._decision_layer()
        if layer is None:
            return None
        return layer.as_of(
            min(self.window[1] - 1, LATEST_US - 1), known_at=OriginInstant(self.pin.of_layer(layer.name))
        ).table


def _counts(by_layer: Mapping[str, int]) -> str:
    return ", ".join(f"{layer} {count:,}" for layer, count in by_layer.items() if count)


def read_rules(rules: GivenRules) -> ConflictRules:
    """Return a table of rules; errors are those of `ConflictRules.from_toml`, and of a file."""
    if isinstance(rules, ConflictRules):
        return rules
    if isinstance(rules, Mapping):
        return ConflictRules.from_document(rules, name="rules")
    path = Path(rules)
    text = read_text(path)
    if path.suffix.lower() == ".csv":
        return ConflictRules.from_csv(text, name=path.name, identity=path.stem.lower().replace(" ", "-"))
    return ConflictRules.from_toml(text, name=path.name)


def _window(
    at: Instant | None, during: TimeSpan | None, zone: Zone
) -> tuple[tuple[int, int], dict[str, str]]:
    """Return when conflicts are wanted, half-open, and how it was stated."""
    if at is not None and during is not None:
        raise InvalidInput(
            "at-or-during", "at names an instant and during a span, and both are given", hint="leave out one",
            in_shell="leave out --at or --during",
        )  # fmt: skip
    if at is not None:
        at_us = instant_us(at, zone)
        return (at_us, at_us + 1), {"at": zone.iso(at_us)}
    if during is None:
        return (ALWAYS, FOREVER), {}
    text = span_text(during, zone)
    span = parse_when(text, zone)
    start_us = ALWAYS if span.start_us is None else span.start_us
    return (start_us, FOREVER if span.end_us is None else span.end_us), {"during": text}
