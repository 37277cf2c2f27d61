"""Episodes as rows: keys that stay, and what differs between two sets of them."""

import numpy as np
import pandas as pd

from stcloud.daas.definition import Definition
from stcloud.paas.episode import EpisodeRule, detect_episodes
from stcloud.paas.episode.episoderows import (
    CONTENT,
    SCHEMA,
    difference,
    episode_definition,
    episode_rows,
    is_derived,
)
from stcloud.testing.drawnreadings import STEP_US, readings_of

RULE = EpisodeRule.model_validate({
    "id": "smog", "title": "Smog", "layer": "air", "value": "PM2.5", "above": 115.0, "for": "2h",
})  # fmt: skip


def rows_of(*values, station="Mill", known_us=0):
    frame = pd.DataFrame({
        "station": station, "time_us": np.arange(len(values)) * STEP_US, "value": values, "flag": 0,
    })  # fmt: skip
    episodes = detect_episodes(readings_of(frame), RULE)
    nowhere = np.full(len(episodes), np.nan)
    return episode_rows(episodes, RULE, nowhere, nowhere, known_us)


def test_the_key_is_the_station_and_the_start():
    rows = rows_of(20.0, 120.0, 120.0, 20.0, 120.0, 120.0, station="North Gate").to_pylist()
    assert [row["episode"] for row in rows] == [
        "North Gate@1970-01-01T01:00:00Z", "North Gate@1970-01-01T04:00:00Z",
    ]  # fmt: skip
    assert [(row["to"] is None, row["open"]) for row in rows] == [(False, False), (True, True)]
    assert rows[0]["rule"] == f"smog-{RULE.digest()}"
    assert rows[0]["lon"] is None


def test_what_grows_is_corrected_what_joins_is_withdrawn():
    before, after = rows_of(120.0, 120.0, 20.0, 120.0, 120.0), rows_of(120.0, 120.0, 120.0, 120.0, 120.0)
    change = difference(before, after)
    assert (change.added, change.corrected, change.unchanged) == (0, 1, 0)
    assert change.withdrawn == ("Mill@1970-01-01T03:00:00Z",)
    assert change.changed["episode"].to_pylist() == ["Mill@1970-01-01T00:00:00Z"]


def test_the_instant_of_a_derivation_is_no_content():
    rows = rows_of(120.0, 120.0, 20.0)
    change = difference(rows, rows_of(120.0, 120.0, 20.0, known_us=5))
    assert (len(change.changed), change.unchanged, change.withdrawn) == (0, 1, ())
    assert set(SCHEMA.names) - set(CONTENT) == {"known_at"}
    assert difference(SCHEMA.empty_table(), rows).added == 1


def test_the_definition_says_what_the_layer_holds():
    definition = episode_definition("smog", RULE, "ug/m3")
    assert (definition.key, definition.title, definition.columns["peak"].unit) == (
        ("episode",),
        "Smog",
        "ug/m3",
    )
    assert Definition.from_toml(definition.to_toml(), name="again") == definition
    assert is_derived(definition, RULE.model_copy(update={"above": 150.0}))
    assert not is_derived(definition, RULE.model_copy(update={"id": "fog"}))
