"""Tracks: a question about a layer of fixes. Every method that narrows it returns a new one.

Tested by `tests/city/test_tracks.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.movement.fixes import Fixes
from stcloud.paas.movement.meetings import meetings_table, passes_table
from stcloud.paas.movement.motionrules import (
    NEVER_US,
    GivenDistance,
    GivenLapse,
    MeetingRule,
    StopRule,
    TripRule,
    lapse_text,
    read_lapse,
    read_metres,
)
from stcloud.paas.movement.trackquestion import TrackQuestion
from stcloud.paas.movement.tracktable import segments_table, stops_table, tracks_table, trips_table
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.space import LONLAT, project
from stcloud.time import Instant, TimeSpan, instant_us, parse_when, span_text
from stcloud.time.micros import SECOND_US

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from stcloud.paas.movement.currentpositions import CurrentPositions
    from stcloud.paas.movement.dwell import Dwell
    from stcloud.space import GivenCRS

__all__ = ["TrackQuery"]


@dataclass(frozen=True, slots=True)
class TrackQuery(TrackQuestion):
    """A question about the tracks of movers.

    With a ``city``::

        city.tracks("vehicles").during("2024-03-01").movers("B-17").stops(within="50 m", at_least="5 min").to_pandas()
    """

    def tracks(self) -> Answer:
        """Return tracks: ``mover``, ``from``, ``to``, ``fixes``, ``length_m``, ``duration_s``, and their lines.

        A track of one fix has a point.
        """
        fixes = self.fixes()
        return self._answer(tracks_table(fixes, self.zone), fixes)

    def segments(self) -> Answer:
        """Return segments, as tracks, with ``speed_mps`` in place of ``fixes``: null where it takes no time."""
        fixes = self.fixes()
        return self._answer(segments_table(fixes, self.zone), fixes)

    def stops(
        self, within: GivenDistance = "50 m", at_least: GivenLapse = "5 min", *, gap: GivenLapse | None = None
    ) -> Answer:
        """Return the stops: ``mover``, ``from``, ``to``, ``duration_s``, ``fixes``, and the mean place of the fixes.

        Parameters
        ----------
        within, at_least
            From a track's first fix on, the run of fixes that remain within the distance of the run's first fix is
            taken as far as it goes. If it lasts so long it is a stop, and the search goes on after it; else it goes
            on with the next fix. Both are inclusive.
        gap
            A longer time without a fix ends a run; None: a mover that is silent at a place stays there.

        Raises
        ------
        InvalidInput
            ``unknown-distance``, ``invalid-distance``, ``unreadable-lapse``
        """
        rule = StopRule.of(within, at_least, gap)
        fixes = self.fixes()
        return self._answer(stops_table(fixes, rule, self.zone), fixes, stop=str(rule))

    def trips(
        self,
        gap: GivenLapse = "10 min",
        distance: GivenDistance | None = "50 m",
        dwell: GivenLapse | None = "5 min",
    ) -> Answer:
        """Return the trips, with the columns of tracks.

        Parameters
        ----------
        gap
            A longer time without a fix is a silence: it ends a trip, and the next one begins after it.
        distance, dwell
            Stops end trips, too: within this distance, for so long; None of both: only silences do. A trip begins
            with the last fix of a stop and ends with the first of the next.

        Raises
        ------
        InvalidInput
            ``half-a-stop``, ``unknown-distance``, ``invalid-distance``, ``unreadable-lapse``
        """
        rule = TripRule.of(gap, distance, dwell)
        fixes = self.fixes()
        return self._answer(trips_table(fixes, rule, self.zone), fixes, trip=str(rule))

    def dwell(
        self, cell: str = "100m", every: str = "1h", *, gap: GivenLapse = "10 min", by_mover: bool = False
    ) -> Dwell:
        """Return the time that movers spent in cells, by steps of time: each move is cut where it leaves a cell.

        Parameters
        ----------
        cell, every
            As for `Query.cube`: ``100m``, ``unit``, ``in:LAYER`` as they were then; ``1h``, ``1D`` …
        gap
            What was not observed: segments that take longer.
        by_mover
            Whether of each mover, or of all together.

        Raises
        ------
        InvalidInput
            ``no-cells``, ``not-indexed``, ``unknown-step``, ``several-spans``, ``no-events``, ``unreadable-lapse``
        """
        from stcloud.paas.movement.dwell import dwell_of  # noqa: PLC0415  (cubes are slow to import)
        from stcloud.paas.movement.placedcells import cells_named  # noqa: PLC0415
        from stcloud.paas.query.run.cube_time import time_of  # noqa: PLC0415

        gap_us, inquiry = read_lapse(gap), self.query.inquiry()
        read: dict[str, int] = {}
        cells = cells_named(cell, inquiry, read)
        time = time_of(inquiry, every, drop=False)
        fixes = self.fixes()
        facts = self._facts(fixes) | {"observed": f"between fixes of at most {lapse_text(gap_us)}"}
        pin = self.pin.joined(Pin.of(read, {}))
        return dwell_of(fixes, cells, time, every, gap_us, by_mover=by_mover, facts=facts, pin=pin)

    def origin_destination(
        self, by: str = "unit", *, gap: GivenLapse = "10 min", distance: GivenDistance | None = "50 m",
        dwell: GivenLapse | None = "5 min",
    ) -> Answer:  # fmt: skip
        """Return how many trips went from one cell to another: ``origin``, ``destination``, ``trips``, means of them.

        Parameters
        ----------
        by
            ``unit``, ``community``, ``100m``, ``in:LAYER``: cells as they were at the first and the last instant of
            each trip; null: outside.
        gap, distance, dwell
            What a trip is, as for `trips`.
        """
        from stcloud.paas.movement.origindestination import origins_table  # noqa: PLC0415
        from stcloud.paas.movement.placedcells import cells_named  # noqa: PLC0415

        rule = TripRule.of(gap, distance, dwell)
        read: dict[str, int] = {}
        cells = cells_named(by, self.query.inquiry(), read)
        fixes = self.fixes()
        answer = self._answer(origins_table(fixes, rule, cells), fixes, trip=str(rule), cells=by)
        return replace(answer, pin=self.pin.joined(Pin.of(read, {})))

    def meetings(
        self, other: TrackQuery | None = None, within: GivenDistance = "50 m", *, lasting: GivenLapse | None = None,
        gap: GivenLapse = "10 min", during: TimeSpan | None = None,
    ) -> Answer:  # fmt: skip
        """Return when movers were near others: ``mover``, ``other``, ``from``, ``to``, ``duration_s``, ``least_m``.

        Between two fixes a mover goes straight, at constant speed. A period holds both its ends.

        Parameters
        ----------
        other
            The others; None: all movers at the same time, and without names here each pair once.
        within, lasting
            The distance, inclusive; how long a meeting lasts at least, None: an instant is enough.
        gap
            In a longer time without a fix nobody knows where a mover was: it meets nobody, but for its fixes.
        during
            One span of time that meetings are cut to; fixes are read so far before and after it that no position in
            it lacks.

        Raises
        ------
        InvalidInput
            ``one-span``: several spans, or an open one; ``unknown-distance``, ``invalid-distance``,
            ``unreadable-lapse``
        """
        rule = MeetingRule.of(within, lasting, gap)
        theirs = replace(self, names=None) if other is None else other
        span_us = None if during is None else self._span_us(during)
        mine, theirs = (_near_span(each, span_us, rule) for each in (self, theirs))
        fixes = mine.fixes()
        others = fixes if mine == theirs else theirs.fixes()
        same = self.name == theirs.name
        table = meetings_table(
            fixes,
            others,
            rule,
            self.zone,
            same=same,
            each_once=other is None and self.names is None,
            span_us=span_us,
        )
        cut = {} if during is None else {"during": span_text(during, self.zone)}
        answer = self._answer(table, fixes, meeting=str(rule), others=theirs.name, **cut)
        return replace(answer, pin=self.pin.joined(theirs.pin))

    def passes(
        self, place: Any, within: GivenDistance = "50 m", *, lasting: GivenLapse | None = None,
        gap: GivenLapse = "10 min", during: TimeSpan | None = None,
    ) -> Answer:  # fmt: skip
        """Return when movers were near a place: ``mover``, ``from``, ``to``, ``duration_s``, ``least_m``.

        Also who only drove past between two fixes. A period holds both its ends.

        Parameters
        ----------
        place
            Longitude and latitude, degrees, or a point of shapely.
        within, lasting, gap, during
            As for `meetings`.

        Raises
        ------
        InvalidInput
            ``bad-place``, and what `meetings` raises.
        """
        rule, metres = MeetingRule.of(within, lasting, gap), self._metres(place)
        span_us = None if during is None else self._span_us(during)
        fixes = _near_span(self, span_us, rule).fixes()
        table = passes_table(fixes, metres, rule, self.zone, span_us=span_us)
        cut = {} if during is None else {"during": span_text(during, self.zone)}
        return self._answer(table, fixes, passing=str(rule), **cut)

    def current(self, at: Instant | None = None, *, max_age: GivenLapse | None = None) -> Answer:
        """Return the last position of each mover as of an instant: ``mover``, ``time``, ``age_s``, and the place.

        Who is named is who fulfils the conditions now: of a mover whose last fix does not, no earlier one counts.

        Parameters
        ----------
        at
            The instant; None: now, by the city's clock.
        max_age
            Leave out movers whose last fix is older.
        """
        at_us, oldest_us = self._now_us(at), None if max_age is None else read_lapse(max_age)
        fixes = self._current(at_us, oldest_us)
        last = fixes.last[fixes.latest]
        table = pa.table(
            {
                "mover": fixes.names(np.flatnonzero(fixes.latest)),
                "time": fixes.instants(fixes.time_us[last], self.zone),
                "age_s": (at_us - fixes.time_us[last]) / SECOND_US,
                "st_x": fixes.x[last],
                "st_y": fixes.y[last],
            }
        )
        return self._answer(table, fixes, as_of=self.zone.iso(at_us))

    def positions(self, at: Instant | None = None, *, max_age: GivenLapse | None = None) -> CurrentPositions:
        """Return the last positions as of an instant, to be updated one by one; arguments as for `current`.

        Raises `MissingExtra` ``rtree-needed``.
        """
        from stcloud.paas.movement.currentpositions import CurrentPositions  # noqa: PLC0415

        positions = CurrentPositions()
        for row in self.current(at, max_age=max_age):
            positions.update(row["mover"], row["st_x"], row["st_y"], instant_us(row["time"], self.zone))
        return positions

    def nearest(
        self, place: Any, n: int = 1, *, at: Instant | None = None, max_age: GivenLapse | None = None,
        within: GivenDistance | None = None,
    ) -> Answer:  # fmt: skip
        """Return the movers nearest to a place as of an instant, with ``distance_m``; by distance, then mover.

        Parameters
        ----------
        place
            Longitude and latitude, degrees, or a point of shapely.
        n, within
            So many at most; at most so far.
        at, max_age
            As for `current`.

        Raises
        ------
        InvalidInput
            ``bad-place``
        """
        x, y = self._metres(place)
        reach = math.inf if within is None else read_metres(within)
        answer = self.current(at, max_age=max_age)
        far_m = np.hypot(answer.table["st_x"].to_numpy() - x, answer.table["st_y"].to_numpy() - y)
        order = np.argsort(far_m, kind="stable")
        order = order[far_m[order] <= reach][:n]
        table = answer.table.append_column("distance_m", pa.array(far_m)).take(pa.array(order, pa.int64()))
        return replace(answer, table=table)

    def to_mfjson(self, *, gap: GivenLapse | None = None) -> dict[str, Any]:
        """Return tracks as OGC Moving Features JSON; a ``gap`` cuts them where a longer time has no fix."""
        from stcloud.paas.movement.mfjson import mfjson_of  # noqa: PLC0415

        gap_us = NEVER_US if gap is None else read_lapse(gap)
        return mfjson_of(self.fixes(), self.query.subject.configuration.crs, gap_us)

    def to_geopandas(
        self, crs: GivenCRS | None = None, *, times: bool = False, measured: bool = False
    ) -> geopandas.GeoDataFrame:
        """Return `tracks` as a GeoDataFrame.

        Parameters
        ----------
        crs
            Of the lines; None: the city's.
        times
            Have the instants of each track's fixes, numpy UTC, beside: column ``times``.
        measured
            Have them as the measure of the lines: ``LINESTRING M``, in seconds since 1970-01-01T00:00:00Z.
        """
        fixes = self.fixes()
        frame = self._answer(tracks_table(fixes, self.zone), fixes).to_geopandas(crs)
        if measured:
            from stcloud.paas.movement.measuredlines import measured_lines  # noqa: PLC0415  (rarely wanted)

            x, y = project(fixes.x, fixes.y, self.query.subject.configuration.crs, frame.crs)
            frame = frame.set_geometry(measured_lines(fixes, x, y), crs=frame.crs)
        if times:
            instants = fixes.time_us.astype("datetime64[us]")
            frame["times"] = np.split(instants, fixes.starts[1:-1]) if fixes.tracks else []
        return frame

    def to_pandas(self) -> pd.DataFrame:
        """Return `tracks` as a DataFrame, with their geometry as WKB."""
        return self.tracks().to_pandas()

    def _facts(self, fixes: Fixes) -> dict[str, str]:
        left_out = {reason: f"{count:,} rows" for reason, count in fixes.left_out.items()}
        return self.facts() | {"fixes": f"{len(fixes):,}"} | left_out

    def _answer(self, table: pa.Table, fixes: Fixes, **rules: str) -> Answer:
        lattice = self.query.subject.configuration.lattice
        return Answer(table, lattice, self._facts(fixes) | rules, pin=self.pin)

    def _current(self, at_us: int, oldest_us: int | None) -> Fixes:
        since_us = None if oldest_us is None else at_us - oldest_us
        return replace(self, query=self.query.when((since_us, at_us + 1))).fixes()

    def _now_us(self, at: Instant | None) -> int:
        clock = self.query.subject.clock
        if at is not None or clock is None:
            return self.query.inquiry().known_us if at is None else instant_us(at, self.zone)
        return clock()

    def _span_us(self, during: TimeSpan) -> tuple[int, int]:
        """Return the first and the last instant of one span."""
        span = parse_when(span_text(during, self.zone), self.zone)
        if span.start_us is None or span.end_us is None:
            raise InvalidInput("one-span", f"'{during}' has an open end", hint="state both ends: A/B")
        return span.start_us, span.end_us - 1

    def _metres(self, place: Any) -> tuple[float, float]:
        given = getattr(place, "coords", [place])[0]
        try:
            lon, lat = (float(part) for part in (given.split(",") if isinstance(given, str) else given))
        except (TypeError, ValueError):
            lon, lat = math.nan, math.nan
        x, y = project(lon, lat, LONLAT, self.query.subject.configuration.crs)
        if not (math.isfinite(float(x)) and math.isfinite(float(y))):
            raise InvalidInput(
                "bad-place", f"{place!r} is no place near the city",
                hint="give longitude and latitude, e.g. (116.4, 39.9)",
                in_shell="give longitude and latitude, e.g. 116.4,39.9",
            )  # fmt: skip
        return float(x), float(y)


def _near_span(question: TrackQuery, span_us: tuple[int, int] | None, rule: MeetingRule) -> TrackQuery:
    """Return the question for the fixes that positions in a closed span depend on."""
    if span_us is None:
        return question
    return question.when((span_us[0] - rule.gap_us, span_us[1] + rule.gap_us + 1))
