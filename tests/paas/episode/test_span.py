"""What a change of readings can affect, and nothing else, is derived again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.episode import EpisodeRule, detect_episodes
from stcloud.paas.episode.span import AffectedSpan, affected_spans, within_spans
from stcloud.testing.drawnreadings import STEP_US, frames, readings_of, rules
from stcloud.testing.examples import examples

COLUMNS = ("from_us", "to_us", "is_open", "peak", "peak_us", "mean", "readings", "missing")


def rows(episodes):
    """Return episodes by station and start."""
    return {
        (episodes.stations[episodes.station[i]], episodes.from_us[i].item()): tuple(
            getattr(episodes, name)[i].item() for name in COLUMNS
        )
        for i in range(len(episodes))
    }


@st.composite
def changes(draw):
    """Draw readings before and after a change of some, all in a short time."""
    before, other = draw(frames(60)), draw(frames(60))
    start = draw(st.integers(0, 59)) * STEP_US
    stop = start + draw(st.integers(1, 6)) * STEP_US
    outside = before[(before["time_us"] < start) | (before["time_us"] >= stop)]
    inside = other[(other["time_us"] >= start) & (other["time_us"] < stop)]
    kept = before[(before["time_us"] >= start) & (before["time_us"] < stop)]
    kept = kept[[draw(st.booleans()) for _ in range(len(kept))]]
    after = pd.concat([outside, inside, kept]).drop_duplicates(["station", "time_us"])
    return before, after


def changed_times(before, after):
    """Return the first and last time of each station at which readings differ."""
    old, new = (
        {(row.station, row.time_us): (str(row.value), row.flag) for row in frame.itertuples()}
        for frame in (before, after)
    )
    times = {}
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            times.setdefault(key[0], []).append(key[1])
    return {station: (min(each), max(each)) for station, each in times.items()}


@pytest.mark.thorough
@settings(deadline=None, max_examples=examples(1000))
@given(changes(), rules())
def test_locality(change, rule):
    before, after = change
    old, new = (detect_episodes(readings_of(frame), rule) for frame in change)
    spans = affected_spans(readings_of(after), rule, changed_times(before, after))
    affected = rows(within_spans(old, spans))
    kept = {key: row for key, row in rows(old).items() if key not in affected}
    again = {}
    for station, span in spans.items():
        part = after[after["station"] == station]
        part = part[part["time_us"] >= (span.from_us if span.from_us is not None else -(2**62))]
        part = part[part["time_us"] <= (span.to_us if span.to_us is not None else 2**62)]
        if len(part):
            again |= rows(within_spans(detect_episodes(readings_of(part), rule), {station: span}))
    assert kept | again == rows(new)


def test_a_span_reaches_from_reset_to_reset():
    values = [20.0, 120.0, 120.0, 120.0, 20.0, 120.0, 120.0, 20.0, 20.0]
    frame = pd.DataFrame({
        "station": "Mill", "time_us": np.arange(9) * STEP_US, "value": values, "flag": 0,
    })  # fmt: skip
    rule = EpisodeRule.model_validate({"id": "smog", "layer": "air", "value": "PM2.5", "above": 115.0})
    spans = affected_spans(readings_of(frame), rule, {"Mill": (6 * STEP_US, 6 * STEP_US)})
    assert spans == {"Mill": AffectedSpan(4 * STEP_US, 7 * STEP_US)}
    spans = affected_spans(readings_of(frame), rule, {"Mill": (0, 8 * STEP_US), "Quay": (0, 0)})
    assert spans == {"Mill": AffectedSpan(None, None), "Quay": AffectedSpan(None, None)}


def test_the_first_reading_of_a_window_is_not_taken_for_a_break():
    frame = pd.DataFrame({
        "station": "Mill", "time_us": np.arange(9) * STEP_US, "value": 120.0, "flag": 0,
    })  # fmt: skip
    rule = EpisodeRule.model_validate({"id": "smog", "layer": "air", "value": "PM2.5", "above": 115.0})
    spans = affected_spans(readings_of(frame[3:7]), rule, {"Mill": (4 * STEP_US, 4 * STEP_US)})
    assert spans == {"Mill": AffectedSpan(None, None)}
    frame.loc[3, "value"] = 20.0  # a reading that ends episodes is one wherever it lies
    spans = affected_spans(readings_of(frame[3:7]), rule, {"Mill": (4 * STEP_US, 4 * STEP_US)})
    assert spans == {"Mill": AffectedSpan(3 * STEP_US, None)}


def test_episodes_of_stations_without_a_span_are_not_affected():
    frame = pd.DataFrame({
        "station": ["Mill"] * 3 + ["Park"] * 3, "time_us": [*range(3)] * 2, "value": 120.0, "flag": 0,
    })  # fmt: skip
    readings = replace(readings_of(frame), step_us=1)
    rule = EpisodeRule.model_validate({"id": "smog", "layer": "air", "value": "PM2.5", "above": 115.0})
    assert len(within_spans(detect_episodes(readings, rule), {"Park": AffectedSpan(None, None)})) == 1
