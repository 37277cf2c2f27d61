"""A rule is tried on every row that its mask keeps, with a tree of boxes and without."""

import sys

import numpy as np
import pyarrow as pa
import pytest

from stcloud.paas.standing.ruleindex import RuleIndex


@pytest.mark.parametrize("has_tree", [True, False])
def test_superset(has_tree, monkeypatch):
    if not has_tree:
        monkeypatch.setitem(sys.modules, "rtree", None)
    chance = np.random.default_rng(7)
    x, y = chance.uniform(0, 100, (2, 200))
    x[:3] = np.nan
    kinds = chance.choice(["a", "b", None], 200).tolist()
    rows = pa.record_batch({"st_x": x, "st_y": y, "kind": kinds})
    boxes = [
        ((w, s, w + 9, s + 9), (s, w, s + 2, w + 2)) for w, s in chance.uniform(0, 95, (360, 2)).tolist()
    ]
    index = RuleIndex()
    for number, own in enumerate(boxes):
        index.add(number, ("kind", "a") if number % 3 else None, own if number % 5 else None)
    for number in range(0, 360, 7):
        index.remove(number)
    assert len(index) == 360 - 52
    found = {}
    for number, places in index.candidates(rows):
        found.setdefault(number, set()).update(places.tolist())
    for number, own in enumerate(boxes):
        kept = np.ones(200, bool)
        if number % 3:
            kept &= np.array([kind == "a" for kind in kinds])
        if number % 5:
            kept &= np.any([(x >= w) & (y >= s) & (x <= e) & (y <= n) for w, s, e, n in own], axis=0)
        expected = set() if number % 7 == 0 else set(np.flatnonzero(kept).tolist())
        assert found.get(number, set()) == expected
