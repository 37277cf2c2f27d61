"""The log of a table in a folder: commits are files that appear at once, which delta-rs writes.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from deltalake import DeltaTable

from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.datafile import STAGED, Written
from stcloud.iaas.table.deltaerror import overtaken
from stcloud.iaas.table.log import entry_path, first_entry

__all__ = ["LocalLog", "staged_files"]


class LocalLog:
    """How a table in a folder is made, committed to and deleted."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def pull(self) -> DeltaTable | None:
        """Return None: what is read is what there is."""
        return None

    def create(self, made: Path, *, shared: bool) -> None:  # noqa: ARG002  (a log's signature)
        """Make the table whose first entry lies in ``made``, unless another writer was faster."""
        LocalStore(self.root).put_if_absent(
            f"_delta_log/{entry_path(self.root, 0).name}", first_entry(made).encode()
        )

    def commit(
        self,
        delta: DeltaTable,
        act: Callable[[DeltaTable], object],
        files: Sequence[Written],
        shown: Callable[[], set[str]],
    ) -> None:
        """Place files, and do what commits them; take them back when the log does not show them then."""
        try:
            for file in files:
                (self.root / STAGED / file.path).replace(self.root / file.path)
            act(delta)
        except BaseException as error:  # an interrupt may come after the commit: only the log knows
            known = shown()
            for file in files:
                if file.path not in known:
                    (self.root / file.path).unlink(missing_ok=True)
            if isinstance(error, FileNotFoundError):  # another writer, without our lock, swept them
                raise overtaken(self.root) from error
            raise

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Let files of the log, and what lies beside it, be written, changed and deleted in the folder inside."""
        yield

    def staging(self) -> Path:
        """Return the folder for files that wait for their commit; `FileNotFoundError` where the table is gone."""
        staged = self.root / STAGED
        staged.mkdir(exist_ok=True)
        return staged

    def send(self, path: Path) -> None:
        """Do nothing: it is where it is read."""

    def data_files(self) -> dict[str, int]:
        """Return the data files, and when each was written, UTC milliseconds."""
        with storage_errors(f"list the files of {self.root.name}"):
            return {name: at for name, at in _files(self.root).items() if not name.startswith("_")}

    def delete_files(self, names: Iterable[str]) -> int:
        """Delete data files; return how many were there."""
        count = 0
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                (self.root / name).unlink()
                count += 1
        return count

    def drop(self) -> None:
        """Delete the table."""
        shutil.rmtree(self.root, ignore_errors=True)

    def finish_deletion(self) -> None:
        """Do nothing: what a deletion leaves lies in the staging of its lock, and is swept there."""

    @contextlib.contextmanager
    def set_aside(self, staging: Path) -> Iterator[None]:
        """Move the table into ``staging`` at once and do what is inside; when that fails, move it back."""
        self.root.replace(staging / self.root.name)
        try:
            yield
        except BaseException:
            (staging / self.root.name).replace(self.root)
            raise


def staged_files(root: Path) -> dict[str, int]:
    """Return files of a table that wait for their commit, by their path in its folder, and when each was written."""
    with storage_errors(f"list the files of {root.name}"):
        return {f"{STAGED}/{name}": written_ms for name, written_ms in _files(root / STAGED).items()}


def _files(folder: Path) -> dict[str, int]:
    written_ms = {}
    for path in folder.glob("*.parquet"):
        with contextlib.suppress(FileNotFoundError):  # its writer took it back, or another vacuum was faster
            written_ms[path.name] = path.stat().st_mtime_ns // 1_000_000
    return written_ms
