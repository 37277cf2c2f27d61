"""Reach: what walks to services come to, as answers: groups, places, gaps, services, streets, areas.

Tested by `tests/city/test_reach.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.answerview import AnswerView
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.reach.placerows import PlaceRows, Weights
from stcloud.paas.reach.reachedstreets import ReachedStreets, minutes_column
from stcloud.paas.reach.reachgroups import PlaceGroups, compared, group_rows
from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.streetlines import Flags, Floats, Shapes, StreetLines
from stcloud.paas.reach.streetpieces import StreetPieces
from stcloud.paas.reach.walkgraph import WalkGraph
from stcloud.paas.reach.walkrules import WalkRules
from stcloud.paas.reach.walks import Walks
from stcloud.space import Lattice

__all__ = ["ReachPlaces", "ReachStreets", "ServiceReach"]


@dataclass(frozen=True, slots=True, eq=False)
class ReachStreets:
    """Streets of a question, and the services on them.

    Parameters
    ----------
    layer
        Name of the layer of streets.
    lines, pieces, graph
        Its lines that can be walked, what barriers leave of them, and the walks.
    services, service_places
        The services, and where they are on streets.
    """

    layer: str
    lines: StreetLines
    pieces: StreetPieces
    graph: WalkGraph
    services: PlaceRows
    service_places: SnappedPlaces


@dataclass(frozen=True, slots=True, eq=False)
class ReachPlaces:
    """Those who want a service, and their walks.

    Parameters
    ----------
    rows, weights, groups
        Who they are, how much each counts, and in which group; None: in no groups.
    places, walks, far_m
        Where they are on streets; their walks; metres to the nearest service in a straight line.
    """

    rows: PlaceRows
    weights: Weights
    groups: PlaceGroups | None
    places: SnappedPlaces
    walks: Walks
    far_m: Floats


@dataclass(frozen=True, repr=False)
class ServiceReach(AnswerView):
    """Who reaches a service on foot, and who does not; `City.reach` returns one.

    With a ``city``::

        reach = city.reach("streets", "schools", people="buildings:inhabitants", by="in:communities")
        reach.gaps().to_geopandas()

    Attributes
    ----------
    rules
        How people walk.
    facts
        How the question was understood, what was left out, and how many were reached.
    pin
        Recorded instant of each layer that was read.
    """

    rules: WalkRules
    facts: dict[str, str]
    pin: Pin
    _lattice: Lattice = field(repr=False)
    _streets: ReachStreets = field(repr=False)
    _people: ReachPlaces | None = field(repr=False)

    def answer(self) -> Answer:
        """Return the answer of `groups`."""
        return self.groups()

    def groups(self) -> Answer:
        """Return a row for each group: how many people there are, how many reach a service, and in a straight line.

        ``places``, ``people`` (their weight), ``reached``, ``share``, ``straight``, ``straight_share``,
        ``share_difference`` (what a circle promises and streets do not keep), ``unplaced``. Shares are 0 to 1, null
        without people. Without ``by`` there is one row.

        Raises `InvalidInput` ``no-people``: the question has none.
        """
        people = self._those
        reached, straight = self._reached(people), self._straight(people)
        table = group_rows(people.groups, people.weights, reached, straight, people.places.placed)
        return self._grouped(table)

    def people(self) -> Answer:
        """Return each place of people, by key, with its walk and its geometry.

        ``people``, the group, ``minutes`` to the nearest service (null: there is no walk), its key ``service``, how
        many ``services`` are within the limit, ``reached``, ``why`` not (``too far``, ``no way``, ``unplaced``),
        ``straight_minutes``, ``straight_reached``, ``snap_m`` from the street.
        """
        return self._answer(self._rows)

    def gaps(self) -> Answer:
        """Return the rows of `people` that reach no service, the most people first, then by key."""
        rows = self._rows.filter(pc.invert(self._rows["reached"]))
        return self._answer(rows.sort_by([("people", "descending"), ("key", "ascending")]))

    def services(self) -> Answer:
        """Return each service, by key: how far its street is, and whom it reaches.

        ``snap_m`` (null: there is no street at all), ``placed``; ``places`` and their ``people`` within the limit;
        ``nearest_places`` and ``nearest_people`` within the limit that have no nearer one. The last four are left
        out where the question has no people.
        """
        services, places = self._streets.services, self._streets.service_places
        columns: dict[str, Any] = {
            "service": services.keys,
            "snap_m": _known(places.distance_m),
            "placed": places.placed,
        }
        if self._people is not None:
            people, walks = self._people, self._people.walks
            number = np.where(self._reached(people), walks.service, len(services))
            size = len(services) + 1
            columns |= {
                "places": walks.places,
                "people": people.weights.column(walks.weight),
                "nearest_places": np.bincount(number, minlength=size)[:-1],
                "nearest_people": people.weights.column(
                    np.bincount(number, people.weights.values, size)[:-1]
                ),
            }
        return self._answer(pa.table(columns | {"st_geom": _wkb(services.shapes)}))

    def streets(self) -> Answer:
        """Return pieces of the streets that can be walked, each in reach or out of it, by street.

        ``street``, ``reached``, ``minutes`` from its nearer end to a service (null: there is no walk), ``length_m``.
        """
        parts, streets = self._parts, self._streets
        line = streets.pieces.line[parts.piece]
        return self._answer(
            pa.table(
                {
                    "street": streets.lines.keys.take(pa.array(line)),
                    "reached": parts.reached,
                    "minutes": minutes_column(parts.seconds),
                    "length_m": parts.length_m,
                    "st_geom": _wkb(parts.shapes),
                }
            )
        )

    def areas(self) -> Answer:
        """Return the area within 30 m of reached streets, and that within 30 m of others without it: ``area_m2``."""
        shapes, area_m2 = self._parts.areas()
        kept = area_m2 > 0
        rows = {"reached": np.array([True, False])[kept], "area_m2": area_m2[kept]}
        return self._answer(pa.table(rows | {"st_geom": _wkb(shapes[kept])}))

    def unplaced(self) -> Answer:
        """Return services and people without a street: ``layer``, ``key``, ``distance_m`` of the nearest."""
        sides = [(self._streets.services, self._streets.service_places)]
        sides += [] if self._people is None else [(self._people.rows, self._people.places)]
        tables = []
        for rows, places in sides:
            off = np.flatnonzero(~places.placed)
            columns = {
                "layer": pa.repeat(pa.scalar(rows.layer), len(off)), "key": rows.keys.take(pa.array(off)),
                "distance_m": _known(places.distance_m[off]), "st_geom": _wkb(rows.shapes[off]),
            }  # fmt: skip
            tables.append(pa.table(columns))
        return self._answer(pa.concat_tables(tables))

    def compare(self, before: ServiceReach) -> Answer:
        """Return `groups` beside those of another question: ``people``, ``reached``, ``share``.

        Each also as ``NAME_before`` and ``NAME_change``; null where one of both has not the group.

        Raises `InvalidInput` ``no-people``, ``other-groups``: they are grouped by different things.
        """
        mine, theirs = self.groups(), before.groups()
        if mine.groups != theirs.groups:
            raise InvalidInput(
                "other-groups", f"one is grouped by {_listed(mine.groups)}, the other by {_listed(theirs.groups)}",
                hint="ask both with the same by",
            )  # fmt: skip
        noun = mine.groups[0] if mine.groups else None
        return self._beside(self._grouped(compared(mine.table, theirs.table, noun)), before)

    def changes(self, before: ServiceReach) -> Answer:
        """Return places that reach a service and did not at another question, or the reverse, by key.

        ``change`` is ``gained`` or ``lost``; ``people``, ``minutes``, ``service``, each also as ``NAME_before``; null
        of a place that is in one of both only.
        """
        kept = ("key", "people", "reached", "minutes", "service", "st_geom")
        sides = [side._rows.select(kept) for side in (self, before)]  # noqa: SLF001  (of the same class)
        keys = pc.unique(pa.chunked_array([*sides[0]["key"].chunks, *sides[1]["key"].chunks], pa.string()))
        keys = keys.take(pc.array_sort_indices(keys))
        now, then = (side.take(pc.index_in(keys, value_set=side["key"].combine_chunks())) for side in sides)
        reached, had = (pc.fill_null(side["reached"], False) for side in (now, then))  # noqa: FBT003
        both = {name: (now[name], then[name]) for name in ("people", "minutes", "service")}
        columns = {"key": keys, "change": pc.if_else(reached, "gained", "lost")}
        for name, (value, value_before) in both.items():
            columns |= {name: value, f"{name}_before": value_before}
        table = pa.table(columns | {"st_geom": pc.coalesce(now["st_geom"], then["st_geom"])})
        return self._beside(self._answer(table.filter(pc.not_equal(reached, had))), before)

    def __repr__(self) -> str:
        return "\n  ".join(["Reach", *(f"{name}: {text}" for name, text in self.facts.items())])

    @property
    def _those(self) -> ReachPlaces:
        if self._people is None:
            raise InvalidInput(
                "no-people", "the question does not say who wants a service",
                hint="name a layer, and a column of its inhabitants: people='buildings:inhabitants'",
                in_shell="name a layer, and a column of its inhabitants: --people buildings:inhabitants",
            )  # fmt: skip
        return self._people

    @cached_property
    def _parts(self) -> ReachedStreets:
        return ReachedStreets.of(self._streets.graph, self._streets.pieces, self.rules.limit_s)

    @cached_property
    def _rows(self) -> pa.Table:
        people = self._those
        walks, placed = people.walks, people.places.placed
        reached, ways = self._reached(people), np.isfinite(walks.seconds)
        why = np.where(~placed, "unplaced", np.where(ways, "too far", "no way"))
        groups = {} if people.groups is None else {people.groups.noun: people.groups.names}
        return pa.table(
            {
                "key": people.rows.keys,
                "people": people.weights.column(people.weights.values),
                **groups,
                "minutes": minutes_column(walks.seconds),
                "service": self._streets.services.key_of(walks.service),
                "services": walks.services,
                "reached": reached,
                "why": pa.array(why, pa.string(), mask=reached),
                "straight_minutes": minutes_column(people.far_m / self.rules.speed_mps),
                "straight_reached": self._straight(people),
                "snap_m": _known(people.places.distance_m),
                "st_geom": _wkb(people.rows.shapes),
            }
        )

    def _reached(self, people: ReachPlaces) -> Flags:
        return people.walks.within(self.rules)

    def _straight(self, people: ReachPlaces) -> Flags:
        reached: Flags = people.far_m / self.rules.speed_mps <= self.rules.most_s
        return reached

    def _grouped(self, table: pa.Table) -> Answer:
        groups = self._those.groups
        if groups is None:
            return self._answer(table)
        return replace(self._answer(table), groups=(groups.noun,), place=groups.place)

    def _answer(self, table: pa.Table) -> Answer:
        return Answer(table, self._lattice, self.facts, pin=self.pin)

    def _beside(self, answer: Answer, before: ServiceReach) -> Answer:
        then = {"before": f"as of {before.facts['as_of']}, known at {before.facts['known_at']}"}
        return replace(answer, facts={**answer.facts, **then})


def _listed(groups: tuple[str, ...]) -> str:
    return groups[0] if groups else "nothing"


def _known(metres: Floats) -> pa.Array:
    return pa.array(metres, mask=np.isnan(metres))


def _wkb(shapes: Shapes) -> pa.Array:
    return pa.array(shapely.to_wkb(shapes), pa.binary())
