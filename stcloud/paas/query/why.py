"""Why a row is in an answer, or is not: its load, its version, its cell, and each condition by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.paas.query.condition.period import AsOf, Related
from stcloud.paas.query.inquiry import Inquiry
from stcloud.paas.query.label import is_of_features
from stcloud.paas.query.measure.measure import COUNT
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.plan import Operator, Restated, Rows, Summary
from stcloud.paas.query.predicate import Predicate
from stcloud.space import Lattice
from stcloud.time import Relation, Span, Spans, When

__all__ = ["Condition", "Reason", "why"]

_OWN = {
    "st_load": "text", "st_recorded_from": "instant", "st_time": "instant", "st_valid_from": "instant",
    "st_valid_to": "instant", "st_cell": "integer", "st_x": "number", "st_y": "number", "st_unplaced": "text",
    UNIT: "text",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a question: as it was asked, whether a row fulfils it, and how that is decided."""

    said: str
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
    conditions: tuple[Condition, ...]
    found: bool

    def records(self) -> list[dict[str, Any]]:
        """Return the versions and the conditions as plain records."""
        known = [{"what": name, "is": value} for one in self.versions for name, value in one.items()]
        asked = [
            {"what": one.said, "is": f"{'holds' if one.holds else 'fails'}{', ' if one.how else ''}{one.how}"}
            for one in self.conditions
        ]
        end = "in the answer" if self.found else "not in the answer" if known else "not known"
        return [*known, *asked, {"what": self.key, "is": end}]


def why(asked: Inquiry, key: str) -> Reason:
    """Return why a key is in an answer; see `Query.why`."""
    of_key = Predicate.read(
        {"op": "=", "args": [{"property": "st_key"}, key]}, asked.subject.names, asked.subject.zone
    )
    versions = tuple(_versions(_only(asked, of_key)))
    plan = asked.plan(Rows())
    # Each place as it is resolved for the whole query, whose time tells which versions of features count.
    steps = zip(plan, asked.resolver.resolution(plan).steps, strict=True)
    judged = [(step, made) for step, made in list(steps)[2:-1] if not isinstance(step, Restated)]
    whole = _only(asked, of_key, *asked.conditions)
    lattice = asked.subject.configuration.lattice
    events = () if is_of_features(asked.subject.layer) else versions
    conditions = tuple(
        Condition(_said(step), _holds(_only(asked, of_key, made)), _how(step, events, lattice))
        for step, made in judged
    )
    return Reason(key, versions, conditions, bool(versions) and _holds(whole))


def _only(asked: Inquiry, *conditions: Any) -> Inquiry:
    """Return the question with these conditions alone; features at any time, where none is asked."""
    timed = any(isinstance(one, AsOf | Related) for one in conditions)
    ever = Related(Relation.INTERSECTS, Spans.of([Span(None, None)]), "ever")
    restated = [one for one in asked.conditions if isinstance(one, Restated) and one not in conditions]
    always = [ever] if is_of_features(asked.subject.layer) and not timed else []
    return replace(asked, conditions=(*conditions, *restated, *always))


def _holds(asked: Inquiry) -> bool:
    return bool(asked.run(Summary((), (COUNT,))).read_all().column(0)[0].as_py())


def _said(one: Operator) -> str:
    return f"when {one.describe()}" if isinstance(one, When) else str(one)


def _versions(asked: Inquiry) -> Iterator[dict[str, Any]]:
    layer, zone = asked.subject.layer, asked.subject.zone
    names = [name for name in _OWN if name in layer.snapshot.schema.names]
    found = asked.run(Summary(tuple(Attribute(name, name, _OWN[name]) for name in names))).read_all()
    loads = {one.load: one.source for one in layer.loads}
    for row in range(len(found)):
        record = {name: _plain(found.column(at)[row], zone.name) for at, name in enumerate(names)}
        record["source"] = loads.get(str(record["st_load"]))
        yield {name: value for name, value in record.items() if value is not None}


def _plain(value: pa.Scalar, zone: str) -> Any:
    if value.is_valid and pa.types.is_timestamp(value.type):
        return value.cast(pa.timestamp("us", zone)).as_py().isoformat()
    return value.as_py()


def _how(one: Operator, versions: Sequence[Mapping[str, Any]], lattice: Lattice) -> str:
    """Tell how a condition is decided, where there is more to tell than that it is."""
    cells = [version["st_cell"] for version in versions if "st_cell" in version]
    if not isinstance(one, Place) or not cells:
        return ""
    return one.region(one.cover(lattice)).way(cells[0])
