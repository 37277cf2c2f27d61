"""Joins of a query: with features of a layer or in memory, with the readings of a series, or with scenes.

Tested by `tests/conformance/test_joins.py` and `tests/paas/query/test_valuing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from stcloud.paas.query.join.how import At
from stcloud.paas.query.resolve.measured import ValueRequest
from stcloud.paas.query.spec import below, narrowing
from stcloud.time import instant_us

if TYPE_CHECKING:
    from stcloud.paas.query.answer.pin import GivenKnown
    from stcloud.paas.query.run.inquiry import Inquiry
    from stcloud.paas.query.run.joining import Joining
    from stcloud.paas.query.run.valuing import Valuing
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = ["JoinKeywords", "join_of"]


class JoinKeywords(TypedDict, total=False):
    """Keywords of a join; see `Query.join`."""

    at: Instant | None
    known_at: GivenKnown | None
    inner: bool
    crs: GivenCRS | None
    value: str | Sequence[str]
    band: str | None
    within: str | None


def join_of(
    inquiry: Inquiry, layer: str | Any, how: str, *, at: Instant | None = None, value: str | Sequence[str] = (),
    band: str | None = None, within: str | None = None, crs: GivenCRS | None = None, **keywords: Any,
) -> Joining | Valuing:  # fmt: skip
    """Return the join of a question about events, before it is answered; see `Query.join`."""
    subject, way = inquiry.subject, below.read_how(how)
    subject.kind.require_indexed(subject.layer, "join")
    names = (*narrowing.names_of(value), *(() if band is None else (band,)))
    if isinstance(way, At) or names or within is not None:
        at_us = None if at is None else instant_us(at, subject.zone)
        request = ValueRequest(names, way, within, at_us)
        return below.valuing_of(inquiry, subject.measured(layer), request, **keywords)
    return below.joining_of(inquiry, narrowing.joined_of(layer, subject, crs), way, at=at, **keywords)
