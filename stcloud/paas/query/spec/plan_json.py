"""Plans as JSON: what is wanted, so that it can be kept, sent and compared; values only, nothing of it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.answer.page import Order
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.condition.known import Known
from stcloud.paas.query.condition.located import Located, Neighbours
from stcloud.paas.query.condition.ofgroup import OfGroup
from stcloud.paas.query.condition.period import AsOf, Related
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.condition.units import InUnits, OnDuty
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.place.formula import And, Not, Or
from stcloud.paas.query.place.spec import Beside, Named
from stcloud.paas.query.plan.plan import DutyGroup, FeatureGroup, Part, Plan, Restated, Rows, Scan, Summary
from stcloud.paas.query.resolve.subject import Subject
from stcloud.space import Block, Level
from stcloud.time import Bin, DayRun, Days, Relation, Span, Spans, When, Zone
from stcloud.time.citydays import CityDays
from stcloud.time.workday import Calendar

__all__ = ["read_plan", "write_plan"]

_VERSION = 1
_MOST_BYTES = 1_000_000
_KINDS = {
    kind.__name__: kind
    for kind in (
        AsOf, Attribute, Beside, Bin, Block, Calendar, CityDays, DayRun, Days, During, DutyGroup, FeatureGroup,
        InUnits, Known, Level, Located, Measure, Named, Neighbours, Not, OfGroup, OnDuty, Order, Part, Place,
        Predicate, Related, Relation, Restated, Rows, Scan, Span, Spans, Summary, When, Zone,
    )
} | {"Every": And, "Some": Or}  # fmt: skip
"""What a plan is made of, by its name in JSON; nothing else is read."""
_NAMES = {kind: name for name, kind in _KINDS.items()}


def write_plan(plan: Plan) -> str:
    """Return a plan as JSON that `read_plan` reads back as an equal plan.

    Raises
    ------
    Unsupported
        ``large-geometry``: geometry given in memory is more than 1 MB; the query can be run, not written.
    """
    return json.dumps({"version": _VERSION, "steps": [_written(step) for step in plan]}, ensure_ascii=False)


def read_plan(text: str, subject: Subject) -> Plan:
    """Read a plan about a layer.

    Parameters
    ----------
    text
        As `write_plan` gives it.
    subject
        The layer: filters are checked against its columns.

    Raises
    ------
    InvalidInput
        ``unreadable-plan``: it is none, or of a later version; and what is wrong with a filter.
    NotFound
        ``unknown-column``
    """
    try:
        document = json.loads(text)
        if document["version"] > _VERSION:
            raise InvalidInput(
                "unreadable-plan", f"the plan has version {document['version']}, and {_VERSION} is the latest known",
                hint="upgrade stcloud",
            )  # fmt: skip
        return Plan(_read(step, subject) for step in document["steps"])
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        shapely.errors.ShapelyError,
    ) as error:
        raise InvalidInput(
            "unreadable-plan", f"this is no plan: {error}", hint="use a plan as it was written"
        ) from error


def _written(value: Any) -> Any:
    if isinstance(value, BaseGeometry):
        return {"is": "geometry", "wkb": _wkb(value)}
    if isinstance(value, Enum):
        return {"is": _NAMES[type(value)], "value": value.value}
    if isinstance(value, Predicate):
        return {"is": "Predicate", "json": json.loads(value.json), "text": value.text, "crs": value.crs}
    if is_dataclass(value):
        return {"is": _NAMES[type(value)], **_fields(value)}
    if isinstance(value, frozenset):
        return {"is": "set", "of": sorted(value)}
    return [_written(part) for part in value] if isinstance(value, tuple | list) else value


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: _written(getattr(value, field.name)) for field in fields(value)}


def _wkb(shape: BaseGeometry) -> str:
    wkb: str = shapely.to_wkb(shape, hex=True)
    if len(wkb) > 2 * _MOST_BYTES:
        raise Unsupported(
            "large-geometry", f"the plan holds a geometry of {len(wkb) // 2:,} bytes: it can be run, not written",
            hint="load it as a layer of features and name it: LAYER:ID",
        )  # fmt: skip
    return wkb


def _read(value: Any, subject: Subject) -> Any:
    if isinstance(value, list):
        return tuple(_read(part, subject) for part in value)
    if not isinstance(value, Mapping):
        return value
    given = {name: _read(part, subject) for name, part in value.items() if name not in ("is", "json")}
    if value["is"] == "geometry":
        return shapely.from_wkb(given["wkb"])
    if value["is"] == "set":
        return frozenset(given["of"])
    kind = _KINDS[value["is"]]
    if kind is Predicate:
        return _predicate(value["json"], given["text"], given["crs"], subject)
    return kind(**given)


def _predicate(tree: Mapping[str, Any], text: str, crs: str | None, subject: Subject) -> Predicate:
    read = Predicate.read(tree, subject.names, subject.zone, city=subject.configuration.crs, crs=crs)
    return Predicate(read.json, text, crs, read.condition)
