"""A table's log, entry by entry: what each commit added, removed and noted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from stcloud.errors import FormatError
from stcloud.iaas.folder import storage_errors

__all__ = ["Action", "log_entries", "removals"]

Action: TypeAlias = dict[str, Any]

_ENTRY = re.compile(r"(\d{20})\.json\Z")


def log_entries(root: Path) -> Iterator[tuple[int, list[Action]]]:
    """Return the versions of a table with the actions of their commits, newest first.

    Raises
    ------
    FormatError
        ``damaged-table``: an entry is not what a commit writes.
    """
    with storage_errors(f"read the log of {root.name}"):
        names = sorted((path.name for path in (root / "_delta_log").iterdir()), reverse=True)
    for version in (int(match[1]) for name in names if (match := _ENTRY.match(name))):
        with storage_errors(f"read the log of {root.name}"):
            text = (root / "_delta_log" / f"{version:020}.json").read_bytes()
        yield version, _actions(root, version, text)


def removals(root: Path) -> dict[str, int]:
    """Return the files that commits have removed, and when they last did: UTC milliseconds of the writer's clock."""
    found: dict[str, int] = {}
    for _, actions in log_entries(root):
        for remove in (action["remove"] for action in actions if "remove" in action):
            found.setdefault(remove["path"], int(remove.get("deletionTimestamp") or 0))
    return found


def _actions(root: Path, version: int, text: bytes) -> list[Action]:
    try:
        return [dict(json.loads(line)) for line in text.splitlines() if line.strip()]
    except (ValueError, TypeError) as error:
        raise FormatError(
            "damaged-table", f"the log of {root.name} cannot be read: version {version} is no entry"
        ) from error
