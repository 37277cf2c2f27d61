"""The log of loads, `--log FILE`: one JSON object a line, appended, always with the same keys.

A command appends a line when it starts, one for each file, and one when it ends. Tested by
`tests/saas/cli/test_journal.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stcloud.errors import StcloudError
from stcloud.saas.cli.exits import outcome
from stcloud.saas.cli.reckoning import complete_to
from stcloud.saas.plaintext import visible_json
from stcloud.saas.wholefile import refuse_in_city

if TYPE_CHECKING:
    from stcloud.daas.reckoning import Reckoning
    from stcloud.time import Zone

__all__ = ["EVENTS", "FIELDS", "Journal"]

EVENTS = ("started", "loaded", "checked", "known", "undone", "failed", "finished")
"""What a line tells: `event`."""
_COUNTS = (
    "read", "accepted", "updated", "unchanged", "duplicates", "rejected", "unplaced", "time_adjusted", "ended",
    "overridden", "repaired", "restored", "trimmed",
)  # fmt: skip
_DETAILS = ("rejected_by", "unplaced_by", "new_columns", "missing_columns", "notes")
FIELDS = (
    "time", "event", "city", "layer", "dry_run", "sources", "source", "load", "mode", "recorded_at", *_COUNTS,
    *_DETAILS, "complete_to", "changed_by", "error", "message", "exit_code",
)  # fmt: skip
"""Keys of every line, in this order; null where they do not apply."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Appends what becomes of a command to a file.

    Parameters
    ----------
    path
        The file; None: nothing is logged.
    city, layer, dry_run
        What the command was given.
    """

    path: Path | None
    city: str
    layer: str
    dry_run: bool = False
    _logged: list[StcloudError] = field(default_factory=list)

    @contextmanager
    def recording(self, sources: Sequence[str]) -> Iterator[None]:
        """Log the start of what is inside, a failure, and the end with the command's exit code.

        Raises
        ------
        InvalidInput
            ``file-of-a-city``
        StorageError
            The file cannot be written; nothing was started.
        """
        if self.path is not None:
            refuse_in_city(self.path)
        self._append("started", sources=list(sources))
        code, kind, text = 0, None, None
        try:
            yield
        except typer.Exit as ending:
            code = ending.exit_code
            raise
        except BaseException as error:
            code, text = outcome(error)
            if isinstance(error, StcloudError):
                kind = error.kind
                self.fail(error)
            raise
        finally:
            self._append("finished", exit_code=code, error=kind, message=text)

    def add(self, reckoning: Reckoning, zone: Zone) -> None:
        """Log a reckoning."""
        event = "checked" if self.dry_run else "undone" if reckoning.mode == "undo" else "loaded"
        event = "known" if reckoning.known else event
        counts = {name: getattr(reckoning, name) for name in _COUNTS}
        self._append(
            event, source=reckoning.source, load=reckoning.load, mode=reckoning.mode,
            recorded_at=zone.iso(reckoning.recorded_at_us), changed_by=reckoning.changed_by,
            **counts, **complete_to(reckoning, zone), **reckoning.details,
        )  # fmt: skip

    def fail(self, error: StcloudError) -> None:
        """Log an error of a file, or of the command; once, however often it comes."""
        if error not in self._logged:
            self._logged.append(error)
            code, text = outcome(error)
            source = error.context.get("source")
            self._append("failed", source=source, error=error.kind, message=text, exit_code=code)

    def _append(self, event: str, **values: Any) -> None:
        if self.path is None:
            return
        from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415  (keeps --help light)

        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own = {"time": now, "event": event, "city": self.city, "layer": self.layer, "dry_run": self.dry_run}
        line = visible_json(json.dumps(dict.fromkeys(FIELDS) | own | values, ensure_ascii=False))
        with storage_errors(f"write {self.path}"):
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(file, f"{line}\n".encode())  # in one piece: other commands append to it too
            finally:
                os.close(file)
