"""Duty grids: which unit cells an inspector is responsible for, and when. A cell may have several, or none.

Tested by `tests/conformance/test_duty.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.catalogue import Layer
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.table.feature import FeatureLayer, instants
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest

__all__ = ["DutyGrids"]

_FIRST = datetime.min.replace(tzinfo=UTC)


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

    def members(self, known_at_us: int | None = None) -> pa.Table:
        """Return who has which cell when: ``duty``, ``unit``, ``since``, ``until``.

        Half-open; ``until`` null: no end is known. As it was believed at a recorded instant; None: now.
        """
        snapshot = self.layer.snapshot
        believed = self.table.believed(snapshot, known_at_us)
        content = self.table.content(snapshot, believed.row)
        grid, unit = (content[name].cast(pa.string()) for name in self._columns)
        since, until = instants(believed.start_us, ALWAYS), instants(believed.end_us, FOREVER)
        members = pa.table({"duty": grid, "unit": unit, "since": since, "until": until})
        whole = pc.and_(pc.is_valid(members["duty"]), pc.is_valid(members["unit"]))
        return _once(members.filter(whole), ("duty", "unit"))

    def cells_of(self, *duties: str, known_at_us: int | None = None) -> pa.Table:
        """Return the cells of some duty grids together: ``unit``, ``since``, ``until``; none is there twice at once.

        As they were believed at a recorded instant; None: now.

        Raises
        ------
        NotFound
            ``unknown-duty``, with the nearest.
        """
        members = self.members(known_at_us)
        known = pc.unique(members["duty"]).drop_null().to_pylist()
        for duty in duties:
            if duty not in known:
                raise NotFound(
                    "unknown-duty", f"layer '{self.layer.name}' has no duty grid '{duty}'",
                    nearest=nearest(duty, known),
                )  # fmt: skip
        chosen = members.filter(pc.is_in(members["duty"], pa.array(duties, pa.string())))
        return _once(chosen, ("unit",))

    @property
    def _columns(self) -> tuple[str, str]:
        definition = self.layer.definition
        assert isinstance(definition, FeatureDefinition)  # noqa: S101  (born so)
        stored = {attribute.name: attribute.stored for attribute in self.layer.attributes}
        duty = definition.duty
        names = (duty.grid, duty.unit) if duty is not None else ("", "")
        for name in names:
            if name not in stored:
                raise NotFound(
                    "unknown-column", f"layer '{self.layer.name}' has no column '{name}'",
                    nearest=nearest(name, stored),
                )  # fmt: skip
        return stored[names[0]], stored[names[1]]


def _once(members: pa.Table, by: tuple[str, ...]) -> pa.Table:
    """Unite the periods of each cell, or of each cell of a duty grid, that overlap or touch."""
    periods: dict[tuple[str, ...], list[list[datetime | None]]] = {}
    rows = members.select([*by, "since", "until"]).to_pylist()
    for row in sorted(rows, key=lambda row: row["since"] or _FIRST):
        merged = periods.setdefault(tuple(row[name] for name in by), [])
        last = merged[-1] if merged else None
        if last is not None and (last[1] is None or row["since"] is None or row["since"] <= last[1]):
            last[1] = None if last[1] is None or row["until"] is None else max(last[1], row["until"])
        else:
            merged.append([row["since"], row["until"]])
    names = [*by, "since", "until"]
    united = [(*key, *period) for key, merged in periods.items() for period in merged]
    columns = [
        pa.array([row[place] for row in united], members.schema.field(name).type)
        for place, name in enumerate(names)
    ]
    return pa.Table.from_arrays(columns, names)
