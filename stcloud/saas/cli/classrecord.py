"""Classes of components and matters as programs read them, one by one or as trees.

Tested by `tests/saas/cli/test_class_list.py` and `tests/saas/web/test_reference.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.errors import NotFound

if TYPE_CHECKING:
    from stcloud.paas.case.classes import ClassRow, ClassTable

__all__ = ["class_record", "class_trees"]

_OF_TREES = ("code", "name", "name_zh", "valid_from", "valid_to", "successors")


def class_trees(table: ClassTable, kind: str | None = None, at: str | None = None) -> list[dict[str, Any]]:
    """Return the trees of classes by kind and edition: major classes with their minor ones, by code.

    Parameters
    ----------
    table
        The classes of a city.
    kind, at
        Only of a kind; only those that are valid on a day. Errors are those of `ClassTable.search`.
    """
    rows = table.search(kind=kind, at=at)
    minors: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row.major:
            minors.setdefault((row.kind, row.edition, row.major), []).append(_of_tree(table, row))
    trees: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if not row.major:
            below = minors.get((row.kind, row.edition, row.code), [])
            trees.setdefault((row.kind, row.edition), []).append(_of_tree(table, row) | {"classes": below})
    return [
        {"kind": kind, "edition": edition, "classes": majors} for (kind, edition), majors in trees.items()
    ]


def _of_tree(table: ClassTable, row: ClassRow) -> dict[str, Any]:
    record = class_record(table, row, ";")
    return {name: record[name] for name in _OF_TREES}


def class_record(table: ClassTable, row: ClassRow, separator: str) -> dict[str, Any]:
    """Return a class; ``separator`` is between the codes that took its place."""
    return {
        "kind": row.kind, "edition": row.edition, "code": row.code, "name": row.name, "name_zh": row.name_zh,
        "major": row.major or None, "valid_from": row.valid_from, "valid_to": row.valid_to,
        "verified": row.verified, "source": row.source, "successors": _successors(table, row, separator),
    }  # fmt: skip


def _successors(table: ClassTable, row: ClassRow, separator: str) -> str | None:
    """Return the classes that took the place of one, ``none`` where there are none; None: it is not known."""
    try:
        entry = table.crosswalk.translate(row.kind, row.code, row.edition)
    except NotFound:
        return None
    return separator.join(entry.codes) or "none"
