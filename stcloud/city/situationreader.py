"""Reading a situation: each part from the layers and logs that know of it, bounded by the circle.

Tested by `tests/city/test_situation.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stcloud.city.casesituation import LogSituation
from stcloud.city.dispatch import CellAt, PlaceTime, cell_at, departments_of_cell, duties_of
from stcloud.city.monitoring import READING_COLUMNS, SCENE_COLUMNS, readings_at, scenes_at
from stcloud.city.placelayers import LayerRoles, NearRow, features_near, refusal_of
from stcloud.city.situation import Situation, SituationGroup, SituationPart
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.case.duplicate import CaseReport, Reach, pairs_of
from stcloud.paas.case.nearby import PlaceCircle
from stcloud.paas.case.responsible import component_departments

if TYPE_CHECKING:
    from stcloud.city.city import City

__all__ = ["SituationReader"]

_AT_M = 0.5
_DAY_US = 86_400_000_000
_NEAREST = 3
_FIRST_M, _FARTHEST_M = 200.0, 5_000.0
_STATUS = ("GLBJZT", "ObjState", "status")

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class SituationReader:
    """Reads the situation at a place.

    Attributes
    ----------
    city, roles, logs
        The city; which layers play which part; its logs of cases, as far as they can be read.
    circle
        The place.
    there
        The instant, and as it was known at another.
    days
        How far back events are recent.
    nearest
        Layers of resources.
    limit
        Most records of a part.
    unread
        Why logs cannot be read.
    """

    city: City
    roles: LayerRoles
    logs: Sequence[LogSituation]
    circle: PlaceCircle
    there: PlaceTime
    days: float
    nearest: tuple[str, ...]
    limit: int
    unread: tuple[str, ...] = ()
    _refusals: dict[str, str] = field(default_factory=dict)

    def read(self, known_us: int) -> Situation:
        """Return the situation, with the instant at which it is known."""
        configuration = self.city.configuration
        groups = (
            SituationGroup("basic", tuple(self._basic())),
            SituationGroup("monitoring", tuple(self._monitoring())),
            SituationGroup("decision", tuple(self._decision())),
            SituationGroup("management", tuple(self._management())),
        )
        circle = self.circle
        return Situation(
            self.city.name, circle.lon, circle.lat, circle.radius_m, self.there.at_us, known_us, configuration.zone,
            groups,
        )  # fmt: skip

    @cached_property
    def cell(self) -> tuple[CellAt | None, str]:
        """The unit cell of the place, or None and why."""
        return cell_at(self.city, self.roles, self.there)

    @cached_property
    def duties(self) -> tuple[Records, str]:
        """Duty grids of the cell, and why there is none."""
        duties, reason = duties_of(self.city, self.roles, self.cell[0], self.there)
        records = [
            {"duty": duty.duty, "collector": duty.collector, "cell": duty.unit, "layer": duty.layer}
            for duty in duties
        ]
        return records, reason

    @cached_property
    def components(self) -> tuple[list[NearRow], str]:
        """Components in the circle, and why there is none."""
        layer, reason = self.roles.only("components")
        return (
            ([], reason) if layer is None else (self._near(layer, self.circle), self._refusals.get(layer, ""))
        )

    @cached_property
    def events(self) -> list[NearRow]:
        """Recent events in the circle, nearest first."""
        since_us = self.there.at_us - round(self.days * _DAY_US)
        rows = [
            row for layer in self.roles.layers["events"] for row in self._near(layer, self.circle, since_us)
        ]
        return sorted(rows, key=lambda row: (row.distance_m, row.layer, row.key))

    def _near(self, layer: str, circle: PlaceCircle, since_us: int | None = None) -> list[NearRow]:
        try:
            return features_near(
                self.city, layer, circle, at_us=self.there.at_us, known_us=self.there.known_us, since_us=since_us
            )  # fmt: skip
        except NotFound as error:
            self._refusals[layer] = refusal_of(error)
            return []

    def _part(
        self, name: str, records: Sequence[Mapping[str, Any]], columns: tuple[str, ...], *reasons: str
    ) -> SituationPart:
        shown = tuple(records[: self.limit])
        given = tuple(dict.fromkeys(reason for reason in reasons if reason))
        return SituationPart(name, shown, columns, len(records) - len(shown), given)

    def _monitoring(self) -> Iterator[SituationPart]:
        readings, unread = readings_at(self.city, self.roles.layers["readings"], self.there)
        yield self._part("readings", readings, READING_COLUMNS, *unread)
        shown, unseen = scenes_at(self.city, self.roles.layers["scenes"], self.there)
        yield self._part("scenes", shown, SCENE_COLUMNS, *unseen)

    def _basic(self) -> Iterator[SituationPart]:
        cell, reason = self.cell
        places = [*self._places(cell)]
        yield self._part("place", places, ("what", "code", "name", "source"), reason)
        duties, unknown = self.duties
        people = [
            {"what": each.part, "who": each.department, "source": each.source} for each in departments_of_cell(cell)
        ] + [
            {"what": "duty grid", "who": duty["duty"], "collector": duty["collector"], "source": duty["layer"]}
            for duty in duties
        ]  # fmt: skip
        yield self._part("people", people, ("what", "who", "collector", "source"), unknown)
        rows, why = self.components
        components = [self._component(row) for row in rows]
        columns = ("class", "distance_m", "status", "id", "department_name")
        yield self._part("components", components, columns, why)
        layers = self.roles.layers["features"]
        features = [_feature(row) for layer in layers for row in self._near(layer, self.circle)]
        features.sort(key=lambda record: (record["distance_m"], record["layer"], record["key"]))
        refused = [self._refusals[layer] for layer in layers if layer in self._refusals]
        yield self._part("features", features, ("layer", "key", "name", "distance_m"), *refused)

    def _places(self, cell: CellAt | None) -> Iterator[dict[str, Any]]:
        """Give the cell and what it lies in, with names as far as layers have them."""
        there = PlaceCircle(self.circle.lon, self.circle.lat, _AT_M, self.circle.crs)
        areas = {
            role: [row for layer in self.roles.layers[role] for row in self._near(layer, there)]
            for role in ("communities", "administrative-areas")
        }
        codes = {} if cell is None else dict(cell.prefixes)
        if cell is not None:
            yield _place("cell", cell.code, cell.values.get("gridName"), cell.layer)
        community = _area(areas["communities"], codes.get("community"))
        if community is not None and cell is None:
            codes = {"district": community.key[:6], "street": community.key[:9], "community": community.key}
        for name in ("community", "street", "district"):
            row = community if name == "community" else _keyed(areas["administrative-areas"], codes.get(name))
            if row is not None:
                yield _place(name, row.key, row.name, row.layer)
            elif name == "street" and community is not None and community.values.get("street_name"):
                yield _place(name, codes.get(name), community.values["street_name"], community.layer)
            elif name in codes:
                yield _place(name, codes[name], None, "its code")

    def _component(self, row: NearRow) -> dict[str, Any]:
        departments = component_departments(row.values, row.key, row.layer)
        supervising = departments[0] if departments and departments[0].part == "supervising" else None
        return _feature(row) | {
            "id": row.key, "class": self._class_of(row),
            "status": next((row.values[name] for name in _STATUS if row.values.get(name)), None),
            "department": supervising and supervising.department,
            "department_name": supervising and (supervising.name or supervising.department),
        }  # fmt: skip

    def _class_of(self, row: NearRow) -> str | None:
        """Return the class of a component: what its columns say, or the digits within its code."""
        if row.labels:
            return [*row.labels.values()][-1]
        language = self.city.configuration.language or "en"
        return self.city.classes.table(self.there.known_us).name_of("component", row.key, language=language)

    def _decision(self) -> Iterator[SituationPart]:
        cases = [record for log in self.logs for record in log.records()]
        cases.sort(key=lambda record: (record["distance_m"], record["log"], record["number"]))
        shown = ("number", "state", "clock", "due", "left", "distance_m", "class")
        none = "" if self.logs or self.unread else "the city has no logs of cases, or none was named"
        yield self._part("cases", cases, shown, none, *self.unread)
        layers = self.roles.layers["events"]
        columns = ("key", "at", "distance_m", "what", "layer")
        refused = [self._refusals[layer] for layer in layers if layer in self._refusals]
        none = "" if layers else "the city has no layers of events"
        yield self._part("events", [self._event(row) for row in self.events], columns, none, *refused)
        repeats, reasons = self._repeats()
        yield self._part("repeats", repeats, ("first", "second", "score", "in"), *reasons)

    def _event(self, row: NearRow) -> dict[str, Any]:
        what = ", ".join(row.labels.values()) or None
        values = {name: _plain(value) for name, value in row.values.items()}
        return {
            "layer": row.layer, "key": row.key, "at": _plain(row.start), "what": what,
            "distance_m": round(row.distance_m, 1), "lon": row.lon, "lat": row.lat, "values": values,
        }  # fmt: skip

    def _repeats(self) -> tuple[Records, list[str]]:
        """Return probable repeats among the open cases of each log, and among the events of each layer."""
        classes, reach, reasons = self.city.classes.table(self.there.known_us), Reach(), []
        repeats = [record for log in self.logs for record in log.repeats(reach, classes)]
        for layer in self.roles.layers["events"]:
            rows = [row for row in self.events if row.layer == layer]
            if rows and not any(row.labels for row in rows):
                reasons.append(f"layer {layer} declares no column of classes: repeats are not known")
                continue
            reports = [_report(row) for row in rows if row.labels]
            repeats += [
                {"in": layer, "first": first, "second": second, "score": round(score, 3), "why": why}
                for first, second, score, why in pairs_of(reports, reach, classes)
            ]
        return sorted(repeats, key=lambda record: -record["score"]), reasons

    def _management(self) -> Iterator[SituationPart]:
        cell, reason = self.cell
        conditions = [log.departments() for log in self.logs]
        departments = [record for records, _ in conditions for record in records]
        departments += self._component_departments()
        departments += [
            {"what": each.part, "who": each.department, "name": None, "about": each.source}
            for each in departments_of_cell(cell)
        ]
        unknown = [why for _, reasons in conditions for why in reasons]
        yield self._part("departments", departments, ("what", "who", "name", "about"), *unknown)
        duties, none = self.duties
        yield self._part("duty grids", duties, ("duty", "collector", "cell", "layer"), none, reason)
        resources, missing = self._resources()
        columns = ("layer", "key", "name", "distance_m")
        none = "" if self.nearest else "no layers of resources were named"
        yield self._part("nearest", resources, columns, none, *missing)

    def _component_departments(self) -> Records:
        """Return the departments of the components there, with how many each has."""
        counts: dict[tuple[str, str, str | None], int] = {}
        for row in self.components[0]:
            for each in component_departments(row.values, row.key, row.layer):
                key = (each.part, each.department, each.name)
                counts[key] = counts.get(key, 0) + 1
        return [
            {"what": part, "who": department, "name": name, "about": f"{count} component{'s' if count > 1 else ''}"}
            for (part, department, name), count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0][:2]))
        ]  # fmt: skip

    def _resources(self) -> tuple[Records, list[str]]:
        """Return the nearest features of each layer that was named, up to 5 km away."""
        records: Records = []
        missing = []
        for layer in self.nearest:
            if not self.city.layer(layer).layer_kind.versioned:
                raise InvalidInput(
                    "not-features", f"layer '{layer}' holds events", hint="name a layer of features"
                )
            radius_m, rows = min(max(self.circle.radius_m, _FIRST_M), _FARTHEST_M), []
            while True:
                there = PlaceCircle(self.circle.lon, self.circle.lat, radius_m, self.circle.crs)
                rows = self._near(layer, there)
                if len(rows) >= _NEAREST or radius_m >= _FARTHEST_M or layer in self._refusals:
                    break
                radius_m = min(radius_m * 2, _FARTHEST_M)
            records += [_feature(row) for row in rows[:_NEAREST]]
            if not rows:
                missing.append(
                    self._refusals.get(layer, f"layer {layer} had nothing within {_FARTHEST_M:,.0f} m")
                )
        return records, missing


def _feature(row: NearRow) -> dict[str, Any]:
    return {
        "layer": row.layer, "key": row.key, "name": row.name, "distance_m": round(row.distance_m, 1),
        "lon": row.lon, "lat": row.lat,
    }  # fmt: skip


def _place(what: str, code: str | None, name: Any, source: str) -> dict[str, Any]:
    return {"what": what, "code": code, "name": name, "source": source}


def _area(rows: Sequence[NearRow], code: str | None) -> NearRow | None:
    """Return the area of a code; without a code the first that contains the place."""
    if code is not None:
        return _keyed(rows, code)
    return next((row for row in rows if row.distance_m == 0), None)


def _keyed(rows: Sequence[NearRow], code: str | None) -> NearRow | None:
    return next((row for row in rows if row.key == code), None)


def _report(row: NearRow) -> CaseReport:
    column = next(iter(row.labels))
    at_us = round(row.start.timestamp() * 1_000_000)
    return CaseReport(row.key, None, str(row.values[column]), None, row.x_m, row.y_m, at_us, at_us)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
