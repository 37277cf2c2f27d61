"""No answer is stale: whatever is loaded, undone and purged, present answers are present, pinned ones do not change.

A pinned answer that a purge has touched is gone; it is never answered otherwise, and nobody is told that the answer
that was kept is still the one.
"""

import json
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

import stcloud
from stcloud.testing.examples import examples
from tests.saas.web.town import serving

KEYS = ("a", "b", "c/d", "e", "f")
ITEMS = "/collections/calls/items"
SIZES = st.integers(1, 6)


class ServedCity(RuleBasedStateMachine):
    """A city that is asked while it changes, beside plain dictionaries of what it holds."""

    kept = Bundle("kept")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="served-"))
        self.city = stcloud.create(self.folder / "town", crs="EPSG:4549", zone="Asia/Shanghai")
        self.serving = serving(self.city)
        self.client = self.serving.__enter__()
        self.rows, self.ever, self.before, self.count, self.purges = {}, {}, [], 0, 0
        self.load({"a": 1, "b": 2, "c/d": 3})

    def teardown(self):
        self.serving.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def load(self, rows):
        self.count += 1
        frame = pd.DataFrame(
            {"id": list(rows), "at": "2024-03-01T08:00:00+08:00", "lon": 120.0, "lat": 31.0, "n": list(rows.values()),
             "load": self.count}
        )  # fmt: skip
        done = self.city.load("calls", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
        self.before.append((done.load, dict(self.rows)))
        self.rows |= rows
        for key, n in rows.items():
            self.ever.setdefault(key, set()).add(n)

    @rule(rows=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 4), min_size=1))
    def loads(self, rows):
        self.load(rows)

    @rule()
    def undoes_the_last_load(self):
        if len(self.before) > 1:
            load, rows = self.before.pop()
            self.city.undo("calls", load)
            self.rows = rows

    @rule(n=st.integers(0, 4))
    def purges_rows(self, n):
        gone = [key for key, values in self.ever.items() if n in values]
        if len(gone) < len(self.ever):
            self.city.purge("calls", what=f"n = {n}")
            self.purges += 1
            for key in gone:
                self.rows.pop(key, None)
                del self.ever[key]
            self.before = []

    def asked(self, address, **headers):
        response = self.client.get(
            address, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        features = response.json()["features"] if response.status_code == 200 else None
        return response, features

    @rule(target=kept, limit=SIZES)
    def asks_now(self, limit):
        response, features = self.asked(f"{ITEMS}?limit={limit}&sortby=id")
        ids = sorted(self.rows)
        assert [feature["id"] for feature in features] == ids[:limit]
        assert [feature["properties"]["n"] for feature in features] == [self.rows[key] for key in ids[:limit]]
        assert response.json()["numberMatched"] == len(ids)
        assert "immutable" not in response.headers["cache-control"]
        address = response.headers["content-location"]
        pinned, same = self.asked(address)
        assert same == features
        assert "immutable" in pinned.headers["cache-control"]
        return multiple((address, same, len(ids), pinned.headers["etag"], self.purges))

    @rule(one=kept)
    def asks_again_at_the_pin(self, one):
        address, features, matched, tag, purges = one
        response, same = self.asked(address)
        unchanged, _ = self.asked(address, If_None_Match=tag)
        if purges == self.purges:
            assert same == features
            assert response.json()["numberMatched"] == matched
            assert response.headers["etag"] == tag
            assert unchanged.status_code == 304
        else:
            assert response.status_code == 410 or same == features
            assert unchanged.status_code != 304
            assert response.status_code == 200 or "immutable" not in response.headers["cache-control"]

    @rule(one=consumes(kept), later=st.sampled_from([1, 10**6, 10**12]))
    def asks_at_a_pin_of_the_future(self, one, later):
        newest = self.city.layer("calls").pin_us()
        pin = {"layers": {"calls": newest + later}, "rules": {}}
        response, features = self.asked(f"{ITEMS}?sortby=id&known=pin:{json.dumps(pin)}")
        assert [feature["id"] for feature in features] == sorted(self.rows)
        assert "immutable" not in response.headers["cache-control"]
        assert "etag" not in response.headers
        assert one is not None

    @rule(key=st.sampled_from(KEYS))
    def asks_for_one(self, key):
        response = self.client.get(f"{ITEMS}/{key.replace('/', '%2F')}")
        assert response.status_code == (200 if key in self.rows else 404)
        if key in self.rows:
            assert response.json()["properties"]["n"] == self.rows[key]

    @invariant()
    def counts_are_present(self):
        assert self.client.get(f"{ITEMS}?limit=1").json()["numberMatched"] == len(self.rows)


TestServedCity = ServedCity.TestCase
TestServedCity.settings = settings(max_examples=examples(30), stateful_step_count=12, deadline=None)
