"""Features and records in memory: the same ones are the same source, in a list, a collection or a generator."""

import contextlib
import datetime as dt
import decimal
import json
import uuid

import numpy as np
import pandas as pd
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source.memory.spooling import ready
from stcloud.iaas.source.protocol import Reading

POINT = {"type": "Point", "coordinates": (117.0, 31.9)}
SQUARE = shapely.box(0, 0, 1, 1)
FEATURES = [
    {"type": "Feature", "id": "a", "properties": {"n": 1, "name": "北山"}, "geometry": POINT},
    {"type": "Feature", "id": "b", "properties": {"n": None, "name": "x"}, "geometry": None},
]


class Spoken:
    def __init__(self, interface):
        self.__geo_interface__ = interface


@pytest.fixture
def spool(tmp_path):
    @contextlib.contextmanager
    def spool(given):
        with ready(given, lambda: contextlib.nullcontext(tmp_path), lambda _: None) as source:
            yield source

    return spool


def rows_of(source):
    opened = source.open(Reading())
    return opened.crs, [row for batch in opened.batches() for row in batch.rows.to_pylist()]


def test_features_are_the_same_however_they_come(spool):
    collection = {"type": "FeatureCollection", "features": FEATURES}
    turned = [dict(reversed(feature.items())) for feature in FEATURES]
    seen = {}
    for given in (FEATURES, tuple(FEATURES), iter(FEATURES), (f for f in FEATURES), collection, turned,
                  Spoken(collection), map(Spoken, FEATURES)):  # fmt: skip
        with spool(given) as source:
            seen.setdefault(source.fingerprint(), []).append(source.name)
            assert rows_of(source) == (
                "EPSG:4326",
                [
                    {"id": "a", "n": "1", "name": "北山", "geometry": shapely.Point(117.0, 31.9).wkb},
                    {"id": "b", "n": None, "name": "x", "geometry": None},
                ],
            )
    assert len(seen) == 1
    (names,) = seen.values()
    assert names[0] == "list of 2 features"
    assert names[4] == "FeatureCollection of 2 features"


def test_a_crs_that_a_collection_names_is_its_own(spool):
    crs = {"type": "name", "properties": {"name": "EPSG:4548"}}
    with (
        spool({"type": "FeatureCollection", "crs": crs, "features": FEATURES}) as named,
        spool(FEATURES) as plain,
    ):
        digests = named.fingerprint(), plain.fingerprint()
    with spool({"type": "FeatureCollection", "crs": crs, "features": FEATURES}) as named:
        assert rows_of(named)[0] == "EPSG:4548"
    assert digests[0] != digests[1]


def test_values_that_json_lacks_have_a_text(spool):
    record = {
        "at": dt.datetime(2024, 3, 1, 8, tzinfo=dt.UTC), "day": dt.date(2024, 3, 1), "exact": decimal.Decimal("1.5"),
        "n": np.int64(7), "none": pd.NaT, "id": uuid.UUID(int=5), "list": np.array([1, 2]),
    }  # fmt: skip
    with spool([record]) as source:
        assert source.name == "list of 1 record"
        assert json.loads(source.path.read_text()) == {
            "at": "2024-03-01T08:00:00+00:00", "day": "2024-03-01", "exact": "1.5", "n": 7, "none": None,
            "id": "00000000-0000-0000-0000-000000000005", "list": [1, 2],
        }  # fmt: skip


def test_shapes_within_features_and_alone(spool):
    with spool([{"type": "Feature", "properties": {"id": "a"}, "geometry": SQUARE}]) as source:
        assert shapely.from_wkb(rows_of(source)[1][0]["geometry"]).equals(SQUARE)
    with spool(SQUARE) as source:
        assert source.name == "FeatureCollection of 1 feature"


def test_what_is_no_feature_among_them_is_a_row_that_is_refused(spool):
    with spool([*FEATURES, {"type": "Point"}, 5]) as source:
        opened = source.open(Reading())
        refusals = [refusal for batch in opened.batches() for refusal in batch.refusals]
        assert [refusal.row for refusal in refusals] == [3, 4]


@pytest.mark.parametrize(
    ("given", "kind"),
    [([], "empty-source"), (iter(()), "empty-source"), ([{"a": object()}], "unsupported-value"),
     ([{"a": 1}, {"a": {1, 2}}], "unsupported-value")],
)  # fmt: skip
def test_what_json_cannot_have_is_refused(spool, given, kind):
    with pytest.raises(InvalidInput) as refused, spool(given):
        pass
    assert refused.value.kind == kind
