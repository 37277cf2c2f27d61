"""During: when events started, in spans of time and on recurring days, hours and months.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.clock import within
from stcloud.paas.query.sql.tree import any_of
from stcloud.time import PublishedDays, Span, Spans, When

__all__ = ["During"]

_TIME = "st_time"


@dataclass(frozen=True, slots=True)
class During(Condition, Resolved):
    """Keep events that started at a time.

    Parameters
    ----------
    when
        Spans, and recurring days, hours and months, of the city's wall clock.
    """

    when: When

    columns = frozenset((_TIME,))
    exact = True

    def __str__(self) -> str:
        return f"when {self.describe()}"

    @property
    def fact(self) -> str:
        """It is the time."""
        return "when"

    @property
    def of_city(self) -> bool:
        """Whether it has working or free days of the city's calendar."""
        return self.when.days is not None and self.when.days.of_city

    @property
    def rules(self) -> dict[str, str]:
        """The version of the calendar's rules, if it has working or free days."""
        return {} if self.when.days is None else {"calendar": self.when.days.calendar.rules}

    def time(self) -> Spans:
        """Return the spans of it, half-open."""
        return self.when.spans

    def starts(self) -> Spans:
        """Return the spans of it, half-open."""
        return self.when.spans

    def describe(self) -> str:
        """Return the time, for people."""
        return self.when.describe()

    def within(self, spans: Spans) -> During:
        """Return it with other spans, and the same days, hours and months."""
        return During(replace(self.when, spans=spans))

    def under(self, published: PublishedDays) -> During:
        """Return it with the days that the city has published; `InvalidInput` ``unknown-year``."""
        days = self.when.days
        if days is None or not self.of_city:
            return self
        known = replace(days, calendar=published.over(days.calendar), of_city=False)
        return During(replace(self.when, days=known))

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return itself, with the days that the city has published if it means them."""
        return (self.under(resolving.published) if self.of_city else self,)

    @property
    def checks_all(self) -> bool:
        """Whether days are working or free: that is not known of all years."""
        return self.when.days is not None

    @property
    def limits(self) -> Limits:
        """Closed ranges of time that together hold every row that is kept."""
        return Limits(times=tuple((span.start_us, _before(span)) for span in self.when.spans.parts))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch started then."""
        return np.asarray(self.when.matches(micros(rows.column(_TIME), FOREVER)))

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold."""
        time = writing.column(_TIME)
        ends = [
            [
                None if at_us is None else writing.binder.instant(at_us)
                for at_us in (span.start_us, span.end_us)
            ]
            for span in self.when.spans.parts
        ]
        recurring = writing.clock.fits(self.when, writing.instants(0)) if self.when.recurs else []
        return [any_of([within(time, low, high) for low, high in ends]), *recurring]


def _before(span: Span) -> int | None:
    return None if span.end_us is None else span.end_us - 1
