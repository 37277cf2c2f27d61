"""A layer of episodes, brought up to date: what differs is loaded by the way of every load.

After a derivation a small document in ``index/`` keeps as of which recorded instants it was made, by which rule and
which definition. Where anything but the readings is not as it was then, or the document is gone, all is derived.

Laws: **derived**: as known at the end of a derivation, the layer has the episodes of the readings as they were known
at its pin; **idempotent**: a derivation after which nothing changed loads nothing; **beliefs**: what the layer showed
as known at an earlier instant stays.

Tested by `tests/city/test_episodes.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.reckoning import Reckoning
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.episode.episoderows import SCHEMA, difference, episode_definition, is_derived
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.stationepisodes import DerivedAgain, StationEpisodes

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.entry import Layer
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.paas.series.seriesquery import SeriesQuery

__all__ = ["Derivation", "EpisodeLayer"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """What a derivation did.

    Attributes
    ----------
    layer, rule
        The layer, and the rule in a line.
    pin
        The recorded instants as of which readings and stations were read.
    full
        Whether all was derived.
    readings
        How many readings were read.
    added, corrected, withdrawn, unchanged
        Episodes that are new, have other content, are none any more, or were derived again and are as they were.
    loads
        The reckonings of its loads: at most one that deletes and one that changes.
    """

    layer: str
    rule: str
    pin: Pin
    full: bool
    readings: int
    added: int
    corrected: int
    withdrawn: int
    unchanged: int
    loads: tuple[Reckoning, ...]

    def __str__(self) -> str:
        return (
            f"{self.layer}: {self.added:,} added, {self.corrected:,} corrected, {self.withdrawn:,} withdrawn, "
            f"{self.unchanged:,} unchanged; {self.readings:,} readings read"
        )


@dataclass(frozen=True, slots=True)
class EpisodeLayer:
    """A layer that holds the episodes of one rule.

    Parameters
    ----------
    city, parts
        The city.
    name, rule
        Name of the layer, and what makes readings an episode.
    """

    city: City
    parts: CityParts
    name: str
    rule: EpisodeRule

    def derive(self, *, full: bool, wait_s: float, chosen: bool = False) -> Derivation:
        """Bring the layer up to date; see `stcloud.city.episodes.CityEpisodes.derive`."""
        if chosen:
            raise InvalidInput(
                "all-or-nothing", f"layer '{self.name}' holds the episodes of all stations, as they are known now",
                hint="derive without at, when and known_at",
                in_shell="leave out --station, --when and --known-at",
            )  # fmt: skip
        lock = f"{self.parts.catalogue.lock_name(self.name)}.episodes"
        with self.parts.folder.lock(lock, wait_s=wait_s):
            series, crs = self.city.series(self.rule.layer), self.city.configuration.crs
            self._refuse_other(series.query.subject.layer.former)
            pin = StationEpisodes(series, self.rule, crs).pin
            episodes = StationEpisodes(series.known_at(pin), self.rule, crs)
            state = self._state(episodes, pin)
            since_us = None if full else self._since_us(state)
            if since_us is None:
                parts = [episodes.all()]
            else:
                parts = [*episodes.again(since_us, pin.of_layer(self.rule.layer))]
            done = self._load(parts, series, pin, full=since_us is None)
            self._keep(state)
        return done

    def _load(self, parts: list[DerivedAgain], series: SeriesQuery, pin: Pin, *, full: bool) -> Derivation:
        """Load what differs: first what is withdrawn is ended, then what is new or different is added."""
        rows = _united(parts)
        believed = self._believed(parts)
        change = difference(believed, rows)
        unit = series.columns.values[self.rule.value][0].unit
        definition = episode_definition(self.name, self.rule, unit)
        loads = []
        if change.withdrawn:
            keys = pa.table({"episode": pa.array(change.withdrawn, pa.string())})
            loads.append(self.city.load(self.name, keys, mode="delete", again=True))
        if len(change.changed) or self._layer() is None:
            loads.append(self.city.load(self.name, change.changed, definition=definition, again=True))
        return Derivation(
            self.name, self.rule.text, pin, full, sum(part.readings for part in parts), change.added,
            change.corrected, len(change.withdrawn), change.unchanged, tuple(loads),
        )  # fmt: skip

    def _believed(self, parts: Iterable[DerivedAgain]) -> pa.Table:
        """Return the rows that the layer has of the spans that were derived again."""
        layer = self._layer()
        if layer is None:
            return SCHEMA.empty_table()
        rows = layer.snapshot.read(layer.snapshot.files, [*SCHEMA.names, "st_recorded_to"])
        rows = rows.filter(pc.is_null(rows["st_recorded_to"])).select(SCHEMA.names)
        starts = rows["from"].cast(pa.int64()).to_pylist()
        pairs = zip(rows["station"].to_pylist(), starts, strict=True)
        held = [any(part.holds(station, from_us) for part in parts) for station, from_us in pairs]
        return rows.filter(pa.array(held, pa.bool_()))

    def _layer(self) -> Layer | None:
        try:
            return self.parts.catalogue.layer(self.name)
        except NotFound:
            return None

    def _refuse_other(self, former: Iterable[str]) -> None:
        """Refuse to write into a layer that holds something else than the episodes of this rule."""
        self.parts.catalogue.refuse_former(self.name)
        layer = self._layer()
        if layer is not None and not is_derived(layer.definition, self.rule, former):
            raise InvalidInput(
                "not-derived", f"layer '{self.name}' has something else than the episodes of layer "
                f"'{self.rule.layer}' by rule '{self.rule.id}'",
                hint="derive into another layer",
            )  # fmt: skip

    def _state(self, episodes: StationEpisodes, pin: Pin) -> dict[str, Any]:
        """Return what a derivation depends on."""
        layer, stations = episodes.series.query.subject.layer, episodes.station_layer
        read_by = layer.definition.model_copy(update={"id": "readings", "title": ""}).to_toml()
        return {
            "rule": f"{self.rule.id}-{self.rule.digest()}",
            "definition": hashlib.blake2b(read_by.encode(), digest_size=8).hexdigest(),
            "stations": None if stations is None else [stations.name, pin.of_layer(stations.name)],
            "purges": len(layer.purges),
            "deleted_us": self.parts.catalogue.ledger.deleted_us(layer.name),
            "layer": self.parts.catalogue.naming.folder_of(layer.name),
            "readings_us": pin.of_layer(layer.name),
        }

    def _since_us(self, state: Mapping[str, Any]) -> int | None:
        """Return the recorded instant that the last derivation was made as of; None: all must be derived."""
        layer, kept = self._layer(), self._kept()
        if layer is None or kept is None or kept.get("layer_us") != layer.pin_us():
            return None
        same = all(kept.get(name) == value for name, value in state.items() if name != "readings_us")
        return int(kept["readings_us"]) if same else None

    def _kept(self) -> dict[str, Any] | None:
        if not self.parts.folder.exists(*self._place):
            return None
        try:
            kept = json.loads(self.parts.folder.read_text(*self._place))
        except ValueError:  # it can be made again
            return None
        return kept if isinstance(kept, dict) else None

    def _keep(self, state: Mapping[str, Any]) -> None:
        layer = self._layer()
        if layer is not None:
            text = json.dumps({**state, "layer_us": layer.pin_us()}, indent=1)
            self.parts.folder.write_text(f"{text}\n", *self._place)

    @property
    def _place(self) -> tuple[str, str]:
        return "index", f"{self.parts.catalogue.naming.folder_of(self.name)}.episodes.json"


def _united(parts: Iterable[DerivedAgain]) -> pa.Table:
    """Return the rows of all parts, each episode once: spans of two parts may meet."""
    rows = pa.concat_tables([SCHEMA.empty_table(), *(part.rows for part in parts)]).combine_chunks()
    first: dict[str, int] = {}
    for place, key in enumerate(rows["episode"].to_pylist()):
        first.setdefault(key, place)
    return rows if len(first) == len(rows) else rows.take(pa.array(list(first.values()), pa.int64()))
