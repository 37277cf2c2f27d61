"""Layers of vector tiles, read back by an independent reader: nothing is lost on the way, and nothing repeated."""

import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.tile.commands import ShapeKind, commands_of_paths, commands_of_points
from stcloud.paas.tile.encoding import encode_layer, key_ids
from stcloud.paas.tile.tags import tags_of
from stcloud.testing.examples import examples
from stcloud.testing.vectortiles import read_tile

INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1, 0, -1])
VALUES = {
    "text": (pa.string(), st.text(max_size=5)), "again": (pa.string(), st.sampled_from(["", "路", "a"])),
    "whole": (pa.int64(), INT64), "small": (pa.int32(), st.integers(-5, 5)),
    "number": (pa.float64(), st.floats()), "truth": (pa.bool_(), st.booleans()),
}  # fmt: skip
UNITS = st.integers(-100, 4200)


def bits(value):
    return struct.pack("<d", value) if isinstance(value, float) else value


@settings(max_examples=examples(60), deadline=None)
@given(st.data(), st.integers(1, 12))
def test_points_and_attributes_are_read_back_as_they_were(data, count):
    def drawn(values):
        return data.draw(st.lists(values, min_size=count, max_size=count))

    names = data.draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True))
    columns = {name: pa.array(drawn(st.none() | VALUES[name][1]), VALUES[name][0]) for name in names}
    places = drawn(st.lists(st.tuples(UNITS, UNITS), min_size=1, max_size=3))
    x, y = np.array([place for some in places for place in some], np.int64).T
    commands = commands_of_points(x, y, np.array([len(some) for some in places]))
    ids = np.array(drawn(st.integers(0, 2**64 - 1)), np.uint64)
    layer = read_tile(encode_layer("路 a", commands, tags_of(columns, count), ids))["路 a"]
    assert (layer.version, layer.extent, len(layer.features)) == (2, 4096, count)
    for at, feature in enumerate(layer.features):
        expected = {name: value for name in names if (value := columns[name][at].as_py()) is not None}
        assert {name: bits(value) for name, value in feature.attributes.items()} == {
            name: bits(value) for name, value in expected.items()
        }
        assert (feature.number, feature.kind, feature.points) == (int(ids[at]), 1, places[at])
    written = [(type(value), bits(value)) for value in layer.values]
    assert len(set(written)) == len(written)
    assert set(layer.keys) == {name for name in names if columns[name].null_count < count}


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.tuples(UNITS, UNITS), min_size=3, max_size=5, unique=True), min_size=1, max_size=3),
        min_size=1, max_size=5,
    ),
    st.sampled_from([ShapeKind.LINE, ShapeKind.POLYGON]),
)  # fmt: skip
def test_paths_are_read_back_as_they_were(shapes, kind):
    paths = [path for shape in shapes for path in shape]
    x, y = np.array([place for path in paths for place in path], np.int64).T
    commands = commands_of_paths(
        kind, x, y, np.array([len(path) for path in paths]), np.array([len(shape) for shape in shapes])
    )
    layer = read_tile(encode_layer("a", commands, tags_of({}, len(shapes))))["a"]
    assert [feature.paths for feature in layer.features] == shapes
    assert {feature.kind for feature in layer.features} == {kind}
    assert [feature.number for feature in layer.features] == [None] * len(shapes)


def test_slices_and_columns_of_nulls_alone_are_taken():
    columns = {"a": pa.array(["x", "yy", None, "zzz"]).slice(1), "none": pa.nulls(3, pa.int64())}
    commands = commands_of_points(np.arange(3), np.arange(3))
    layer = read_tile(encode_layer("a", commands, tags_of(columns, 3)))["a"]
    assert [feature.attributes for feature in layer.features] == [{"a": "yy"}, {}, {"a": "zzz"}]
    assert layer.keys == ["a"]


@pytest.mark.parametrize("count", [1, 1000])
def test_ids_are_told_apart_and_small_enough_for_every_client(count):
    ids = key_ids(pa.array([f"r{number}" for number in range(count)]))
    assert len(set(ids.tolist())) == count
    assert int(ids.max()) < 2**53
