"""How the rows of a source reach the steps of a load: here, batch by batch, or on the workers of a cluster.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol

from stcloud.daas.load.rejected import RejectedRows
from stcloud.daas.load.steps import LoadContext, LoadSteps, ordered
from stcloud.iaas.job import Job
from stcloud.iaas.source.protocol import Batch, Refusal

__all__ = ["LocalReading", "RowReading"]

_WORKERS, _AHEAD = 2, 4


class RowReading(Protocol):
    """Reads the source of one load once."""

    def read(self, job: Job) -> None:
        """Clean all rows and set them aside; count them, and those that are refused, in the intake."""

    def records(self, refusals: Iterable[Refusal]) -> dict[int, str]:
        """Return the rows of refusals as they were in the source, as JSON, by number."""

    def close(self) -> None:
        """Let go of what was set aside."""


class LocalReading:
    """Reads the source in this process.

    Parameters
    ----------
    context, steps
        Of the load.
    names
        The source's columns as the definition spells them.
    """

    def __init__(self, context: LoadContext, steps: LoadSteps, names: tuple[str, ...]) -> None:
        self._context, self._steps, self._names = context, steps, list(names)
        self._rejected = RejectedRows(context.staging)

    def read(self, job: Job) -> None:
        """Read the source once; clean batches on other threads while it is being read."""
        source = self._context.source
        batches = ((batch,) for batch in source.batches())
        with ThreadPoolExecutor(_WORKERS) as pool:
            for cleaned, rows in ordered(pool, self._clean, batches, ahead=_AHEAD):
                self._steps.take(cleaned)
                self._rejected.add(rows)
                job.tell("read", self._context.intake.read, 0)

    def _clean(self, batch: Batch) -> tuple[Any, Any]:
        cleaned = self._steps.clean(replace(batch, rows=batch.rows.rename_columns(self._names)))
        return cleaned, self._rejected.chosen(batch, cleaned.refusals)

    def records(self, refusals: Iterable[Refusal]) -> dict[int, str]:
        """Return the rows of refusals; those that were refused late are read again."""
        return self._rejected.records(refusals, self._context.source.reopened)

    def close(self) -> None:
        """Let go of what was set aside."""
        self._rejected.close()
