"""A rule that is bound to a layer: its question resolved to masks, its groups and its value found among the columns.

Tested by `tests/paas/standing/test_layerevaluation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.episode.episoderule import length_us
from stcloud.paas.query.plan.groupcolumn import group_column, group_values
from stcloud.paas.query.plan.plan import By, FeatureGroup, Part, Plan, Rows, Scan
from stcloud.paas.query.plan.resolved import Mask, Resolved, columns_of
from stcloud.paas.query.resolve.resolver import Holder, Resolver, layers_of
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.run.measuring import read_by
from stcloud.paas.series.reader import SeriesColumns
from stcloud.paas.standing.counted import CountTracker
from stcloud.paas.standing.incident import Tracker
from stcloud.paas.standing.lasting import LastingTracker, Terms
from stcloud.paas.standing.ruleindex import equality_of, is_equality
from stcloud.paas.standing.standingrule import StandingRule
from stcloud.space import CellSize
from stcloud.time import Zone, instant_us

if TYPE_CHECKING:
    from stcloud.daas.table.schema import Attribute
    from stcloud.paas.query.spec.query import Query

__all__ = ["KEEP_US", "OWN", "BoundRule", "ReadingColumn", "bind_rule", "layers_named", "tracker_of"]

KEEP_US = 600_000_000
"""So much later than others a row may come at least before the layer is read again for it."""

OWN = ("st_key", "st_time", "st_x", "st_y", "st_cell", "st_recorded_from", "st_recorded_to")
"""Columns of every row that rules look at."""


@dataclass(frozen=True, slots=True)
class ReadingColumn:
    """Where a layer has a value.

    Attributes
    ----------
    stored
        The column.
    variable, name
        Of a long layer the column with the name of what was measured, and the name.
    factor, offset
        To the declared unit.
    plausible
        Limits of what counts as a value, in that unit; None: all does.
    step_us
        How long a reading stands for; None: the layer does not say.
    """

    stored: str
    variable: str | None = None
    name: str = ""
    factor: float = 1.0
    offset: float = 0.0
    plausible: tuple[float, float] | None = None
    step_us: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return (self.stored,) if self.variable is None else (self.stored, self.variable)

    def levels(self, rows: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the value of each row in the declared unit; NaN: none that is plausible."""
        values = rows.column(self.stored).cast(pa.float64()).to_numpy(zero_copy_only=False)
        values = np.asarray(values, np.float64) * self.factor + self.offset
        if self.plausible is not None:
            low, high = self.plausible
            values = np.where((values < low) | (values > high), np.nan, values)
        return np.asarray(values, np.float64)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows measure it, with or without a value."""
        if self.variable is None:
            return np.ones(rows.num_rows, np.bool_)
        same = pc.fill_null(pc.equal(rows.column(self.variable), self.name), fill_value=False)
        return np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class BoundRule:
    """A version of a rule, ready to test rows.

    Attributes
    ----------
    rule, version
        The rule.
    conditions
        What tells which rows the question keeps.
    by
        What rows are grouped by.
    since_us, until_us
        Valid time of the rows that it looks at, half-open, UTC microseconds.
    added_us
        The recorded instant from which on it is there.
    ended_us
        The recorded instant from which on it is there no more; None: it is there.
    tracker
        Follows a group that had no samples.
    measured
        Where its value is, of a rule that watches readings.
    steps
        The same conditions, each with its description.
    equality, is_equality
        A column and the value that it must have for a row to be kept; None: there is none. Whether no more is asked.
    zone, kept_by
        The city's zone; which rows are kept, as a text: the same for rules that keep the same rows.
    holders
        For each group of features, what names the feature that held a row at the row's own time.
    """

    rule: StandingRule
    version: int
    conditions: tuple[Resolved, ...]
    by: tuple[By, ...]
    since_us: int
    until_us: int
    added_us: int
    ended_us: int | None
    tracker: Tracker
    measured: ReadingColumn | None
    steps: tuple[tuple[str, tuple[Resolved, ...]], ...]
    equality: tuple[str, Any] | None
    zone: Zone = field(repr=False)
    kept_by: str = ""
    is_equality: bool = False
    holders: Mapping[By, Holder] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> tuple[str, int]:
        """What it is called: the rule's id, and the version."""
        return self.rule.id, self.version

    @property
    def watches(self) -> bool:
        """Whether rows that the question does not keep matter, too: those of a mover that leaves."""
        return self.rule.within is None and self.measured is None

    @property
    def keep_us(self) -> int:
        """How much later than others a row may come before the layer is read again for it."""
        return max(self.rule.lateness_us, self.rule.within_us, KEEP_US)

    @property
    def kept_columns(self) -> frozenset[str]:
        """Stored columns by which the question keeps rows."""
        return columns_of(self.conditions) | {*(self.measured.columns if self.measured else ())}

    @property
    def columns(self) -> frozenset[str]:
        """Stored columns that are looked at."""
        named = [name for by in self.by if (name := group_column(by)) is not None]
        return self.kept_columns | {*OWN, *named}

    @property
    def of_units(self) -> bool:
        """Whether it depends on the unit grid's codes of rows."""
        return "st_unit" in self.columns

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch the question keeps."""
        kept = np.ones(rows.num_rows, np.bool_)
        for condition in self.conditions:
            kept &= condition.mask(rows)
        return kept if self.measured is None else kept & self.measured.mask(rows)

    def in_time(self, time_us: NDArray[np.int64]) -> Mask:
        """Tell which valid times it looks at."""
        return (time_us >= self.since_us) & (time_us < self.until_us)

    def groups(self, rows: pa.RecordBatch) -> list[str | None]:
        """Return the group of each row as a text; None: it has none."""
        if not self.by:
            return [""] * rows.num_rows
        columns = [self._values(by, rows).to_pylist() for by in self.by]
        return [
            None if None in values else " | ".join(map(str, values)) for values in zip(*columns, strict=True)
        ]

    def _values(self, by: By, rows: pa.RecordBatch) -> pa.Array:
        holder = self.holders.get(by)
        return group_values(by, rows, self.zone) if holder is None else holder(rows)


def bind_rule(
    rule: StandingRule, version: int, query: Query, *, added_us: int, ended_us: int | None = None
) -> BoundRule:
    """Bind a rule to its layer; reads what its question names of other layers.

    Parameters
    ----------
    rule, version
        The rule.
    query
        The rule's question, narrowed.
    added_us, ended_us
        The recorded instants between which it is there.

    Raises
    ------
    InvalidInput, NotFound, Unsupported
        As `Query.what`, `Query.where`, `Query.when`; ``unknown-column``: the layer has no such value; ``no-step``;
        ``unknown-group``: rows cannot be grouped so; ``not-events``.
    """
    subject, zone = query.subject, query.subject.zone
    if subject.kind.own_columns(subject.layer) and subject.layer.layer_kind.versioned:
        raise InvalidInput("not-events", f"layer '{rule.layer}' holds features", hint="ask a layer of events")
    resolver = Resolver(subject, None)
    plan = Plan((Scan(subject.layer.name), *query.conditions, Rows()))
    resolution = resolver.resolution(plan)
    named = zip(map(str, plan.conditions), resolution.by_condition, strict=True)
    measured = None if rule.value is None else _measured(rule, query)
    by = tuple(_by(text, query) for text in rule.question.by)
    if measured is not None and not by and subject.layer.definition.kind == "event":
        by = _station(query)
    anywhere = Scope(ALWAYS, FOREVER)
    holders: dict[By, Holder] = {
        group: resolver.holders(group, anywhere) for group in by if isinstance(group, FeatureGroup)
    }
    return BoundRule(
        rule, version, resolution.conditions, by, added_us if rule.since is None else instant_us(rule.since, zone),
        FOREVER if rule.until is None else instant_us(rule.until, zone), added_us, ended_us,
        tracker_of(rule, measured), measured, tuple(named), equality_of(query.conditions), zone,
        f"{rule.value} {rule.question!r}", measured is None and is_equality(query.conditions), holders,
    )  # fmt: skip


def layers_named(rule: StandingRule, query: Query) -> tuple[str, ...]:
    """Return the other layers that a rule reads, for its places and its groups; ``query`` as for `bind_rule`."""
    return layers_of(query.conditions, [read_by(text, query.inquiry()) for text in rule.question.by])


def _by(text: str, query: Query) -> By:
    by = read_by(text, query.inquiry())
    if isinstance(by, CellSize | Part | FeatureGroup) or getattr(by, "stored", None):
        return by
    raise InvalidInput(
        "unknown-group", f"a rule cannot group rows by '{text}'",
        hint="group them by a column, a cell such as cell:100m, unit, community, street, district, or in:LAYER",
    )  # fmt: skip


def _station(query: Query) -> tuple[By, ...]:
    """Return the column of stations, where the layer is a series."""
    layer = query.subject.layer
    if getattr(layer.definition, "series", None) is None:
        return ()
    stored = SeriesColumns.of(layer).station
    return tuple(attribute for attribute in layer.attributes if attribute.stored == stored)


def _measured(rule: StandingRule, query: Query) -> ReadingColumn:
    layer, value = query.subject.layer, rule.value or ""
    if getattr(layer.definition, "series", None) is not None:
        columns = SeriesColumns.of(layer).named([value])
        clause, stored = columns.values[value]
        change = clause.conversion
        return ReadingColumn(
            stored, columns.variable, value, change.factor if change.changes else 1.0,
            change.offset if change.changes else 0.0, clause.plausible, columns.clause.step_us,
        )  # fmt: skip
    numbers: Mapping[str, Attribute] = {
        attribute.name: attribute for attribute in layer.attributes if attribute.type in ("number", "integer")
    }
    if value not in numbers:
        raise NotFound(
            "unknown-column", f"layer '{layer.name}' has no number '{value}'", nearest=nearest(value, numbers)
        )
    return ReadingColumn(numbers[value].stored)


def tracker_of(rule: StandingRule, measured: ReadingColumn | None) -> Tracker:
    """Return what follows a group of a rule that had no samples; `InvalidInput` ``no-step``."""
    if rule.within is not None:
        lasting = rule.count if rule.ends_below is None else int(-(-rule.ends_below // 1))
        return CountTracker(rule.within_us, rule.count, lasting, rule.quiet_us)
    if measured is None:
        gap_us = None if rule.gap is None else length_us(rule.gap)
        return LastingTracker(
            Terms(1, 0.5, None, rule.least_us, rule.quiet_us, gap_us, gap_us, credited=False, silent=True)
        )
    episodes = rule.episode_rule
    step_us = measured.step_us if episodes.step_us is None else episodes.step_us
    if step_us is None:
        raise InvalidInput(
            "no-step", f"nothing says how long a reading of layer '{rule.layer}' stands for",
            hint='add a step to the rule, such as step = "1h"',
        )  # fmt: skip
    return LastingTracker(
        Terms(
            episodes.sign, episodes.threshold, episodes.release, episodes.least_us, rule.quiet_us, step_us,
            step_us + episodes.gap_us, credited=True, silent=False,
        )
    )  # fmt: skip
