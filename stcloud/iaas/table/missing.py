"""Why a file of a table is not there: the table was deleted, has changed since, or is damaged."""

from __future__ import annotations

import re
from pathlib import Path

from stcloud.errors import Conflict, FormatError, NotFound, StcloudError

__all__ = ["missing_file", "missing_in"]

_PATH = re.compile(r"[\"'](/[^\"']+\.parquet)[\"']")


def missing_file(path: Path) -> StcloudError:
    """Return the error for a data file that a snapshot shows and that is not there.

    Returns
    -------
    `NotFound` ``unknown-layer``: there is no table any more. `Conflict` ``changed-meanwhile``: the table was made
    anew, or has replaced the file and was vacuumed. `FormatError` ``missing-file``: it still needs the file.
    """
    from stcloud.iaas.table.table import Table  # noqa: PLC0415  (it reads files too)

    root = path.parent
    if not root.is_dir():
        return NotFound("unknown-layer", f"layer '{root.name}' was deleted while it was read")
    try:
        needed = path.name in {file.path for file in Table(root).snapshot().files}
    except NotFound:
        return FormatError("missing-file", f"a file of the layer is missing, and its log: {path.name}")
    if needed:
        return FormatError(
            "missing-file",
            f"a file of the layer is missing: {path.name} of '{root.name}'",
            hint="its rows are lost unless a copy of the city has it; 'stcloud check' counts them",
        )
    return Conflict(
        "changed-meanwhile", f"layer '{root.name}' was changed while it was read", hint="try again"
    )


def missing_in(text: str) -> StcloudError | None:
    """Return the error for a file that a library's message names, when it is not there."""
    match = _PATH.search(text)
    path = Path(match[1]) if match else None
    return missing_file(path) if path is not None and not path.exists() else None
