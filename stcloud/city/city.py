"""A city: its layers, loads and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack, overload

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S, GivenDefinition, GivenEngine, LoadKeywords, Names, Source
from stcloud.city.opened import OpenedCity
from stcloud.errors import StcloudError
from stcloud.iaas.job import Job
from stcloud.iaas.source.paths import is_of_several, is_pattern

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from stcloud.city.cases import Cases
    from stcloud.city.changes import LayerChanges
    from stcloud.city.episodes import CityEpisodes, GivenRule
    from stcloud.city.evaluating import CaseEvaluation, EvaluationKeywords
    from stcloud.city.reach import ReachKeywords
    from stcloud.city.situation import Situation
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.load.draft import Drafted
    from stcloud.daas.load.event_load import Mode
    from stcloud.daas.load.feature_load import FeatureMode
    from stcloud.daas.purge.purge import Purged
    from stcloud.daas.reckoning import Reckoning
    from stcloud.paas.grid import Indexed, UnitGrid
    from stcloud.paas.grid.check import Report
    from stcloud.paas.grid.divided import DividedGrid
    from stcloud.paas.grid.geometries import GeometrySource
    from stcloud.paas.grid.points import LocatedPoints
    from stcloud.paas.movement import TrackQuery
    from stcloud.paas.query import Answer, Features, Query, Question
    from stcloud.paas.query.resolve.measured import ValueSource
    from stcloud.paas.reach import ServiceReach
    from stcloud.paas.scene.scenes import Scenes
    from stcloud.paas.series import SeriesQuery
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = ["City"]


class City(OpenedCity):
    """A city with its layers, loads and queries; `stcloud.create` and `stcloud.open` return one.

    Several threads may use it at the same time. ``with`` closes it, but no engine that `open` was given.
    """

    def layers(self) -> tuple[Layer, ...]:
        """Return the city's layers, sorted by name."""
        return tuple(self.layer(name) for name in self._catalogue.names())

    def layer(self, name: str) -> Layer:
        """Return a layer, as `Features` if it is a layer of features; `NotFound` ``unknown-layer``."""
        layer = self._catalogue.layer(name)
        return self._parts.features(layer) if layer.layer_kind.versioned else layer

    def features(self, name: str) -> Features:
        """Return a layer of features, with ``as_of``, ``between``, ``history``, ``diff`` and ``lineage``.

        Raises `NotFound` ``unknown-layer``, with the nearest names; `InvalidInput` ``not-features``: it has events.
        """
        return self._parts.features(self._catalogue.layer(name))

    def scenes(self, name: str) -> Scenes:
        """Return a layer of scenes, with ``as_of``, ``between`` and ``all``: images, as arrays and pictures.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-scenes``: it is of another kind.
        """
        return below.scenes_layer(self._parts, self.configuration, name)

    def query(self, layer: str) -> Query:
        """Start a query about a layer; nothing is read until it is run. `NotFound` ``unknown-layer``.

        Narrow it first, as in ``city.query("requests").when("2025-02").count(by=["week"])``.
        """
        subject = self.layer(layer)
        index = None if subject.layer_kind.versioned else (grids := self._parts.grids).of(layer)
        units = below.UnitIndex(*index, grids.duties) if index else None
        of = (self.configuration, self.engine, units, self.features, self._clock, self.classes.coded)
        more = (self.calendar.published, self._values, self._parts.answers)
        return below.Query(below.Subject(subject, *of, *more))

    def series(self, layer: str) -> SeriesQuery:
        """Start a question about a layer of readings; nothing is read until it is run.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-series``: its definition has no table ``[series]``.
        """
        return below.open_series(self, layer)

    def tracks(self, layer: str) -> TrackQuery:
        """Start a question about the tracks of a layer's movers; nothing is read until it is run.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``no-mover``: its definition names no column of movers.
        """
        return below.open_tracks(self, layer)

    def episodes(self, layer: str, rule: GivenRule) -> CityEpisodes:
        """Return the episodes of a rule (its TOML file, or its keys and values) in a layer of readings."""
        return below.open_episodes(self, self._parts, layer, rule)

    def _values(self, layer: str) -> ValueSource:
        return below.value_source(self, layer)

    def ask(self, question: Question) -> Answer:
        """Answer a saved question; raises what `query` and the methods of `Query` raise."""
        return question.answer(question.narrow(self.query(question.layer)))

    def grid(self, layer: str) -> UnitGrid:
        """Return a unit grid, with ``locate``, ``check``, ``crosswalk`` and ``units``.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-a-grid``: its definition has no table ``[grid]``.
        """
        return self._parts.grids.grid(layer)

    def locate(
        self, grid: str, points: Any, *, x: str = "x", y: str = "y", crs: GivenCRS | None = None,
        at: Instant | None = None,
    ) -> LocatedPoints:  # fmt: skip
        """Add to each point the code of the cell that contains it, in a column ``unit``, batch by batch.

        Parameters
        ----------
        grid, points
            Layer of a unit grid; a file (CSV, NDJSON, Parquet), a DataFrame or an Arrow table.
        x, y, crs
            Names of the columns with the coordinates, and their CRS; default: the city's.
        at
            An instant, or the name of a column of instants; None: the newest state of the grid.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-layer``, ``no-source``, ``unknown-column``; ``not-a-grid``, ``column-exists``, ``unknown-crs``.
        """
        return below.locate_points(self.grid(grid), points, x=x, y=y, crs=below.crs_text(crs), at=at)

    def divide(
        self, communities: GeometrySource, streets: GeometrySource, *, buildings: GeometrySource | None = None,
        components: GeometrySource | None = None, water: GeometrySource | None = None,
        previous: GeometrySource | None = None, community_code: str = "code", target_area_m2: float = 10_000.0,
        preset: str = "balanced", initial_date: str | date | None = None, crs: GivenCRS | None = None,
        source_crs: GivenCRS | None = None, workers: int = 2, tell: Callable[[str], object] | None = None,
    ) -> DividedGrid:  # fmt: skip
        """Divide communities into unit cells, as `stcloud.divide` does; inputs may be layers of the city, too.

        The default of ``crs`` is the city's CRS. If communities are a layer, its keys are their codes.
        """
        sources = below.GroundSources(
            communities, streets, buildings, components, water, previous, community_code
        )
        reader = self._parts.geometries(crs, source_crs, tell)
        return below.divide_ground(reader, sources, target_area_m2, preset, initial_date, workers)

    def check_grid(
        self, grid: str, communities: GeometrySource | None = None, *, community_code: str = "code",
        tolerance_m: float | None = None, tell: Callable[[str], object] | None = None,
    ) -> Report:  # fmt: skip
        """Find the faults of a unit grid; with communities, also where its cells do not tile them.

        ``communities`` and ``community_code`` are as for `divide`. The default of ``tolerance_m``, in metres, is that
        of the layer's definition.
        """
        unit_grid = self.grid(grid)
        rules = unit_grid.rules if tolerance_m is None else replace(unit_grid.rules, tolerance_m=tolerance_m)
        reader = self._parts.geometries(None, None, tell)
        areas = () if communities is None else reader.areas(communities, community_code)
        return unit_grid.check(*areas, rules=rules)

    def index(
        self, events: str, grid: str | None = None, *, job: Job | None = None, wait_s: float = LOCK_WAIT_S
    ) -> Indexed:
        """Store with every event the code of the cell that contained it at its own time.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-events``, ``not-a-grid``, ``which-grid``.

        Parameters
        ----------
        events
            A layer of events. Later loads of it, and of the grid, update the codes. Indexed events are not indexed
            again.
        grid
            Layer of the unit grid; None: the grid that was used before, or else the only grid of the city.
        job, wait_s
            As for `load`.
        """
        return self._changes(wait_s).index(events, grid, job)

    @overload
    def load(self, layer: str, source: Source, /, **keywords: Unpack[LoadKeywords]) -> Reckoning: ...

    @overload
    def load(
        self, layer: str, first: Source, second: Source, /, *more: Source, **keywords: Unpack[LoadKeywords]
    ) -> list[Reckoning]: ...

    @overload
    def load(
        self, layer: str, /, *sources: Source, **keywords: Unpack[LoadKeywords]
    ) -> Reckoning | list[Reckoning]: ...

    def load(
        self, layer: str, *sources: Source, definition: GivenDefinition = None, engine: GivenEngine = None,
        mode: Mode | FeatureMode | None = None, valid_from: Instant | None = None, valid_to: Instant | None = None,
        complete_to: Instant | None = None, max_rejected: str | int = "5%", again: bool = False,
        allow_missing: str | Iterable[str] = (), empty: bool = False, keep_going: bool = False, dry_run: bool = False,
        on_loaded: Callable[[Reckoning], None] | None = None, on_failed: Callable[[StcloudError], None] | None = None,
        job: Job | None = None, wait_s: float = LOCK_WAIT_S, key: Names = None, time: str | None = None,
        time_formats: Names = None, lon: str | None = None, lat: str | None = None, x: str | None = None,
        y: str | None = None, crs: GivenCRS | None = None, datum: str | None = None, zone: str | None = None,
        encoding: str | None = None, source_layer: str | None = None, source_format: str | None = None,
        mover: str | None = None,
    ) -> Reckoning | list[Reckoning]:  # fmt: skip
        """Load files, or rows in memory, into a layer, each source in one atomic and idempotent commit.

        Parameters
        ----------
        layer, sources
            Name of the layer, which the first load creates; files, their folders and patterns, frames of pandas and
            GeoPandas, Arrow streams, GeoJSON features, records, file objects (`docs/reference/files.md`).
        definition
            A bundled definition's name, a TOML file or a `Definition`. The first load needs it, or enough of the
            keywords from ``key`` on, which state what a file does not, and from which one is derived.
        mode, valid_from, valid_to
            ``changes`` (default for events), ``append``, ``delete``; for features also ``snapshot`` (their default).
            The valid period is half-open; without a zone of their own its ends are in the city's.
        complete_to
            Until when a source has all that happened, if not now: a date (its end), an instant, ``latest-day``.
        max_rejected
            Maximum of rejected rows, a number or a share (``"5%"``); beyond it a file is not loaded at all.
        again, allow_missing, empty
            Load a source again; columns that it may lack, which become null; accept a snapshot without rows.
        keep_going, on_loaded, on_failed, dry_run
            Continue after an error and raise it at the end; called with each reckoning, with each later error. Write
            nothing to the city: read, check and reckon, in a temporary folder.
        job, wait_s, engine
            Reports progress and can cancel; seconds to wait for another load; a cluster to do the work (``sc://…``).
        key, time, time_formats
            Columns that identify a row; the column of its time, and how it is written (``iso``, ``%d/%m/%Y`` …).
        lon, lat, x, y, crs, datum
            Columns of coordinates, degrees or metres, and what they refer to.
        zone, encoding, source_layer, source_format, mover
            Time zone; encoding; which layer of the file (``*``: all tables of a zip); format; whose fix a row is.

        Returns
        -------
        The reckoning of the source; of several (a folder, a pattern) a list. ``known``: it was loaded before.

        Raises
        ------
        InvalidInput, Conflict
            The call or a file is wrong; another writer was faster. The message names the files that were loaded.
        """
        terms = below.LoadTerms(
            definition, below.Options.of(locals()), mode, valid_from, valid_to, allow_missing,
            below.Limit.parse(str(max_rejected)), again, empty, keep_going, complete_to,
        )  # fmt: skip
        watchers = below.Watchers(on_loaded, on_failed, job)
        loaded = self._changes(wait_s).load(layer, sources, terms, watchers, dry_run=dry_run, engine=engine)
        alone = len(sources) == 1 and not is_of_several(sources[0]) and not is_pattern(source_layer)
        return loaded[0] if alone else loaded

    def _changes(self, wait_s: float) -> LayerChanges:
        return below.LayerChanges(self._parts, self.configuration, self._clock, wait_s)

    def undo(self, layer: str, load: str, *, wait_s: float = LOCK_WAIT_S) -> Reckoning:
        """Undo a load and return the reckoning; history is kept, and its file may be loaded again.

        Content of the load that is still current is replaced by what it had replaced; later changes stay.

        Raises `NotFound` ``unknown-layer``, ``unknown-load``; `InvalidInput` ``undone-already``.
        """
        return self._changes(wait_s).undo(layer, load)

    def draft(
        self, layer: str, source: Source, *, definition: GivenDefinition = None, dated: bool = False,
        key: Names = None, time: str | None = None, time_formats: Names = None, lon: str | None = None,
        lat: str | None = None, x: str | None = None, y: str | None = None, crs: GivenCRS | None = None,
        datum: str | None = None, zone: str | None = None, encoding: str | None = None,
        source_layer: str | None = None, source_format: str | None = None, mover: str | None = None,
    ) -> Drafted:  # fmt: skip
        """Return the definition that a load with these options would use, without loading.

        The keywords from ``key`` on are as for `load`. If there is a ``definition``, or one saved with the layer,
        they must agree with it (`InvalidInput` ``other-definition``), except for the CRS, which they may set.
        ``dated`` says that a valid period is given, so the layer has features.
        """
        options = below.Options.of(locals())
        return self._changes(LOCK_WAIT_S).draft(layer, source, definition, options, dated=dated)

    def rejected(self, layer: str, *, load: str | None = None) -> pa.Table:
        """Return the rejected rows of a layer's loads: load, layer, source, row, field, value, reason, status.

        With a ``load``: its rows as they were in the source, to be mended. `InvalidInput` ``rows-not-kept``.

        The status is ``loaded``, or ``refused`` if the load was refused as a whole because too many rows were
        rejected. `NotFound` ``unknown-layer``.
        """
        return self._catalogue.rejected(layer, load)

    def cases(
        self, log: str, *, create: str | None = None, clocks: str | None = None, url: str | None = None
    ) -> Cases:
        """Open a log of cases; with ``create``, make it first.

        Parameters
        ----------
        log
            Its name.
        create, clocks
            Workflow and clocks of a new log: names of bundled ones (``urban-management``), or TOML documents.
        url
            Where a new log is kept: ``postgresql://user@host/database``; None: in the city's folder.

        Raises `NotFound` ``no-records``; `Conflict` ``records-exist``; `InvalidInput` for what is wrong with rules.
        """
        return below.open_cases(self, self._parts, self._clock, log, create=create, clocks=clocks, url=url)

    def case_logs(self) -> tuple[str, ...]:
        """Return the names of the city's logs of cases, sorted."""
        return below.case_log_names(self._parts.folder)

    def evaluate(self, layer: str, **options: Unpack[EvaluationKeywords]) -> CaseEvaluation:
        """Evaluate a layer of published cases, or of requests with due and closing times; see `Cases.evaluate`.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``unknown-import``, ``at-a-batch``, ``unknown-area``.
        """
        return below.evaluate_layer(self._parts, self, layer, self._clock, options)

    def situation(
        self, point: Any, at: Instant | None = None, known_at: Instant | None = None,
        radius_m: float | str = 200.0, *, days: float = 7.0, logs: Names = None,
        layers: Mapping[str, str | Iterable[str]] | None = None, nearest: Names = None, limit: int = 50,
    ) -> Situation:  # fmt: skip
        """Return what is known of a place, in four groups: basic, monitoring, decision, management.

        Parameters
        ----------
        point, at, known_at, radius_m
            Longitude and latitude, degrees; the instant, as known at another; how far around, up to 5 km.
        days
            How many days before ``at`` events are recent.
        logs, layers
            Logs of cases, None: all; layers by the parts that they play, where definitions do not say.
        nearest, limit
            Layers of which the three nearest features are sought; most records of a part.
        """
        question = below.SituationQuestion(
            point, at, known_at, radius_m, days, logs, layers, nearest or (), limit
        )
        return question.answer(self, self._parts, self._clock)

    def reach(self, streets: str, services: str, **options: Unpack[ReachKeywords]) -> ServiceReach:
        """Walk along streets, as they were: who reaches a service of another layer, and who does not.

        Keywords as in `docs/explanation/reach.md`: ``minutes``, ``speed``, ``speeds``, ``snap``, ``crossings``,
        ``level``, ``barriers``, ``what``, ``people``, ``by``, ``at``, ``known_at``. Raises `InvalidInput`
        ``not-streets``, ``no-streets``, ``not-barriers``, ``bad-speed``, ``bad-weight``, ``no-people``.
        """
        return below.reach_of(self, streets, services, options, self._clock)

    def rename(self, layer: str, name: str, *, wait_s: float = LOCK_WAIT_S) -> bool:
        """Rename a layer; return False if it has that name already. It keeps its history, loads and indexes.

        Who uses the old name gets an error with the new one, pins with it hold, and no other layer may have it.
        Raises `NotFound` ``unknown-layer``, ``renamed-layer``; `InvalidInput` ``bad-name``, ``name-taken``.
        """
        return self._changes(wait_s).give_name(layer, name)

    def purge(
        self, layer: str, *, before: Instant | None = None, what: str | Iterable[str] = (),
        columns: str | Iterable[str] = (), again: bool = False, dry_run: bool = False, wait_s: float = LOCK_WAIT_S,
    ) -> list[Purged]:  # fmt: skip
        """Remove rows, or their values in some ``columns``, for good: from past beliefs and from disk, too.

        Events that began, features that ended ``before`` an instant (or a span, ``last 2 years``), with a version of
        which all CQL2 filters are true. ``again`` repeats recorded purges without filter, ``dry_run`` only counts.

        Raises
        ------
        NotFound, InvalidInput, Unsupported
            ``scope-needed``, ``unclear-scope``, ``unknown-column``, ``needed-column``; ``no-key``, ``no-purge``.
        """
        stated = below.LayerPurge.of(before, what, columns, again=again, dry_run=dry_run)
        return stated.run(self._parts, self.configuration, self._clock, layer, wait_s=wait_s)

    def delete(self, layer: str, *, wait_s: float = LOCK_WAIT_S) -> None:
        """Delete a layer's table and definition; the ledger keeps its loads. `NotFound` ``unknown-layer``."""
        with self._catalogue.locked(layer, wait_s=wait_s):
            self._parts.grids.forget(layer)
            self._parts.joins(layer).clear()
            self._parts.pixels(layer).clear()
            self._catalogue.delete(layer, self._clock())
