"""Walks from places to services: how long the quickest takes, and which services are within the limit.

Tested by `tests/paas/reach/test_walks.py`, against networkx.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.streetlines import Flags, Floats, Ints, Shapes
from stcloud.paas.reach.walkgraph import WalkGraph
from stcloud.paas.reach.walkrules import WalkRules

__all__ = ["Walks", "straight_m"]


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """Walks of places, ``(n,)``, to services, ``(m,)``.

    Parameters
    ----------
    seconds
        Of the quickest walk to a service, however long; infinite: there is none.
    service
        Number of the service that it leads to; -1: there is none.
    services
        How many services each place reaches within the limit.
    places, weight
        ``(m,)`` How many places each service reaches within the limit, and their weight.
    """

    seconds: Floats
    service: Ints
    services: Ints
    places: Ints
    weight: Floats

    @classmethod
    def of(cls, graph: WalkGraph, places: SnappedPlaces, weights: Floats, rules: WalkRules) -> Walks:
        """Walk from all places."""
        ways = _Ways.of(graph, places, rules.speed_mps)
        node_s, node_service = graph.nearest()
        count = len(places.piece)
        seconds, service = np.full(count, np.inf), np.full(count, -1, np.int64)
        by_start, by_end = node_s[ways.start] + ways.start_s, node_s[ways.end] + ways.end_s
        seconds[ways.place] = np.minimum(by_start, by_end)
        service[ways.place] = np.where(by_start <= by_end, node_service[ways.start], node_service[ways.end])
        service[~np.isfinite(seconds)] = -1
        near = ways.taken(seconds[ways.place] <= rules.most_s)
        services, reached, weight = np.zeros(count, np.int64), [np.zeros(0, np.int64)], [np.zeros(0)]
        for _, each_s in graph.each(rules.most_s):
            within = near.seconds(each_s) <= rules.most_s
            services[near.place] += within.sum(axis=1)
            reached.append(within.sum(axis=0))
            weight.append((within * weights[near.place, None]).sum(axis=0))
        return cls(seconds, service, services, np.concatenate(reached), np.concatenate(weight))

    def within(self, rules: WalkRules) -> Flags:
        """Whether each place reaches a service."""
        reached: Flags = self.seconds <= rules.most_s
        return reached


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Ways from places that have a street to the ends of its edge, seconds, the way to the street with them."""

    place: Ints
    start: Ints
    end: Ints
    start_s: Floats
    end_s: Floats

    @classmethod
    def of(cls, graph: WalkGraph, places: SnappedPlaces, access_mps: float) -> _Ways:
        place = np.flatnonzero(places.placed)
        at_m, access_s = places.at_m[place], places.distance_m[place] / access_mps
        edge = graph.edge_of(places.piece[place], at_m)
        speed = graph.speed_mps[edge]
        start_s = access_s + np.maximum(at_m - graph.from_m[edge], 0.0) / speed
        end_s = access_s + np.maximum(graph.to_m[edge] - at_m, 0.0) / speed
        return cls(place, graph.from_node[edge], graph.to_node[edge], start_s, end_s)

    def taken(self, kept: Flags) -> _Ways:
        return _Ways(self.place[kept], self.start[kept], self.end[kept], self.start_s[kept], self.end_s[kept])

    def seconds(self, each_s: Floats) -> Floats:
        """Return seconds from places to services, ``(places, services)``, by those of nodes."""
        nodes = np.ascontiguousarray(each_s.T)
        quickest: Floats = np.minimum(
            nodes[self.start] + self.start_s[:, None], nodes[self.end] + self.end_s[:, None]
        )
        return quickest


def straight_m(places: Shapes, services: Shapes) -> Floats:
    """Return how far the nearest service is in a straight line, metres; infinite: there is none."""
    far_m, there = np.full(len(places), np.inf), np.flatnonzero(~shapely.is_missing(places))
    known = services[~shapely.is_missing(services)]
    if len(known):
        (near, _), metres = shapely.STRtree(known).query_nearest(
            places[there], return_distance=True, all_matches=False
        )
        far_m[there[near]] = metres
    return far_m
