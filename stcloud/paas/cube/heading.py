"""The heading of a cube in a file: all that its arrays or columns do not say, as a JSON document.

Tested by `tests/paas/cube/test_reading.py`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.cube.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["HEADING", "Heading", "free_names", "packed", "unpacked"]

HEADING = "stcloud_cube"
"""Name of the variable of a dataset, and of the metadata of a table, that has the heading."""

_VERSION = 2
_FINGERPRINT = "fingerprint"
_UNWRITABLE = re.compile(r"[/\\\x00-\x1f]|\s+$")


@dataclass(frozen=True, slots=True)
class Heading:
    """What of a cube its arrays or columns do not say.

    Parameters
    ----------
    fields
        As JSON knows them.
    """

    fields: Mapping[str, Any]

    @classmethod
    def of(cls, cube: Cube, classes: Iterable[str], measures: Iterable[str]) -> Heading:
        """Return the heading of a cube whose classes and measures have these names in the file."""
        fields = cls._fields(cube, classes, measures)
        return cls({**fields, _FINGERPRINT: fingerprint_of(cube, fields)})

    @staticmethod
    def _fields(cube: Cube, classes: Iterable[str], measures: Iterable[str]) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "every": cube.every,
            "time_zone": str(cube.zone),
            "crs": cube.crs,
            "noun": cube.cells.noun,
            "known_us": list(cube.known_us),
            "of_instants": cube.of_instants,
            "masked": cube.mask is not None,
            "leftovers": dict(cube.leftovers),
            "facts": dict(cube.facts),
            "classes": [
                {
                    "name": axis.name,
                    "variable": name,
                    "values": packed(pa.table({"value": axis.values})),
                }
                for axis, name in zip(cube.classes, classes, strict=True)
            ],
            "measures": [
                {
                    "name": name,
                    "variable": variable,
                    "written": measure.written,
                    "from_zero": measure.of_nothing == 0,
                    "joined": measure.joined,
                    "integer": measure.values.dtype.kind == "i",
                }
                for (name, measure), variable in zip(cube.measures.items(), measures, strict=True)
            ],
        }

    @classmethod
    def read(cls, text: str) -> Heading:
        """Read a heading; `InvalidInput` ``no-cube``: it is none, or one of a later version."""
        try:
            fields = json.loads(text)
            version = int(fields["version"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidInput("no-cube", f"the heading of the cube cannot be read: {error}") from error
        if version != _VERSION:
            raise InvalidInput(
                "no-cube",
                f"the cube is of version {version}, and known is version {_VERSION}",
                hint="upgrade stcloud" if version > _VERSION else "write it again: stcloud cube -o",
            )
        return cls(fields)

    @property
    def text(self) -> str:
        """The heading as text, as `read` takes it."""
        return json.dumps(self.fields, ensure_ascii=False, separators=(",", ":"))

    def require_whole(self, cube: Cube) -> None:
        """Refuse a cube that is not what was written; `InvalidInput` ``no-cube``."""
        fields = {name: value for name, value in self.fields.items() if name != _FINGERPRINT}
        if self.fields.get(_FINGERPRINT) != fingerprint_of(cube, fields):
            raise InvalidInput(
                "no-cube", "the cube is damaged, or was changed since it was written",
                hint="write it again: stcloud cube -o",
            )  # fmt: skip

    def class_values(self) -> list[pa.Array]:
        """Return the values of each class."""
        return [unpacked(axis["values"]).column(0).combine_chunks() for axis in self.fields["classes"]]


def free_names(names: Iterable[str], taken: Collection[str]) -> list[str]:
    """Return names that a file can have, that are not taken and that differ, in order.

    >>> free_names(["count", "time", "a/b", "a_b", "Count"], ["time"])
    ['count', 'time_', 'a_b', 'a_b_', 'Count_']
    """
    used = {name.casefold() for name in taken}
    free: list[str] = []
    for name in names:
        own = _UNWRITABLE.sub("_", name)
        while own.casefold() in used:
            own += "_"
        used.add(own.casefold())
        free.append(own)
    return free


def packed(table: pa.Table) -> str:
    """Return a table as text: an Arrow stream, compressed, in Base64."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(table)
    return base64.b64encode(sink.getvalue()).decode("ascii")


def unpacked(text: str) -> pa.Table:
    """Return the table that `packed` was given."""
    return pa.ipc.open_stream(base64.b64decode(text)).read_all()
