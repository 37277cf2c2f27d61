"""Why a row is in an answer, or is not: its load, its version, its cell, and each condition by itself.

Tested by `tests/paas/query/run/test_comparing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.measure.measure import COUNT
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.plan import Restated, Summary
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.run.inquiry import Inquiry

__all__ = ["ConditionResult", "Reason", "why"]

_OWN = {
    "st_load": "text", "st_recorded_from": "instant", "st_time": "instant", "st_valid_from": "instant",
    "st_valid_to": "instant", "st_cell": "integer", "st_x": "number", "st_y": "number", "st_unplaced": "text",
    UNIT: "text",
}  # fmt: skip


_COUNT = Summary((), (COUNT,))


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """A condition of a question: as it is written, whether a row fulfils it, and how that is decided."""

    text: str
    holds: bool
    how: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a key is in an answer, or is not.

    Attributes
    ----------
    key
        The row's key.
    versions
        Its current versions: load, source, since when it is current, time of the event or period of the
        feature, place and cells. Empty: the key is not known.
    conditions
        The conditions, each with its result.
    found
        Whether the row is in the answer.
    """

    key: str
    versions: tuple[dict[str, Any], ...]
    conditions: tuple[ConditionResult, ...]
    found: bool

    def records(self) -> list[dict[str, Any]]:
        """Return the versions and the conditions as plain records."""
        known = [{"what": name, "is": value} for version in self.versions for name, value in version.items()]
        conditions = [
            {
                "what": result.text,
                "is": f"{'holds' if result.holds else 'fails'}{', ' if result.how else ''}{result.how}",
            }
            for result in self.conditions
        ]
        end = "in the answer" if self.found else "not in the answer" if known else "not known"
        return [*known, *conditions, {"what": self.key, "is": end}]


def why(inquiry: Inquiry, key: str) -> Reason:
    """Return why a key is in an answer; see `Query.why`."""
    of_key = Predicate.read(
        {"op": "=", "args": [{"property": "st_key"}, key]}, inquiry.subject.names, inquiry.subject.zone
    )
    always: list[Condition] = [
        condition for condition in inquiry.conditions if isinstance(condition, Restated)
    ]
    always += inquiry.subject.kind.always()
    versions = tuple(_versions(_narrowed(inquiry, of_key, *always)))
    whole = _narrowed(inquiry, of_key, *inquiry.conditions, *always)
    # Each condition as it is resolved for the whole query, whose time decides which versions of features count.
    resolved = whole.resolver.resolution(whole.plan(_COUNT))
    made = dict(zip(resolved.plan.conditions, resolved.by_condition, strict=True))

    def holds(*conditions: Condition) -> bool:
        plan = _narrowed(inquiry, of_key, *conditions, *always).plan(_COUNT)
        tested = replace(resolved, plan=plan, by_condition=tuple(made[step] for step in plan.conditions))
        return bool(inquiry.run_resolved(tested).read_all().column(0)[0].as_py())

    conditions = tuple(
        ConditionResult(str(step), holds(step), _how(made[step], versions))
        for step in inquiry.conditions
        if step not in always
    )
    return Reason(key, versions, conditions, bool(versions) and holds(*inquiry.conditions))


def _narrowed(inquiry: Inquiry, *conditions: Condition) -> Inquiry:
    """Return the question with these conditions, each once, alone."""
    return replace(inquiry, conditions=tuple(dict.fromkeys(conditions)))


def _versions(inquiry: Inquiry) -> Iterator[dict[str, Any]]:
    layer, zone = inquiry.subject.layer, inquiry.subject.zone
    names = [name for name in _OWN if name in layer.snapshot.schema.names]
    table = inquiry.run(Summary(tuple(Attribute(name, name, _OWN[name]) for name in names))).read_all()
    loads = {load.load: load.source for load in layer.loads}
    for row in range(len(table)):
        record = {name: _plain(table.column(at)[row], zone.name) for at, name in enumerate(names)}
        record["source"] = loads.get(str(record["st_load"]))
        yield {name: value for name, value in record.items() if value is not None}


def _plain(value: pa.Scalar, zone: str) -> Any:
    if value.is_valid and pa.types.is_timestamp(value.type):
        return value.cast(pa.timestamp("us", zone)).as_py().isoformat()
    return value.as_py()


def _how(made: Sequence[Resolved], versions: Sequence[Mapping[str, Any]]) -> str:
    """Return how a condition is decided; empty where there is nothing to add to the result."""
    cells = [version["st_cell"] for version in versions if "st_cell" in version]
    regions = [region for resolved in made if (region := resolved.limits.region) is not None]
    return regions[0].way(cells[0]) if cells and len(made) == 1 and regions else ""
