"""Periods: how the period of a row lies to a time, and what was there at an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.plan.row_kind import row_kind
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import all_of, any_of
from stcloud.time import Instant, Span, Spans, When, Zone, instant_us
from stcloud.time.relation import End, Relation

__all__ = ["EVER", "AsOf", "PeriodTest", "Related", "as_of", "related", "timed", "window_of"]

_LEAST_US = 1
_APART = {Relation.BEFORE, Relation.AFTER, Relation.MEETS, Relation.MET_BY, Relation.DISJOINT}


@dataclass(frozen=True, slots=True)
class Related(Condition):
    """Keep rows whose period lies so to any of some spans.

    Parameters
    ----------
    relation
        How the row's period lies to the span.
    spans
        Any of them may fit.
    text
        As it was written.
    """

    relation: Relation
    spans: Spans
    text: str

    def __str__(self) -> str:
        return f"when {self.describe()}"

    @property
    def fact(self) -> str:
        """It is the time."""
        return "when"

    def time(self) -> Spans:
        """Return the spans that periods are compared with."""
        return self.spans

    def window(self) -> tuple[int, int]:
        """Return when rows that are kept were there."""
        return _window(self.relation, self.spans)

    def describe(self) -> str:
        """Return the time, for people."""
        return f"{self.relation} {self.text}"

    def within(self, spans: Spans) -> Related:
        """Return the same of the period before."""
        return Related(self.relation, spans, f"the period before {self.text}")

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on the columns of the kind's period."""
        return (PeriodTest(self.relation, self.spans, *resolving.rows.period),)


EVER = Related(Relation.INTERSECTS, Spans.always(), "ever")
"""Whenever rows were there."""


@dataclass(frozen=True, slots=True)
class AsOf(Condition):
    """Keep features that were there at an instant of valid time (UTC microseconds)."""

    at_us: int
    text: str

    def __str__(self) -> str:
        return f"as of {self.text}"

    @property
    def fact(self) -> str:
        """It is the instant."""
        return "as_of"

    def time(self) -> Spans:
        """Return the instant, as a span that holds nothing else."""
        return Spans.of([Span(self.at_us, self.at_us + _LEAST_US)])

    def window(self) -> tuple[int, int]:
        """Return the instant, as a span that holds nothing else."""
        return self.at_us, self.at_us + _LEAST_US

    def describe(self) -> str:
        """Return the instant, for people."""
        return self.text

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on the columns of the kind's period."""
        return (PeriodTest(Relation.INTERSECTS, self.time(), *resolving.rows.period),)


@dataclass(frozen=True, slots=True)
class PeriodTest(Resolved):
    """A condition on the period of rows, which two columns hold.

    Parameters
    ----------
    relation, spans
        How the period lies to any of the spans.
    start, end
        Names of the columns; a null end is later than all instants.
    """

    relation: Relation
    spans: Spans
    start: str
    end: str

    exact = True

    @property
    def columns(self) -> frozenset[str]:
        """The two columns."""
        return frozenset((self.start, self.end))

    @property
    def limits_exact(self) -> bool:
        """Whether all that is tested is that the period shares an instant with one span."""
        return self.relation is Relation.INTERSECTS and len(self.spans.parts) == 1

    @property
    def limits(self) -> Limits:
        """When rows were there, and when they began at the latest."""
        after, before = _window(self.relation, self.spans)
        times = None if before == FOREVER else ((None, before - 1),)
        return Limits(times=times, valid=(after, before))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch lie so."""
        start, end = (micros(rows.column(name), FOREVER) for name in (self.start, self.end))
        kept = np.zeros(len(start), np.bool_)
        for span in self.spans.parts:
            kept |= self.relation.holds(start, end, *_ends(span))
        return kept

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold."""
        start, end = writing.column(self.start), writing.column(self.end)
        return [
            any_of([related(self.relation, start, end, span, writing.binder) for span in self.spans.parts])
        ]


def _ends(span: Span) -> tuple[int, int]:
    return (
        ALWAYS if span.start_us is None else span.start_us, FOREVER if span.end_us is None else span.end_us,
    )  # fmt: skip


def _window(relation: Relation, spans: Spans) -> tuple[int, int]:
    """Return ``[after, before)`` at some instant of which a period must be that lies so to any of some spans."""
    if relation in _APART or not spans.parts:
        return ALWAYS, FOREVER
    starts, ends = zip(*map(_ends, spans.parts), strict=True)
    return min(starts), max(ends)


def window_of(conditions: Iterable[Condition]) -> tuple[int, int] | None:
    """Return when features must be there for all conditions, half-open, UTC microseconds; None: at any time."""
    windows = [window for condition in conditions if (window := condition.window()) is not None]
    return (max(low for low, _ in windows), min(high for _, high in windows)) if windows else None


def as_of(at: Instant, layer: Layer, zone: Zone) -> AsOf:
    """Return the condition that features were there at an instant; `InvalidInput` ``not-features``."""
    row_kind(layer).require_valid(layer)
    at_us = instant_us(at, zone)
    return AsOf(at_us, zone.iso(at_us))


def timed(when: When, times: Sequence[str], relation: str | None, layer: Layer) -> During | Related:
    """Return the condition on time: when events start, or how periods lie to it.

    Parameters
    ----------
    when, times
        The time, and as it was written.
    relation
        As it was written; None: of features ``intersects``, of events none.
    layer
        Whose events or features.

    Raises
    ------
    InvalidInput
        ``unknown-relation``; ``no-period``: of events that have no end, or with days of the week or hours.
    """
    kind = row_kind(layer)
    relation = relation or kind.default_relation
    if relation is None:
        return During(when)
    wanted = Relation.parse(relation)
    if not kind.has_period(layer):
        raise InvalidInput(
            "no-period", f"'{relation}' is asked of periods, and events of '{layer.name}' have no end",
            hint="ask when they start, without a relation",
        )  # fmt: skip
    if when.recurs or not times:
        raise InvalidInput(
            "no-period", "periods are compared with spans of time, not with days of the week or hours",
            hint="e.g. when 2024-03, relation overlaps",
        )  # fmt: skip
    return Related(wanted, when.spans, " or ".join(times))


def related(
    relation: Relation, start: exp.Expression, end: exp.Expression, span: Span, binder: Binder
) -> exp.Expression:
    """Return the condition that a row's period lies so to a span.

    Parameters
    ----------
    relation
        How.
    start, end
        Of the row, half-open; a null end is later than all instants.
    span
        Half-open; None is before or after all instants.
    binder
        Takes the values.
    """
    known = exp.Coalesce(this=end, expressions=[binder.instant(FOREVER)])
    first, last = _ends(span)
    signs: Mapping[str, Callable[..., exp.Expression]] = {"<": exp.LT, "<=": exp.LTE, "=": exp.EQ}
    ends = {
        End.START: start,
        End.END: known,
        End.OTHER_START: binder.instant(first),
        End.OTHER_END: binder.instant(last),
    }
    parts: list[exp.Expression] = [
        signs[rule.sign](this=ends[rule.left].copy(), expression=ends[rule.right].copy())
        for rule in relation.comparisons()
    ]
    met = all_of(parts)
    return exp.Paren(this=exp.Not(this=met)) if relation.denies else met
