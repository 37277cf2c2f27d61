"""Dispatch help of a log: probable duplicates of a case, and who is responsible for a case or a place.

Tested by `tests/city/test_dispatch.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.city.caselogs import degrees
from stcloud.city.placelayers import LayerRoles, answer_near, refusal_of
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.case.classes.class_row import class_or_text
from stcloud.paas.case.duplicate import Duplicate, Reach, probable_duplicates
from stcloud.paas.case.nearby import PlaceCircle, place_of
from stcloud.paas.case.responsible import (
    DutyOf,
    Responsibility,
    ResponsibleDepartment,
    component_departments,
    condition_departments,
)
from stcloud.paas.grid.units import Units, Versions

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.paas.case.caselog import CaseLog
    from stcloud.paas.case.caserules import CaseRules
    from stcloud.paas.case.state import CaseState

__all__ = ["CellAt", "cell_at", "departments_of_cell", "duplicates_of", "duties_of", "responsible_for"]

_AT_M = 0.5
_FILING = ("file", "reclassify", "open_part")

Roles = Mapping[str, str | Iterable[str]]


@dataclass(frozen=True, slots=True)
class CellAt:
    """The unit cell that contained a place at an instant.

    Attributes
    ----------
    code, layer
        Its code, and its layer.
    values
        Its attributes.
    prefixes
        Codes of what it lies in by name, as its scheme has them: ``district``, ``street``, ``community``.
    """

    code: str
    layer: str
    values: Mapping[str, Any]
    prefixes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlaceTime:
    """A place, with the instant that it is looked at, and as it was known at another.

    Attributes
    ----------
    lon, lat
        Degrees.
    at_us, known_us
        UTC microseconds; ``known_us`` None: as it is known now.
    """

    lon: float
    lat: float
    at_us: int
    known_us: int | None


def duplicates_of(
    city: City, log: CaseLog, number: str, reach: Reach, at_us: int | None, known_us: int | None
) -> list[Duplicate]:
    """Return the probable duplicates of a case; see `stcloud.city.Cases.duplicates`."""
    pinned_us = log.records.pin(known_us)
    seen_us = (pinned_us if known_us is not None else log.now_us()) if at_us is None else at_us
    state = log.state(number, at_us=seen_us, known_us=pinned_us)
    classes = city.classes.table(pinned_us)
    return probable_duplicates(
        log, state, reach, classes, city.configuration.crs, at_us=seen_us, known_us=pinned_us
    )


def responsible_for(
    city: City, log: CaseLog, what: str | tuple[float, float], code: str | None, *, kind: str | None,
    layers: Roles | None, at_us: int | None, known_us: int | None,
) -> Responsibility:  # fmt: skip
    """Return who is responsible for a case, or for a class at a place; see `stcloud.city.Cases.responsible`."""
    pinned_us = log.records.pin(known_us)
    seen_us = (pinned_us if known_us is not None else log.now_us()) if at_us is None else at_us
    rules, roles = log.rules.known_at(pinned_us), LayerRoles.of(city, layers)
    if isinstance(what, str):
        state = log.state(what, at_us=seen_us, known_us=pinned_us)
        departments, reasons = _of_conditions_of(state, rules, seen_us, code, kind)
        known = log.states_of([what], known_us=pinned_us).get(what, state)
        component, place = state.values.get("component"), place_of(known)
    else:
        departments, reasons = _of_class(rules, kind, code, None, seen_us)
        component, place = None, degrees(what, city.configuration.crs)
    if component is not None:
        named, reason = component_of(city, roles, str(component), seen_us, known_us)
        departments, reasons = [*departments, *named], [*reasons, reason]
    elif isinstance(what, str):
        reasons = [*reasons, "the case names no component"]
    if place is None:
        return Responsibility(tuple(departments), (), _given([*reasons, "where the case is, is not known"]))
    there = PlaceTime(*place, seen_us, known_us)
    cell, reason = cell_at(city, roles, there)
    duties, unknown = duties_of(city, roles, cell, there)
    departments = [*departments, *departments_of_cell(cell)]
    return Responsibility(tuple(departments), tuple(duties), _given([*reasons, reason, unknown]))


def _of_conditions_of(
    state: CaseState, rules: CaseRules, at_us: int, code: str | None, kind: str | None
) -> tuple[list[ResponsibleDepartment], list[str]]:
    """Return the departments of a case by the conditions that bind it, or of another class by those valid then."""
    own = state.class_code
    of = kind or (None if state.values.get("kind") is None else str(state.values["kind"]))
    if code not in (None, own):
        return _of_class(rules, of, code, None, at_us)
    pinned = state.rules.get("conditions")
    filed = [us for name in _FILING for us in state.instants_us(name)]
    return _of_class(rules, of, own, state.condition, max(filed, default=at_us) if pinned else at_us, pinned)


def _of_class(
    rules: CaseRules, kind: str | None, code: str | None, condition: str | None, at_us: int, pinned: str | None = None
) -> tuple[list[ResponsibleDepartment], list[str]]:  # fmt: skip
    if code is None:
        return [], ["no class is given: filing conditions name departments by class"]
    departments, reason = condition_departments(
        rules, kind, class_or_text(code, kind), condition, at_us, pinned=pinned
    )
    return departments, [reason]


def component_of(
    city: City, roles: LayerRoles, key: str, at_us: int, known_us: int | None
) -> tuple[list[ResponsibleDepartment], str]:
    """Return the departments that a component named, at an instant as known at another, and why there is none."""
    layer, reason = roles.only("components")
    if layer is None:
        return [], reason
    query = city.query(layer).what({"op": "=", "args": [{"property": "key"}, key]}).as_of(at_us)
    try:
        rows = (query if known_us is None else query.known_at(known_us)).rows().to_records()
    except NotFound as error:
        return [], refusal_of(error)
    if not rows:
        return [], f"layer {layer} had no component {key} then"
    departments = component_departments(rows[0], key, layer)
    return departments, "" if departments else f"component {key} of layer {layer} names no department"


def cell_at(city: City, roles: LayerRoles, there: PlaceTime) -> tuple[CellAt | None, str]:
    """Return the unit cell that contained a place, or None and why."""
    layer, reason = roles.only("unit-grid")
    if layer is None:
        return None, reason
    circle = PlaceCircle(there.lon, there.lat, _AT_M, city.configuration.crs)
    try:
        answer = answer_near(city, layer, circle, at_us=there.at_us, known_us=there.known_us)
    except NotFound as error:
        return None, refusal_of(error)
    rows = {str(row["st_key"]): row for row in answer.plain.to_pylist()}
    code = _cell_of(answer.geometry(), [*rows], circle) if rows else None
    if code is None:
        return None, f"no cell of layer {layer} contained the place then"
    scheme = city.grid(layer).scheme
    prefixes: dict[str, str] = {
        name: code[: scheme.prefix_length(name)]
        for name in ("district", "street", "community")
        if name in scheme.prefixes
    }
    return CellAt(code, layer, rows[code], prefixes), ""


def _cell_of(shapes: NDArray[np.object_], codes: Sequence[str], circle: PlaceCircle) -> str | None:
    """Return which of a few cells contains the middle, on a shared edge the one that the whole grid would give."""
    always, forever = np.full(len(codes), ALWAYS), np.full(len(codes), FOREVER)
    units = Units.of(Versions(shapes, np.array(codes, object), always, forever))
    version = int(units.locate(np.array([circle.x_m]), np.array([circle.y_m]), 0)[0])
    return None if version < 0 else str(units.codes[version])


def departments_of_cell(cell: CellAt | None) -> list[ResponsibleDepartment]:
    """Return the responsible party that a cell's own columns name."""
    party = None if cell is None else cell.values.get("responsibleParty")
    if cell is None or not party:
        return []
    return [ResponsibleDepartment(str(party), None, "responsible", f"cell {cell.code} of layer {cell.layer}")]


def duties_of(
    city: City, roles: LayerRoles, cell: CellAt | None, there: PlaceTime
) -> tuple[list[DutyOf], str]:
    """Return the duty grids that had a cell, by name, and why there is none."""
    layers = roles.layers["duty-grids"]
    if not layers:
        return [], "the city has no layer of duty-grids"
    if cell is None:
        return [], "duty grids are known by cells"
    duties: list[DutyOf] = []
    for layer in layers:
        definition = city.layer(layer).definition
        if not isinstance(definition, FeatureDefinition) or definition.duty is None:
            raise InvalidInput(
                "not-duties",
                f"layer '{layer}' holds no duty grids",
                hint="name a layer of the kind of duty-grids",
            )
        clause = definition.duty
        query = city.query(layer).what({"op": "=", "args": [{"property": clause.unit}, cell.code]})
        query = query.as_of(there.at_us)
        try:
            rows = (query if there.known_us is None else query.known_at(there.known_us)).rows().to_records()
        except NotFound as error:
            return duties, refusal_of(error)
        duties += [
            DutyOf(str(row[clause.grid]), _text(row.get("collector")), cell.code, layer)
            for row in rows
            if row[clause.grid] is not None
        ]
    duties.sort(key=lambda duty: (duty.duty, duty.collector or "", duty.layer))
    return duties, "" if duties else f"no duty grid had cell {cell.code} then"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _given(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for reason in reasons if reason))
