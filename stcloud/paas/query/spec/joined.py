"""Joins of a query: with features of a layer or in memory, or with the readings of a series.

Tested by `tests/conformance/test_joins.py` and `tests/paas/query/test_valuing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from stcloud.paas.query.spec import below, narrowing

if TYPE_CHECKING:
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.paas.query.run.inquiry import Inquiry
    from stcloud.paas.query.run.joining import Joining
    from stcloud.paas.query.run.valuing import Valuing
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = ["JoinKeywords", "join_of"]


class JoinKeywords(TypedDict, total=False):
    """Keywords of a join; see `Query.join`."""

    at: Instant | None
    known_at: Instant | Pin | None
    inner: bool
    crs: GivenCRS | None
    value: str | Sequence[str]
    within: str | None


def join_of(
    inquiry: Inquiry, layer: str | Any, how: str, *, value: str | Sequence[str] = (), within: str | None = None,
    crs: GivenCRS | None = None, **keywords: Any,
) -> Joining | Valuing:  # fmt: skip
    """Return the join of a question about events, before it is answered; see `Query.join`."""
    subject, way = inquiry.subject, below.read_how(how)
    subject.kind.require_indexed(subject.layer, "join")
    if value or within is not None:
        source = subject.measured(layer)
        return below.valuing_of(inquiry, source, way, narrowing.names_of(value), within, **keywords)
    return below.joining_of(inquiry, narrowing.joined_of(layer, subject, crs), way, **keywords)
