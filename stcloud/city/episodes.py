"""Episodes of a city's readings: listed, or derived into a layer of events.

Tested by `tests/city/test_episodes.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.city.episodelayer import Derivation, EpisodeLayer
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.iaas.store.folder import read_text
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.stationepisodes import StationEpisodes
from stcloud.paas.query.answer.answer import Answer
from stcloud.space import project
from stcloud.time import Instant, TimeSpan, parse_when, span_text

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.space import GivenCRS

__all__ = ["CityEpisodes", "GivenRule", "open_episodes", "read_rule"]

GivenRule = EpisodeRule | Mapping[str, Any] | str | os.PathLike[str]
"""A rule, its keys and values, or its TOML file."""

_DEGREES = "EPSG:4326"
_SHOWN = (
    "episode", "station", "from", "to", "open", "measured_to", "peak", "peak_at", "mean", "readings", "missing",
)  # fmt: skip


@dataclass(frozen=True)
class CityEpisodes:
    """The episodes of a rule in a layer of readings; `City.episodes` returns one.

    With a ``city``::

        smog = city.episodes("air", "smog.toml")
        smog.when("2016-12").to_pandas()
        smog.derive("smog")

    Attributes
    ----------
    rule
        What makes readings an episode.
    """

    rule: EpisodeRule
    _city: City = field(repr=False)
    _parts: CityParts = field(repr=False)
    _known: Instant | Pin | None = None
    _stations: tuple[str, ...] | None = None
    _times: TimeSpan | None = None

    def known_at(self, instant: Instant | Pin) -> CityEpisodes:
        """Use readings and stations as they were known at a recorded instant."""
        return replace(self, _known=instant)

    def at(self, *stations: str) -> CityEpisodes:
        """Keep episodes of these stations, by key; an unknown one is refused when readings are read."""
        return replace(self, _stations=stations)

    def when(self, time: TimeSpan) -> CityEpisodes:
        """Keep episodes of which some part lies in a span of time; they are whole ones."""
        return replace(self, _times=time)

    def answer(self) -> Answer:
        """Return the episodes, by station and start, as an answer in every format.

        Columns: the key, the station, ``from`` and ``to`` (null of an open episode, of which ``measured_to`` is until
        when it is known to have lasted), the peak and its time, the mean, and how many readings it has and lacks.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-value``, ``unknown-station``, ``no-step``, and what the question about the readings raises.
        """
        return self._answer

    def derive(self, into: str, *, full: bool = False, wait_s: float = LOCK_WAIT_S) -> Derivation:
        """Bring a layer of events up to date with the episodes of all readings, as they are known now.

        Parameters
        ----------
        into
            Name of the layer, which the first derivation creates.
        full
            Derive all of it; default: only what readings that changed since the last derivation can affect.
        wait_s
            Seconds to wait for another derivation of the layer.

        Raises
        ------
        InvalidInput
            ``all-or-nothing``: stations, a time or an instant were chosen before; ``not-derived``: the layer has
            something else; what `answer` raises.
        Conflict
            ``locked``
        """
        chosen = [name for name in ("_known", "_stations", "_times") if getattr(self, name) is not None]
        layer = EpisodeLayer(self._city, self._parts, into, self.rule)
        return layer.derive(full=full, wait_s=wait_s, chosen=bool(chosen))

    def to_arrow(self) -> pa.Table:
        """Return the table of `answer`."""
        return self._answer.to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of `answer` as a DataFrame."""
        return self._answer.to_pandas()

    def to_geopandas(self, crs: GivenCRS | None = None) -> geopandas.GeoDataFrame:
        """Return the table with the places of stations; errors are those of `Answer.to_geopandas`."""
        return self._answer.to_geopandas(crs)

    def to_records(self) -> list[dict[str, Any]]:
        """Return the episodes as dicts."""
        return self._answer.to_records()

    def __len__(self) -> int:
        return len(self._answer)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each episode as a dict."""
        return iter(self._answer)

    def __repr__(self) -> str:
        return repr(self._answer)

    def _repr_html_(self) -> str:
        return self._answer._repr_html_()

    @cached_property
    def _answer(self) -> Answer:
        configuration = self._city.configuration
        series = self._city.series(self.rule.layer)
        series = series if self._known is None else series.known_at(self._known)
        series = series if self._stations is None else series.at(*self._stations)
        episodes = StationEpisodes(series, self.rule, configuration.crs)
        rows, pin = self._within(episodes.all().rows), episodes.pin
        x, y = project(
            rows["lon"].fill_null(float("nan")).to_numpy(), rows["lat"].fill_null(float("nan")).to_numpy(),
            _DEGREES, configuration.crs,
        )  # fmt: skip
        local = pa.timestamp("us", configuration.zone.name)
        columns = {
            name: rows[name].cast(local) if pa.types.is_timestamp(rows[name].type) else rows[name]
            for name in _SHOWN
        }
        known_at = configuration.zone.iso(pin.of_layer(self.rule.layer))
        facts = {"layer": self.rule.layer, "rule": self.rule.text, "known_at": known_at}
        table = pa.table({**columns, "st_x": pa.array(x), "st_y": pa.array(y)})
        return Answer(table, configuration.lattice, facts, pin=pin)

    def _within(self, rows: pa.Table) -> pa.Table:
        """Return the episodes of which some part lies in the time that is wanted."""
        if self._times is None:
            return rows
        zone = self._city.configuration.zone
        span = parse_when(span_text(self._times, zone), zone)
        start, end = rows["from"].cast(pa.int64()), rows["to"].cast(pa.int64())
        if span.end_us is not None:
            rows = rows.filter(kept := pc.less(start, span.end_us))
            end = end.filter(kept)
        if span.start_us is not None:
            rows = rows.filter(pc.greater(end, span.start_us).fill_null(True))  # noqa: FBT003
        return rows


def open_episodes(city: City, parts: CityParts, layer: str, rule: GivenRule) -> CityEpisodes:
    """Return the episodes of a rule in a layer; see `City.episodes`."""
    chosen = read_rule(rule, layer)
    city.series(chosen.layer).values(chosen.value)
    return CityEpisodes(chosen, city, parts)


def read_rule(rule: GivenRule, layer: str | None = None) -> EpisodeRule:
    """Return a rule, for a layer if one is given; errors are those of `EpisodeRule.from_toml`, and of a file."""
    if isinstance(rule, EpisodeRule):
        return rule if layer is None else rule.model_copy(update={"layer": layer})
    if isinstance(rule, Mapping):
        return EpisodeRule.from_document({**({} if layer is None else {"layer": layer}), **rule}, name="rule")
    read = EpisodeRule.from_toml(read_text(Path(rule)), name=Path(rule).name)
    return read if layer is None else read.model_copy(update={"layer": layer})
