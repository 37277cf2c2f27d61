"""Episodes as the rows of a layer of events, and the layer's definition.

The key of an episode is its station and its start in UTC, such as ``Dongsi@2016-12-16T12:00:00Z``. It stays the same
while an episode goes on, ends, or gets another peak: such a row is a correction. An episode whose start moves, or
that becomes a part of another one, is withdrawn under its old key.

Tested by `tests/paas/episode/test_episoderows.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.episodes import Episodes

__all__ = [
    "CONTENT",
    "SCHEMA",
    "Difference",
    "difference",
    "episode_definition",
    "episode_rows",
    "is_derived",
]

INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("episode", pa.string()), ("rule", pa.string()), ("station", pa.string()), ("from", INSTANT), ("to", INSTANT),
    ("open", pa.bool_()), ("measured_to", INSTANT), ("peak", pa.float64()), ("peak_at", INSTANT),
    ("mean", pa.float64()), ("readings", pa.int64()), ("missing", pa.int64()), ("lon", pa.float64()),
    ("lat", pa.float64()), ("known_at", INSTANT),
])  # fmt: skip
"""Columns of the rows. ``to`` is null of an open episode, of which ``measured_to`` is until when it is known to have
lasted; ``rule`` is the rule's name with its digest; ``lon`` and ``lat`` are where the station was at the start;
``known_at`` is the recorded instant as of which the readings were read that the row was derived from."""

CONTENT = [name for name in SCHEMA.names if name != "known_at"]
"""Columns by which two rows of an episode are compared."""

_TYPES = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.float64(): "number",
    pa.int64(): "integer",
    INSTANT: "instant",
}
_SOURCE = "episodes of '{layer}' by rule '{rule}', derived by stcloud"


def episode_rows(
    episodes: Episodes, rule: EpisodeRule, lon: NDArray[np.float64], lat: NDArray[np.float64], known_us: int
) -> pa.Table:
    """Return episodes as rows.

    Parameters
    ----------
    episodes, rule
        The episodes, and what made readings them.
    lon, lat
        Where their stations were, degrees; NaN: not known.
    known_us
        The recorded instant as of which the readings were read, UTC microseconds.
    """
    names = pa.array(episodes.stations, pa.string()).take(pa.array(episodes.station))
    columns = {
        "episode": _keys(names.to_pylist(), episodes.from_us),
        "rule": pa.array([f"{rule.id}-{rule.digest()}"] * len(episodes), pa.string()),
        "station": names,
        "from": pa.array(episodes.from_us),
        "to": pa.array(episodes.to_us, mask=episodes.is_open),
        "open": pa.array(episodes.is_open),
        "measured_to": pa.array(episodes.to_us),
        "peak": pa.array(episodes.peak),
        "peak_at": pa.array(episodes.peak_us),
        "mean": pa.array(episodes.mean),
        "readings": pa.array(episodes.readings),
        "missing": pa.array(episodes.missing),
        "lon": pa.array(lon, mask=np.isnan(lon)),
        "lat": pa.array(lat, mask=np.isnan(lat)),
        "known_at": pa.array(np.full(len(episodes), known_us)),
    }
    return pa.table({field.name: columns[field.name].cast(field.type) for field in SCHEMA}, SCHEMA)


def episode_definition(layer: str, rule: EpisodeRule, unit: str | None) -> EventDefinition:
    """Return the definition of the layer ``layer`` that episodes are loaded into; ``unit`` is that of the value."""
    columns: dict[str, dict[str, Any]] = {
        field.name: {"type": _TYPES[field.type], "optional": True}
        | ({"zone": "UTC"} if field.type == INSTANT else {})
        for field in SCHEMA
        if field.name not in ("episode", "from", "to", "lon", "lat")
    }
    for name in ("peak", "mean"):
        columns[name] |= {"title": f"{name} of {rule.value}", "unit": unit}
    return EventDefinition.model_validate({
        "id": layer, "kind": "event", "title": rule.title or f"Episodes: {rule.text}",
        "source": _source(rule.layer, rule), "key": ["episode"], "extra_columns": "refuse",
        "time": {"column": "from", "end": "to", "zone": "UTC"},
        "space": {"lon": "lon", "lat": "lat", "datum": "wgs84"}, "columns": columns,
    })  # fmt: skip


def is_derived(definition: Definition, rule: EpisodeRule, former: Iterable[str] = ()) -> bool:
    """Return whether a layer has the episodes of a rule of this name, by its definition.

    ``former`` are names that the layer of readings had before.
    """
    return any(definition.source == _source(name, rule) for name in (rule.layer, *former))


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between the episodes that a layer has and those that there are.

    Attributes
    ----------
    changed
        Rows to load: those of new keys, and those with other content.
    added, corrected, unchanged
        How many rows are of new keys, have other content, are as they were.
    withdrawn
        Keys that there are no episodes of any more.
    """

    changed: pa.Table
    added: int
    corrected: int
    unchanged: int
    withdrawn: tuple[str, ...]


def difference(believed: pa.Table, rows: pa.Table) -> Difference:
    """Compare rows that a layer has with those that there are, by key; both have the columns of `CONTENT`."""
    old = {row["episode"]: row for row in believed.select(CONTENT).to_pylist()}
    new = rows.select(CONTENT).to_pylist()
    differs = [place for place, row in enumerate(new) if old.get(row["episode"]) != row]
    added = sum(new[place]["episode"] not in old for place in differs)
    withdrawn = sorted(old.keys() - {row["episode"] for row in new})
    chosen = rows.take(pa.array(differs, pa.int64()))
    return Difference(chosen, added, len(differs) - added, len(new) - len(differs), tuple(withdrawn))


def _source(layer: str, rule: EpisodeRule) -> str:
    return _SOURCE.format(layer=layer, rule=rule.id)


def _keys(stations: list[str], from_us: NDArray[np.int64]) -> pa.Array:
    texts = np.datetime_as_string(from_us.astype("M8[us]"), timezone="UTC").tolist()
    starts = (text.replace(".000000Z", "Z") for text in texts)
    return pa.array(
        [f"{station}@{start}" for station, start in zip(stations, starts, strict=True)], pa.string()
    )
