"""The first commit of a layer, which has its definition in it: a table and what it means appear at once.

Tested by `tests/daas/test_founding.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.daas.definition import Definition
from stcloud.iaas.table.table import Table

__all__ = ["founding_definition", "founding_note"]

_DEFINITION = "definition"


def founding_note(definition: Definition) -> dict[str, Any]:
    """Return what the note of a first commit has besides."""
    return {_DEFINITION: definition.to_toml()}


def founding_definition(table: Table) -> str | None:
    """Return the definition that a layer was made by, TOML, while it has no other commit of rows; else None."""
    if not table.exists or table.sequence() != 1:
        return None
    return next((str(note[_DEFINITION]) for note in table.notes() if _DEFINITION in note), None)
