"""Walking speeds of classes of streets, as a closed TOML document or a CSV table.

`docs/explanation/reach.md` shows both. Tested by `tests/paas/reach/test_speedtable.py`.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from typing import Annotated, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.errors import InvalidDefinition

__all__ = ["SpeedTable"]

Speed = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_SPEED = "speed_mps"


class SpeedTable(Closed):
    r"""Walking speeds of classes of streets.

    Attributes
    ----------
    column
        The column of the layer of streets that holds the classes.
    speed_mps
        Metres per second by class; 0: cannot be walked.

    Examples
    --------
    >>> table = SpeedTable.from_csv("class,speed_mps\nsteps,0.5\nmotorway,0\n", name="speeds.csv")
    >>> table == SpeedTable.from_toml('column = "class"\nspeed_mps = {steps = 0.5, motorway = 0}', name="speeds.toml")
    True
    >>> table.speeds_of(pa.array(["steps", "lane", None]), 1.2).tolist()
    [0.5, 1.2, 1.2]
    """

    column: Text
    speed_mps: Mapping[str, Speed]

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with all faults.
        """
        with definition_faults(name, _keys):
            return cls.from_document(tomllib.loads(text), name=name)

    @classmethod
    def from_csv(cls, text: str, *, name: str) -> Self:
        """Read a table of two columns: the classes under the name of their column, and ``speed_mps``.

        Raises
        ------
        InvalidDefinition
            ``invalid-definition`` with all faults and their lines.
        """
        rows = [row for row in csv.reader(text.removeprefix("\ufeff").splitlines()) if row]
        header = [field.strip() for field in rows[0]] if rows else []
        if len(header) != 2 or header[1] != _SPEED:
            faults = [f"line 1: has '{','.join(header)}', not the column of classes and {_SPEED}"]
            raise InvalidDefinition("invalid-definition", name, faults=faults)
        speeds: dict[str, object] = {}
        faults = []
        for line, row in enumerate(rows[1:], start=2):
            if len(row) != 2:
                faults.append(f"line {line}: has {len(row)} fields, not 2")
            elif row[0].strip() in speeds:
                faults.append(f"line {line}: '{row[0].strip()}' was there before")
            else:
                speeds[row[0].strip()] = row[1].strip()
        if faults:
            raise InvalidDefinition("invalid-definition", name, faults=faults)
        return cls.from_document({"column": header[0], _SPEED: speeds}, name=name)

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, name: str) -> Self:
        """Return the table of a document's keys and values; `InvalidDefinition` ``invalid-definition``."""
        with definition_faults(name, _keys):
            return cls.model_validate(document)

    def speeds_of(self, classes: pa.Array | pa.ChunkedArray, others_mps: float) -> NDArray[np.float64]:
        """Return the speed of each class, metres per second; of one that is not named, and of null, another."""
        names = pa.array(list(self.speed_mps), pa.string())
        speeds = np.append(np.array(list(self.speed_mps.values()), np.float64), others_mps)
        number = pc.fill_null(pc.index_in(classes.cast(pa.string()), value_set=names), len(names))
        chosen: NDArray[np.float64] = speeds[np.asarray(number, np.int64)]
        return chosen

    def absent(self, classes: pa.Array | pa.ChunkedArray) -> list[str]:
        """Return the classes of the table that none of these is, in the table's order."""
        there = set(pc.unique(classes.cast(pa.string())).to_pylist())
        return [name for name in self.speed_mps if name not in there]


def _keys(_: tuple[int | str, ...]) -> list[str]:
    return list(SpeedTable.model_fields)
