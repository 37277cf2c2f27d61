"""What differs between the conflicts that were known at two instants.

Law: **changes complete**: earlier conflicts, without those that are gone and with those that are new or changed, are
the later ones.

Tested by `tests/paas/conflict/test_conflictchanges.py`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa

__all__ = ["changed_conflicts"]

_SAME = ("conflict", "rule", "kind", "first_layer", "first", "second_layer", "second")
"""What is the same in all rows of one identity, or names the layer only."""


def changed_conflicts(before: pa.Table, after: pa.Table) -> pa.Table:
    """Return what differs: ``change`` is ``new``, ``gone`` or ``changed``, and ``differs`` names the columns that do.

    Parameters
    ----------
    before, after
        Rows of conflicts with the same columns. A conflict is known by its identity, in all its periods.

    Returns
    -------
    Rows as they are now; of what is gone as they were. By identity, then time.
    """
    earlier, later = _by_identity(before), _by_identity(after)
    names = [name for name in before.schema.names if name not in _SAME]
    taken: dict[str, list[int]] = {"before": [], "after": []}
    changes: list[tuple[str, str | None]] = []
    left: list[tuple[str, str | None]] = []
    for conflict in sorted(earlier.keys() | later.keys()):
        old, new = earlier.get(conflict, []), later.get(conflict, [])
        if not new:
            taken["before"] += [at for at, _ in old]
            left += [("gone", None)] * len(old)
            continue
        differs = [name for name in names if [row[name] for _, row in old] != [row[name] for _, row in new]]
        if old and not differs:
            continue
        taken["after"] += [at for at, _ in new]
        changes += [("changed", ", ".join(differs)) if old else ("new", None)] * len(new)
    rows = pa.concat_tables(
        [before.take(pa.array(taken["before"], pa.int64())), after.take(pa.array(taken["after"], pa.int64()))]
    )
    rows = rows.add_column(1, "change", pa.array([change for change, _ in left + changes], pa.string()))
    rows = rows.add_column(2, "differs", pa.array([differs for _, differs in left + changes], pa.string()))
    return rows.sort_by([("conflict", "ascending"), ("from", "ascending")])


def _by_identity(rows: pa.Table) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    grouped: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    order = rows.append_column("st_row", pa.array(range(len(rows)), pa.int64())).sort_by("from")
    for row in order.to_pylist():
        grouped[row["conflict"]].append((row.pop("st_row"), row))
    return grouped
