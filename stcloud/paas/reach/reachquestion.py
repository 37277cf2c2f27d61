"""Questions of reach: which layers are read, as of one instant, and what is made of their rows.

Tested by `tests/city/test_reach.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.query import Query
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.plan.plan import by_name
from stcloud.paas.query.resolve.holders import holders_of, read_group
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.run.placing import place_of_groups
from stcloud.paas.reach.placerows import PlaceRows, Weights
from stcloud.paas.reach.reachanswer import ReachPlaces, ReachStreets, ServiceReach
from stcloud.paas.reach.reachgroups import PlaceGroups, group_rows
from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.streetlines import Shapes, StreetLines, column_of, shapes_of
from stcloud.paas.reach.streetpieces import StreetPieces, crossed_lines
from stcloud.paas.reach.walkgraph import WalkGraph
from stcloud.paas.reach.walkrules import WalkRules
from stcloud.paas.reach.walks import Walks, straight_m

__all__ = ["ReachQuestion"]

_OURS = frozenset((
    "key", "people", "minutes", "service", "services", "reached", "why", "straight_minutes", "straight_reached",
    "snap_m", "places", "share", "straight", "straight_share", "share_difference", "unplaced", "st_geom",
))  # fmt: skip
"""Columns of an answer, which no group may be called."""

_LEAST_DIMENSION = 1  # of barriers


@dataclass(frozen=True, slots=True)
class ReachQuestion:
    """The question who reaches a service.

    Parameters
    ----------
    streets, services, barriers, people
        Questions about layers of features, each as of the instant; None: nobody is counted.
    weight
        Column of ``people`` that says how much each counts; None: each counts as 1.
    by
        ``in:LAYER``, ``in:LAYER.COLUMN``, or a column of ``people``; None: all are one group.
    rules
        How people walk.
    at_us
        The instant of valid time, UTC microseconds.
    """

    streets: Query
    services: Query
    people: Query | None
    barriers: tuple[Query, ...]
    weight: str | None
    by: str | None
    rules: WalkRules
    at_us: int

    def answer(self) -> ServiceReach:
        """Read the layers, and walk.

        Raises
        ------
        InvalidInput
            ``not-streets``, ``no-streets``, ``not-barriers``, ``wrong-type``, ``bad-weight``, ``column-exists``,
            ``no-people``: ``by`` without ``people``
        NotFound
            ``unknown-column``
        """
        if self.by is not None and self.people is None:
            raise InvalidInput(
                "no-people", f"nobody is counted by '{self.by}'",
                hint="name who wants a service: people='buildings:inhabitants'",
                in_shell="name who wants a service: --people buildings:inhabitants",
            )  # fmt: skip
        read = _LayersRead({}, None)
        streets = self._walked(read)
        people = None if self.people is None else self._counted(self.people, streets, read)
        facts = {
            "layer": self.streets.subject.layer.name,
            "services": _snapped(streets),
            **self._narrowed(),
            **read.facts,
        }
        facts |= {"as_of": self.streets.subject.zone.iso(self.at_us), "known_at": read.known_at(self.streets)}
        facts |= self.rules.described() | _network(streets, self.rules) | streets.lines.facts
        facts |= {} if people is None else _reached(people, self.rules)
        lattice = self.streets.subject.configuration.lattice
        return ServiceReach(self.rules, facts, read.pinned, lattice, streets, people)

    def _narrowed(self) -> dict[str, str]:
        """Return what services fulfil, and which layers are barriers, for people."""
        filters = [
            str(condition).removeprefix("what ") for condition in self.services.conditions[1:]
        ]  # the first is the instant
        barriers = [query.subject.layer.name for query in self.barriers]
        facts = {"what": "; ".join(filters), "barriers": ", ".join(barriers)}
        return {name: text for name, text in facts.items() if text}

    def _walked(self, read: _LayersRead) -> ReachStreets:
        rules = self.rules
        lines = StreetLines.of(read.rows(self.streets), self.streets.subject.layer.name, rules)
        barriers = [self._barrier(query, read) for query in self.barriers]
        pieces = StreetPieces.of(
            lines, np.concatenate([np.empty(0, object), *barriers]), crossings=rules.crossings
        )
        services = PlaceRows.of(read.rows(self.services), self.services.subject.layer.name)
        places = SnappedPlaces.of(services.points, pieces, rules.snap_m)
        graph = WalkGraph.of(pieces, lines.speed_mps[pieces.line], places, rules.speed_mps)
        return ReachStreets(self.streets.subject.layer.name, lines, pieces, graph, services, places)

    @staticmethod
    def _barrier(query: Query, read: _LayersRead) -> Shapes:
        """Return the lines and areas of a layer of barriers."""
        layer, shapes = query.subject.layer.name, shapes_of(read.rows(query))
        kept = shapely.get_dimensions(shapes) >= _LEAST_DIMENSION
        if len(shapes) and not kept.any():
            raise InvalidInput(
                "not-barriers", f"layer '{layer}' has neither lines nor areas, which could stop a walk",
                hint="a closed street has a speed of 0 in the table of speeds",
            )  # fmt: skip
        if not kept.all():
            read.facts[f"no barrier in {layer}"] = f"{int((~kept).sum()):,} rows are neither lines nor areas"
        return np.asarray(shapely.force_2d(shapes[kept]), object)

    def _counted(self, query: Query, streets: ReachStreets, read: _LayersRead) -> ReachPlaces:
        layer, table = query.subject.layer.name, read.rows(query)
        rows, weights = PlaceRows.of(table, layer), Weights.of(table, layer, self.weight)
        if weights.unknown:
            read.facts["unknown people"] = (
                f"{weights.unknown:,} of {layer} have no {self.weight}, and count as 0"
            )
        places = SnappedPlaces.of(rows.points, streets.pieces, self.rules.snap_m)
        walks = Walks.of(streets.graph, places, weights.values, self.rules)
        far_m = straight_m(rows.points, streets.services.points)
        return ReachPlaces(rows, weights, self._groups(query, table, rows, read), places, walks, far_m)

    def _groups(
        self, query: Query, table: pa.Table, rows: PlaceRows, read: _LayersRead
    ) -> PlaceGroups | None:
        if self.by is None:
            return None
        if not self.by.startswith("in:"):
            names = column_of(table, self.by, rows.layer).combine_chunks()
            return PlaceGroups(_free(self.by), names)
        inquiry = query.inquiry()
        group = read_group(self.by, inquiry.subject)
        read.pin(inquiry.pin([group]))
        layer, known_us = inquiry.resolver.layer(group.layer), inquiry.resolver.known_us(group.layer)
        refuse_purged(layer, known_us, inquiry.subject.zone, after_us=self.at_us)
        holders = holders_of(layer, group, known_us, Scope(self.at_us, self.at_us + 1))
        (x, y), instant = rows.xy, pa.timestamp("us", "UTC")
        at = pa.array(np.full(len(rows), self.at_us)).cast(instant)
        names = holders(pa.RecordBatch.from_pydict({"st_x": x, "st_y": y, "st_time": at}))
        return PlaceGroups(_free(by_name(group)), names, place_of_groups(inquiry, [group], self.at_us))


@dataclass(slots=True)
class _LayersRead:
    """What was read so far: what people should know of it, and the recorded instants."""

    facts: dict[str, str]
    so_far: Pin | None

    def rows(self, query: Query) -> pa.Table:
        answer = query.rows()
        if answer.pin is not None:
            self.pin(answer.pin)
        return answer.table

    def pin(self, pin: Pin) -> None:
        self.so_far = pin if self.so_far is None else self.so_far.joined(pin)

    @property
    def pinned(self) -> Pin:
        return Pin(()) if self.so_far is None else self.so_far

    def known_at(self, query: Query) -> str:
        """Return the latest recorded instant of a layer, on the city's clock."""
        return query.subject.zone.iso(max(at_us for _, at_us in self.pinned.layers))


def _free(noun: str) -> str:
    if noun in _OURS:
        raise InvalidInput(
            "column-exists", f"the answer has a column '{noun}' already", hint="group by another column"
        )
    return noun


def _snapped(streets: ReachStreets) -> str:
    count, off = len(streets.services), int((~streets.service_places.placed).sum())
    return f"{count:,} of {streets.services.layer}" + (f", {off:,} unplaced" if off else "")


def _network(streets: ReachStreets, rules: WalkRules) -> dict[str, str]:
    graph, edges = streets.graph, len(streets.pieces)
    nodes = graph.nodes - (len(graph.piece) - edges)  # without those of services
    parts = len(np.unique(graph.parts()))
    facts = {"network": f"{edges:,} edges, {nodes:,} nodes, {parts:,} part{'s' if parts != 1 else ''}"}
    if parts > 1 and not rules.crossings and (count := crossed_lines(streets.lines)):
        facts["not joined"] = f"{count:,} lines that cross others (see crossings)"
    return facts


def _reached(people: ReachPlaces, rules: WalkRules) -> dict[str, str]:
    placed = people.places.placed
    table = group_rows(None, people.weights, people.walks.within(rules), people.far_m < 0, placed)
    (row,) = table.to_pylist()
    share = "" if row["share"] is None else f" ({row['share']:.1%})"
    off = f", {int((~placed).sum()):,} of {len(placed):,} places unplaced" if not placed.all() else ""
    return {
        "people": f"{people.rows.layer}: {row['reached']:,.10g} of {row['people']:,.10g} reached{share}{off}"
    }
