"""An independent reader of vector tiles, for tests: plain Python, after the specification, one byte at a time.

Tested by `tests/paas/tile/test_encoding.py`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

__all__ = ["ReadFeature", "ReadLayer", "read_tile"]


@dataclass
class ReadFeature:
    """A feature as it was read: its geometry in units of the tile, y southwards, and the rings as they were wound."""

    number: int | None = None
    kind: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    paths: list[list[tuple[int, int]]] = field(default_factory=list)

    @property
    def points(self) -> list[tuple[int, int]]:
        """All places, in order."""
        return [place for path in self.paths for place in path]

    def shape(self) -> BaseGeometry:
        """Return the geometry; rings of positive area begin a polygon, others are holes of the last one."""
        if self.kind == 1:
            return shapely.MultiPoint(self.points)
        if self.kind == 2:
            return shapely.MultiLineString(self.paths)
        polygons: list[tuple[list[Any], list[Any]]] = []
        for ring in self.paths:
            if area_of(ring) > 0:
                polygons.append((ring, []))
            else:
                polygons[-1][1].append(ring)
        return shapely.MultiPolygon(polygons)


@dataclass
class ReadLayer:
    """A layer as it was read."""

    name: str = ""
    version: int = 0
    extent: int = 0
    keys: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    features: list[ReadFeature] = field(default_factory=list)


def area_of(ring: list[tuple[int, int]]) -> float:
    """Return the area by the surveyor's formula."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            assert number < 1 << 64
            return number, at


def _fields(data: bytes) -> list[tuple[int, int, Any]]:
    """Return number, wire type and content of each field of a message."""
    fields: list[tuple[int, int, Any]] = []
    content: Any
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            content, at = _varint(data, at)
        else:
            length, at = _varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            content, at = data[at : at + length], at + length
            assert len(content) == length
        fields.append((number, wire, content))
    return fields


def _numbers(data: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        numbers.append(number)
    return numbers


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _value(data: bytes) -> Any:
    ((number, _, content),) = _fields(data)
    match number:
        case 1:
            return content.decode()
        case 2 | 3:
            return struct.unpack("<f" if number == 2 else "<d", content)[0]
        case 4:
            return content - (1 << 64) if content >> 63 else content
        case 6:
            return _signed(content)
    return bool(content) if number == 7 else content


def _paths(numbers: list[int], kind: int) -> list[list[tuple[int, int]]]:
    paths: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(numbers):
        command, count = numbers[at] & 7, numbers[at] >> 3
        at += 1
        if command == 7:
            assert (kind, count) == (3, 1)
            continue
        assert command in (1, 2)
        assert count > 0
        for _ in range(count):
            x, y, at = x + _signed(numbers[at]), y + _signed(numbers[at + 1]), at + 2
            if command == 1:
                paths.append([(x, y)])
            else:
                assert (x, y) != paths[-1][-1]
                paths[-1].append((x, y))
    return paths


def _feature(data: bytes, layer: ReadLayer) -> ReadFeature:
    feature, shape, tags = ReadFeature(), b"", b""
    for number, _, content in _fields(data):
        if number == 1:
            feature.number = content
        elif number == 2:
            tags = content
        elif number == 3:
            feature.kind = content
        else:
            shape = content
    pairs = _numbers(tags)
    names = [layer.keys[name] for name in pairs[::2]]
    assert len({*names}) == len(names)
    feature.attributes = dict(zip(names, (layer.values[value] for value in pairs[1::2]), strict=True))
    feature.paths = _paths(_numbers(shape), feature.kind)
    return feature


def read_tile(content: bytes) -> dict[str, ReadLayer]:
    """Return the layers of a tile by name; `AssertionError` where it breaks the specification."""
    layers: dict[str, ReadLayer] = {}
    for number, wire, data in _fields(content):
        assert (number, wire) == (3, 2)
        layer, features = ReadLayer(), []
        for inner, _, part in _fields(data):
            match inner:
                case 1:
                    layer.name = part.decode()
                case 2:
                    features.append(part)
                case 3:
                    layer.keys.append(part.decode())
                case 4:
                    layer.values.append(_value(part))
                case 5:
                    layer.extent = part
                case 15:
                    layer.version = part
        assert len({*layer.keys}) == len(layer.keys)
        assert layer.version == 2
        layer.features = [_feature(part, layer) for part in features]
        layers[layer.name] = layer
    return layers
