"""SQL of a relation: how the period of a row lies to a span that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.label import is_lasting, is_of_features
from stcloud.paas.query.sql import all_of, any_of
from stcloud.time import Instant, Span, Spans, When, Zone, instant_us
from stcloud.time.relation import End, Relation

__all__ = ["AsOf", "Related", "as_of", "asked_window", "related", "timed"]

_LEAST_US = 1
_SIGNS: Mapping[str, Callable[..., exp.Expression]] = {"<": exp.LT, "<=": exp.LTE, "=": exp.EQ}
_APART = {Relation.BEFORE, Relation.AFTER, Relation.MEETS, Relation.MET_BY, Relation.DISJOINT}


@dataclass(frozen=True, slots=True)
class Related:
    """Keep rows whose period lies so to any of some spans.

    Parameters
    ----------
    relation
        How the row's period lies to the span.
    spans
        What was asked for.
    said
        As it was written.
    """

    relation: Relation
    spans: Spans
    said: str

    def __str__(self) -> str:
        return f"when {self.relation} {self.said}"

    @property
    def window(self) -> tuple[int | None, int | None]:
        """``[after, before)`` at some instant of which a row's period must be to be kept; None: any."""
        if self.relation in _APART or not self.spans.parts:
            return None, None
        starts, ends = [one.start_us for one in self.spans.parts], [one.end_us for one in self.spans.parts]
        return (
            None if None in starts else min(one for one in starts if one is not None),
            None if None in ends else max(one for one in ends if one is not None),
        )

    def sql(self, start: exp.Expression, end: exp.Expression, binder: Binder) -> exp.Expression:
        """Return the condition; ``end`` is null where none is known."""
        return any_of([related(self.relation, start, end, span, binder) for span in self.spans.parts])


@dataclass(frozen=True, slots=True)
class AsOf:
    """Keep features that were there at an instant of valid time (UTC microseconds)."""

    at_us: int
    text: str

    def __str__(self) -> str:
        return f"as of {self.text}"


def as_of(at: Instant, layer: Layer, zone: Zone) -> AsOf:
    """Return what was asked of features: that they were there at an instant; `InvalidInput` ``not-features``."""
    if not is_of_features(layer):
        raise InvalidInput(
            "not-features", f"layer '{layer.name}' holds events: they are not there, they happen",
            hint="ask when they happened",
        )  # fmt: skip
    at_us = instant_us(at, zone)
    return AsOf(at_us, zone.iso(at_us))


def asked_window(conditions: Sequence[object]) -> tuple[int, int] | None:
    """Return when features must be there for all conditions, half-open, UTC microseconds; None: no time is asked."""
    windows = [(one.at_us, one.at_us + _LEAST_US) for one in conditions if isinstance(one, AsOf)]
    asked = [one.window for one in conditions if isinstance(one, Related)]
    windows += [(ALWAYS if low is None else low, FOREVER if high is None else high) for low, high in asked]
    return (max(low for low, _ in windows), min(high for _, high in windows)) if windows else None


def timed(asked: When, times: Sequence[str], relation: str | None, layer: Layer) -> When | Related:
    """Return what was asked of time: when events start, or how periods lie to it.

    Parameters
    ----------
    asked, times
        What was understood, and as it was written.
    relation
        As it was written; None: of features ``intersects``, of events none.
    layer
        Whose events or features.

    Raises
    ------
    InvalidInput
        ``unknown-relation``; ``no-period``: of events that have no end, or with days of the week or hours.
    """
    if relation is None and not is_of_features(layer):
        return asked
    wanted = Relation.parse(relation or "intersects")
    if not is_of_features(layer) and not is_lasting(layer):
        raise InvalidInput(
            "no-period", f"'{relation}' is asked of periods, and events of '{layer.name}' have no end",
            hint="ask when they start, without a relation",
        )  # fmt: skip
    if asked.recurs or not times:
        raise InvalidInput(
            "no-period", "periods are compared with spans of time, not with days of the week or hours",
            hint="e.g. when 2024-03, relation overlaps",
        )  # fmt: skip
    return Related(wanted, asked.spans, " or ".join(times))


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
        What was asked for, half-open; None is before or after all instants.
    binder
        Takes the values.
    """
    known = exp.Coalesce(this=end, expressions=[binder.instant(FOREVER)])
    first, last = (
        ALWAYS if span.start_us is None else span.start_us, FOREVER if span.end_us is None else span.end_us,
    )  # fmt: skip
    ends = {
        End.START: start,
        End.END: known,
        End.OTHER_START: binder.instant(first),
        End.OTHER_END: binder.instant(last),
    }
    parts: list[exp.Expression] = [
        _SIGNS[rule.sign](this=ends[rule.left].copy(), expression=ends[rule.right].copy())
        for rule in relation.comparisons()
    ]
    met = all_of(parts)
    return exp.Paren(this=exp.Not(this=met)) if relation.denies else met
