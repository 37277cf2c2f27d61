"""Places that name features, joined by and, or, not: against one event and one version after another."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

import stcloud
from stcloud.paas.query.sieve import Sieve
from stcloud.paas.query.whereabouts import Whereabouts
from stcloud.testing.cases import EVENTS
from stcloud.testing.whereabouts import CRS, FEATURES, feature_rows, happenings, layers, lies, spec, trees


def build(folder, known, events):
    city = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    rows = {"id": range(len(events)), "at": [one.at.isoformat() for one in events]}
    places = {name: [getattr(one, name) for one in events] for name in "xy"}
    pd.DataFrame(rows | places).to_csv(folder / "cases.csv", index=False)
    definition = stcloud.Definition.from_toml(EVENTS.replace("EPSG:4547", CRS), name="cases")
    city.load("cases", folder / "cases.csv", definition=definition)
    for name, versions in known.items():
        feature_rows(versions).to_csv(folder / f"{name}.csv", index=False)
        definition = stcloud.Definition.from_toml(FEATURES, name="things")
        told = city.load(name, folder / f"{name}.csv", definition=definition, mode="changes")[0]
        assert told.rejected == 0, told
    return city


def keys(asked):
    return sorted(int(one) for one in asked.to_arrow()["st_key"].to_pylist())


def expected(calls, events, known):
    """Calls must all hold; of the trees of one call, one."""
    whole = ("and", [("or", call) for call in calls])
    return [number for number, event in enumerate(events) if lies(whole, event, known) is True]


@settings(phases=(Phase.generate,), max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), layers(), happenings())
def test_events_lie_where_the_features_were_at_their_time(data, known, events):
    """Law: rows are those that lie in the tree, each version tried for its own valid period; nowhere is in none."""
    with tempfile.TemporaryDirectory() as folder:
        city = build(Path(folder), known, events)
        for _ in range(12):
            calls = data.draw(
                st.lists(st.lists(trees(known), min_size=1, max_size=2), min_size=1, max_size=2)
            )
            asked = city.query("cases")
            for call in calls:
                note(" , ".join(spec(tree) for tree in call))
                asked = asked.where(*(spec(tree) for tree in call), crs=CRS)
            assert keys(asked) == expected(calls, events, known)
