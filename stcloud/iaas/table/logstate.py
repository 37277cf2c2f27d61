"""What a table's log came to, noted beside it: so that a log that lost entries or was changed is found out.

After every commit the table's version and a digest of the log's content then are written to one small file. A log
that is behind it has lost its end; one of the same version with another digest has changed. A log that is ahead was
committed to by a process that died right then, or by another program: nothing is known of it, and the next commit
notes it. A table without the file is of an older version.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import xxhash
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import ArrowException

from stcloud.errors import FormatError, NotFound, StcloudError
from stcloud.iaas.store.oserror import one_line, os_errno, storage_error, storage_errors
from stcloud.iaas.table.briefnote import note_of
from stcloud.iaas.table.log import entry_contents, entry_versions, log_state_path
from stcloud.iaas.table.snapshot import File, Snapshot

__all__ = [
    "LogState",
    "changed_entries",
    "has_log",
    "missing_entries",
    "read_log_state",
    "refuse_cut_log",
    "refuse_other_state",
    "restate_log",
    "state_of",
    "table_errors",
    "unreadable_note",
    "write_log_state",
]

_DAMAGES = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL)
"""Errors of the operating system when a part of a table is missing or something else."""
_FIRST_ENTRIES = 64
"""So many entries are read of a log that an older version wrote."""


@dataclass(frozen=True, slots=True)
class LogState:
    """A version of a table, and the digest of its log's content.

    ``entries`` is a digest of the bytes of all entries of the log from version ``since`` on; ``snapshot`` the version
    as `note_of` writes it, or empty.
    """

    version: int
    digest: str
    since: int = field(default=0, compare=False)
    entries: str = field(default="", compare=False)
    snapshot: str = field(default="", compare=False, repr=False)

    def to_json(self) -> str:
        """Return what is written."""
        return json.dumps(asdict(self) | {"check": self._check()}) + "\n"

    @classmethod
    def from_json(cls, text: str) -> LogState | None:
        """Return what was written; None when it was something else."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            read = json.loads(text)
            state = cls(
                int(read["version"]), str(read["digest"]), int(read["since"]), str(read["entries"]),
                str(read.get("snapshot", "")),
            )  # fmt: skip
            return state if read["check"] == state._check() else None
        return None

    def _check(self) -> str:
        return str(xxhash.xxh64_hexdigest(repr(self).encode()))


def state_of(snapshot: Snapshot) -> LogState:
    """Return the state that a snapshot shows: its files with all that the log has of them, schema and sequence."""
    lines = [
        repr((file.path, file.rows, file.bytes, *(sorted(part.items()) for part in _parts(file))))
        for file in snapshot.files
    ]
    schema = [
        repr((field.name, str(field.type), field.nullable, sorted((field.metadata or {}).items())))
        for field in snapshot.schema
    ]
    text = "\n".join([str(snapshot.sequence), *schema, *lines])
    return LogState(snapshot.version, xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass")))


def read_log_state(root: Path) -> LogState | None:
    """Return the state that was noted last; None when there is none, or none that can be read."""
    with storage_errors(f"read {root.name}"):
        try:
            return LogState.from_json(log_state_path(root).read_bytes().decode("ascii", "replace"))
        except FileNotFoundError:
            return None


def write_log_state(snapshot: Snapshot) -> None:
    """Note the state of a table that was just committed to."""
    known = read_log_state(snapshot.root)
    if known is not None and known.version > snapshot.version:
        return  # another writer of the same table was later
    with storage_errors(f"write to {snapshot.root.name}"):
        since, entries = _entries_after(snapshot.root, known, snapshot.version)
        _write_state(snapshot, since, entries)


def _write_state(snapshot: Snapshot, since: int, entries: str) -> None:
    state = replace(state_of(snapshot), since=since, entries=entries, snapshot=note_of(snapshot))
    path = log_state_path(snapshot.root)
    temporary = path.with_name(f"_state.{uuid.uuid4().hex}")
    with storage_errors(f"write to {snapshot.root.name}"):
        try:
            temporary.write_text(state.to_json(), encoding="ascii")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def restate_log(snapshot: Snapshot) -> None:
    """Note the state of a table some of whose entries we have rewritten ourselves: their digest is another now."""
    known = read_log_state(snapshot.root)
    since = max(0, snapshot.version - _FIRST_ENTRIES) if known is None else known.since
    try:
        entries = _chained(snapshot.root, "", range(since, snapshot.version + 1))
    except FileNotFoundError:  # a log of an older version that was cleaned
        since, entries = snapshot.version + 1, ""
    _write_state(snapshot, since, entries)


def has_log(root: Path) -> bool:
    """Return whether there is a log with an entry in a folder.

    Raises
    ------
    StorageError
        ``no-permission``: it cannot be known.
    """
    with storage_errors(f"read the log of {root.name}"):
        try:
            first = next((path for path in (root / "_delta_log").iterdir() if path.suffix == ".json"), None)
            return first is not None and first.stat() is not None
        except (FileNotFoundError, NotADirectoryError):
            return False


def refuse_cut_log(root: Path, version: int, state: LogState | None, newest: os.stat_result | None) -> None:
    """Raise `FormatError` ``damaged-table`` when the log ends in an empty file or before the version that was noted.

    ``newest`` is of the file of the log's last entry.
    """
    if newest is not None and not newest.st_size:  # a disk that lost power keeps such files
        raise _damaged(root, "ends in an empty file")
    if state is not None and version < state.version:
        raise _damaged(
            root,
            f"ends at version {version}, and version {state.version} was written: entries are lost",
        )


def refuse_other_state(snapshot: Snapshot, state: LogState | None) -> None:
    """Raise `FormatError` ``damaged-table`` when the log has changed since it was written."""
    if state is not None and state.version == snapshot.version and state != state_of(snapshot):
        raise _damaged(snapshot.root, "has changed since it was written")


def _entries_after(root: Path, known: LogState | None, version: int) -> tuple[int, str]:
    """Return from where on, and the digest of, entries up to a version; those that were noted are not read again."""
    since = max(0, version - _FIRST_ENTRIES) if known is None else known.since
    start = since if known is None else known.version + 1
    try:
        return since, _chained(root, "" if known is None else known.entries, range(start, version + 1))
    except FileNotFoundError:  # a log of an older version that was cleaned
        return version + 1, ""


def _chained(root: Path, digest: str, versions: Iterable[int]) -> str:
    for content in entry_contents(root, versions):
        digest = xxhash.xxh3_128_hexdigest(f"{digest} {xxhash.xxh3_128_hexdigest(content)}".encode())
    return digest


def changed_entries(root: Path) -> Iterator[str]:
    """Give that an entry of a log has changed since it was written, if one has, whether or not it matters."""
    state = read_log_state(root)
    with (
        storage_errors(f"read {root.name}"),
        contextlib.suppress(FileNotFoundError),
    ):  # missing ones are named
        if state is not None and state.entries != _chained(root, "", range(state.since, state.version + 1)):
            yield f"an entry of the log of {root.name} has changed since it was written"


def missing_entries(root: Path) -> Iterator[str]:
    """Give the entries that a log lacks between its first and its last, and those that hold nothing that is read."""
    with storage_errors(f"read {root.name}"):
        versions, state = entry_versions(root), read_log_state(root)
        first = min([*versions[:1], *([] if state is None else [state.since])], default=0)
        lacking = sorted(set(range(first, max(versions, default=-1) + 1)).difference(versions))
        yield from (f"the log of {root.name} lacks entry {version}" for version in lacking)
        for version, content in zip(versions, entry_contents(root, versions), strict=True):
            try:
                lines = content.splitlines()
                sound = bool(lines) and all(isinstance(json.loads(line), dict) for line in lines)
            except ValueError:
                sound = False
            if not sound:
                yield f"entry {version} of the log of {root.name} cannot be read"


def unreadable_note(root: Path) -> Iterator[str]:
    """Give the note of what the log came to when it is there and cannot be read."""
    if log_state_path(root).exists() and read_log_state(root) is None:
        yield f"{log_state_path(root).name} of {root.name} cannot be read"


@contextlib.contextmanager
def table_errors(root: Path) -> Iterator[None]:
    """Turn what delta-rs finds wrong with a log into ours: its errors, and its panics, which are no `Exception`.

    Raises
    ------
    NotFound
        ``no-table``
    FormatError
        ``damaged-table``
    StorageError
        A file may not be read.
    """
    try:
        yield
    except StcloudError:
        raise
    except TableNotFoundError as error:
        raise NotFound("no-table", f"there is no table in {root.name}") from error
    except (DeltaError, OSError, ValueError, KeyError, ArrowException) as error:
        raise _unreadable(root, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(root, error) from error


def _unreadable(root: Path, error: BaseException) -> StcloudError:
    number = os_errno(error)
    if isinstance(error, Exception) and number is not None and number not in _DAMAGES:
        return storage_error(f"read the log of {root.name}", error)
    return FormatError("damaged-table", f"the log of {root.name} cannot be read: {one_line(error)}")


def _damaged(root: Path, why: str) -> FormatError:
    return FormatError(
        "damaged-table", f"the log of {root.name} {why}", hint="bring it back from a copy of the city"
    )


def _parts(file: File) -> tuple[Mapping[str, Any], ...]:
    return file.partition, file.low, file.high, file.nulls
