"""Duty grids: which unit cells an inspector is responsible for, and when. A cell may have several, or none."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.catalogue import Layer
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.feature import FeatureLayer, instants
from stcloud.daas.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest

__all__ = ["DutyGrids"]


@dataclass(frozen=True, slots=True)
class DutyGrids:
    """One version of a layer of duties: rows that give a unit cell to a duty grid for a time.

    Parameters
    ----------
    layer, table
        The rows.
    """

    layer: Layer
    table: FeatureLayer

    def __post_init__(self) -> None:
        definition = self.layer.definition
        if not isinstance(definition, FeatureDefinition) or definition.duty is None:
            raise InvalidInput(
                "not-duties", f"layer '{self.layer.name}' holds no duty grids",
                hint=f"say so in layers/{self.layer.name}.toml: [duty] with the columns grid and unit",
            )  # fmt: skip

    def members(self) -> pa.Table:
        """Return who has which cell when, as it is believed now: ``duty``, ``unit``, ``since``, ``until``.

        Half-open; ``until`` null: no end is known.
        """
        snapshot = self.layer.snapshot
        believed = self.table.believed(snapshot)
        content = self.table.content(snapshot, believed.row)
        grid, unit = (content[name].cast(pa.string()) for name in self._columns)
        since, until = instants(believed.start_us, ALWAYS), instants(believed.end_us, FOREVER)
        return pa.table({"duty": grid, "unit": unit, "since": since, "until": until}).combine_chunks()

    def cells_of(self, *duties: str) -> pa.Table:
        """Return the cells of some duty grids together: ``unit``, ``since``, ``until``; none is there twice at once.

        Raises
        ------
        NotFound
            ``unknown-duty``, with the nearest.
        """
        members = self.members()
        known = pc.unique(members["duty"]).drop_null().to_pylist()
        for one in duties:
            if one not in known:
                raise NotFound(
                    "unknown-duty", f"layer '{self.layer.name}' has no duty grid '{one}'",
                    nearest=nearest(one, known),
                )  # fmt: skip
        found = members.filter(pc.is_in(members["duty"], pa.array(duties, pa.string())))
        return _once(found)

    @property
    def _columns(self) -> tuple[str, str]:
        definition = self.layer.definition
        assert isinstance(definition, FeatureDefinition)  # noqa: S101  (born so)
        stored = {one.name: one.stored for one in self.layer.attributes}
        duty = definition.duty
        names = (duty.grid, duty.unit) if duty is not None else ("", "")
        for name in names:
            if name not in stored:
                raise NotFound(
                    "unknown-column", f"layer '{self.layer.name}' has no column '{name}'",
                    nearest=nearest(name, stored),
                )  # fmt: skip
        return stored[names[0]], stored[names[1]]


def _once(members: pa.Table) -> pa.Table:
    """Unite the periods of each cell."""
    frame = members.select(["unit", "since", "until"]).to_pylist()
    by_unit: dict[str, list[list[object]]] = {}
    ordered = sorted(frame, key=lambda row: (row["unit"], row["since"] is not None, row["since"] or 0))
    for row in ordered:
        periods = by_unit.setdefault(row["unit"], [])
        last = periods[-1] if periods else None
        if last is not None and (last[1] is None or (row["since"] is not None and row["since"] <= last[1])):
            ends = (last[1], row["until"])
            last[1] = None if None in ends else max(ends)
        else:
            periods.append([row["since"], row["until"]])
    rows = [(unit, since, until) for unit, periods in by_unit.items() for since, until in periods]
    kinds = [members.schema.field(name) for name in ("unit", "since", "until")]
    columns = [pa.array([row[place] for row in rows], kind.type) for place, kind in enumerate(kinds)]
    return pa.Table.from_arrays(columns, ["unit", "since", "until"])
