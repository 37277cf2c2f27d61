"""Bars on stderr that show how far a load is, which Ctrl-C cancels. Tested by `tests/saas/cli/test_load.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stcloud.saas.plaintext import visible

if TYPE_CHECKING:
    from rich.progress import Progress

    from stcloud.iaas.job import Job

__all__ = ["Watch", "watched", "watching"]


@dataclass(frozen=True, slots=True)
class Watch:
    """A job, and the bars that show its progress."""

    job: Job
    bars: Progress

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bars away while something is printed."""
        self.bars.stop()
        try:
            yield
        finally:
            self.bars.start()


@contextmanager
def watched() -> Iterator[Job]:
    """Give a job whose progress shows on stderr, a bar for each file, and which Ctrl-C cancels."""
    with watching() as watch:
        yield watch.job


@contextmanager
def watching() -> Iterator[Watch]:
    """Give a watched job and its bars."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from stcloud.iaas.job import Job  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            step = visible(step)
            subject = step.rpartition(": ")[0]
            if subject not in tasks:
                tasks[subject] = bars.add_task(step)
            bars.update(tasks[subject], description=step, completed=done, total=total or None)

        yield Watch(Job(progress=show), bars)
