"""Questions to a city: what happened, where and when, who reaches what, and what is known of a place.

Tested by `tests/city`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from stcloud.city import below
from stcloud.city.keywords import Names
from stcloud.city.methods.opened import OpenedCity
from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from stcloud.city.carriedtable import CarriedTotals
    from stcloud.city.carrying import GivenVersion
    from stcloud.city.episodes import CityEpisodes, GivenRule
    from stcloud.city.indicators import CityIndicators
    from stcloud.city.reach import ReachKeywords
    from stcloud.city.situation import Situation
    from stcloud.city.standing import CityStanding
    from stcloud.paas.movement import TrackQuery
    from stcloud.paas.query import Answer, Query, Question
    from stcloud.paas.query.answer.pin import GivenKnown
    from stcloud.paas.query.resolve.measured import ValueSource
    from stcloud.paas.reach import ServiceReach
    from stcloud.paas.series import SeriesQuery
    from stcloud.time import Instant

__all__ = ["CityQuestions"]


class CityQuestions(OpenedCity):
    """What people ask of a city."""

    _standing: CityStanding | None = None

    def query(self, layer: str) -> Query:
        """Start a query about a layer; nothing is read until it is run. `NotFound` ``unknown-layer``.

        Narrow it first, as in ``city.query("requests").when("2025-02").count(by=["week"])``.
        """
        city, subject = self._city, self._city.layer(layer)
        index = None if subject.layer_kind.versioned else (grids := self._parts.grids).of(layer)
        units = below.UnitIndex(*index, grids.duties) if index else None
        of = (self.configuration, self.engine, units, city.features, self._clock, self.classes.coded)
        more = (self.calendar.published, self._values, self._parts.answers)
        return below.Query(below.Subject(subject, *of, *more))

    def _values(self, layer: str) -> ValueSource:
        """Return a layer whose values a join gives to events; `NotFound`, `InvalidInput` ``not-measured``."""
        definition = self._city.layer(layer).definition
        if definition.raster_reading is not None:
            return below.SceneSource(self._city.scenes(layer))
        if definition.is_series:
            return self._city.series(layer)
        raise InvalidInput(
            "not-measured", f"layer '{layer}' has no values that were measured: it has no readings and no scenes",
            hint="join features without a value: how=\"within\", \"nearest\"",
            in_shell="join features with --how within or nearest, without --value and --band",
        )  # fmt: skip

    def ask(self, question: Question) -> Answer:
        """Answer a saved question; raises what `query` and the methods of `Query` raise."""
        return question.answer(question.narrow(self.query(question.layer)))

    def series(self, layer: str) -> SeriesQuery:
        """Start a question about a layer of readings; nothing is read until it is run.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-series``: its definition has no table ``[series]``.
        """
        return below.SeriesQuery.of(self.query(layer))

    def tracks(self, layer: str) -> TrackQuery:
        """Start a question about the tracks of a layer's movers; nothing is read until it is run.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``no-mover``: its definition names no column of movers.
        """
        return below.TrackQuery.of(self.query(layer))

    def episodes(self, layer: str, rule: GivenRule) -> CityEpisodes:
        """Return the episodes of a rule (its TOML file, or its keys and values) in a layer of readings."""
        return below.open_episodes(self._city, self._parts, layer, rule)

    @property
    def standing(self) -> CityStanding:
        """Standing questions: ``add`` a rule, ``run``, and ask for ``alerts``, ``why`` and ``why_not``."""
        if self._standing is None:
            self._standing = below.CityStanding(self._city, self._parts)
        return self._standing

    @property
    def indicators(self) -> CityIndicators:
        """Indicators: ``define`` them, and ask for ``values``, a ``composite`` and ``rank``."""
        return below.CityIndicators(self._city, self._parts.folder, self._clock)

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
        return question.answer(self._city, self._parts, self._clock)

    def reach(self, streets: str, services: str, **options: Unpack[ReachKeywords]) -> ServiceReach:
        """Walk along streets, as they were: who reaches a service of another layer, and who does not.

        Keywords as in `docs/explanation/reach.md`: ``minutes``, ``speed``, ``speeds``, ``snap``, ``crossings``,
        ``level``, ``barriers``, ``what``, ``people``, ``by``, ``at``, ``known_at``. Raises `InvalidInput`
        ``not-streets``, ``no-streets``, ``not-barriers``, ``bad-speed``, ``bad-weight``, ``no-people``.
        """
        return below.reach_of(self._city, streets, services, options, self._clock)

    def carry(
        self, totals: Any, from_: GivenVersion, to: GivenVersion, weights: str | None = None, *,
        key: str | None = None, values: Names = (), whole: bool = False, known_at: GivenKnown | None = None,
    ) -> CarriedTotals:  # fmt: skip
        """Carry totals by area from one version of a layer to another, or to another layer; nothing is lost.

        Parameters
        ----------
        totals
            Numbers that add up, by area: a file, a DataFrame, an Arrow table, columns by name, or records.
        from_, to
            A layer of areas at an instant: ``("communities", 2015)``, ``"communities@2015-06-01"``.
        weights
            What totals are spread by within their areas: None: by area; ``buildings.population``, a column of a layer
            of features (as they were at the instant of ``from_``) or of events; ``buildings`` alone counts each one.
        key, values
            Column with the areas' keys, None: that of the layer; columns of totals, by default all others.
        whole
            Carry whole numbers in whole numbers, by largest remainder.
        known_at
            Areas and weights as they were known at a recorded instant, or at the pin of earlier totals.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``unknown-source``, ``unknown-column``; ``unknown-feature``: a total is of no area.
        InvalidInput
            ``no-version``, ``no-areas``, ``which-key``, ``no-totals``, ``missing-key``, ``repeated-key``,
            ``wrong-type``, ``not-whole``, ``negative-weight``, ``no-weights``;
            ``overlapping-areas``: a total would count twice.
        """
        named = (values,) if isinstance(values, str) else tuple(values or ())
        return below.carry_totals(
            self._city, totals, from_, to, weights, key=key, values=named, whole=whole, known_at=known_at
        )
