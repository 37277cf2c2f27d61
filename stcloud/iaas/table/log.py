"""A table's log, entry by entry: what each commit added, removed and noted; the oldest entries lie in archives.

Whoever opens a table lists its log, and each commit would take longer than the one before. Entries that come before
a checkpoint are not needed to read the table. They are kept for what they note, byte for byte, in archives beside
the log, about a hundred in each: readers of Delta tables pass over folders that begin with an underscore.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import xxhash

from stcloud.errors import FormatError
from stcloud.iaas.store.mount import bring_folder
from stcloud.iaas.store.oserror import storage_error, storage_errors
from stcloud.iaas.store.zipdamage import zip_damages

__all__ = [
    "CHECKPOINT_EVERY",
    "DROPPED",
    "KEPT_ENTRIES",
    "Action",
    "archive_log",
    "entry_contents",
    "entry_path",
    "entry_stat",
    "entry_versions",
    "first_entry",
    "is_entry",
    "last_checkpoint",
    "log_entries",
    "log_state_path",
    "newest_versions",
    "recent_digest",
    "removals",
]

Action: TypeAlias = dict[str, Any]

DROPPED = b'"operation":"STCLOUD DROP"'
"""In the last entry of a table in a bucket that is deleted: of what is left nothing counts."""
CHECKPOINT_EVERY = 20
"""A log of so many entries has a checkpoint."""
KEPT_ENTRIES = 100
"""So many entries stay in the log at least: who has opened the table reads on where it was."""
_ENTRY = re.compile(r"(\d{20})\.json\Z")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet\Z")
_ARCHIVE = re.compile(r"\d{20}-\d{20}-[0-9a-f]{32}\.zip\Z")


def entry_path(root: Path, version: int) -> Path:
    """Return where an entry lies until it is archived."""
    return root / "_delta_log" / f"{version:020}.json"


def entry_stat(root: Path, version: int) -> os.stat_result | None:
    """Return what the file system says of an entry that is not archived; None: it is not there."""
    try:
        return os.stat(f"{root}/_delta_log/{version:020}.json")  # noqa: PTH116  (a load looks a hundred times)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error(f"read the log of {root.name}", error) from error


def is_entry(root: Path, version: int, seen: os.stat_result | None) -> bool:
    """Return whether an entry is there, not empty, and the file that was seen."""
    entry = entry_stat(root, version)
    if entry is None or seen is None:
        return False
    return (entry.st_ino, entry.st_mtime_ns) == (seen.st_ino, seen.st_mtime_ns) and bool(seen.st_size)


def first_entry(root: Path) -> str:
    """Return the first entry of a table without the place on this machine where it was made."""
    actions = _actions(root, 0, entry_path(root, 0).read_bytes())
    for action in actions:
        action.get("commitInfo", {}).get("operationParameters", {}).pop("location", None)
    return "".join(f"{json.dumps(action, separators=(',', ':'))}\n" for action in actions)


def last_checkpoint(root: Path, version: int) -> int:
    """Return the version of the last checkpoint; `ValueError`: it is later than a version, or of several files."""
    last = json.loads((root / "_delta_log" / "_last_checkpoint").read_bytes())
    if last.get("parts") or last["version"] > version:
        raise ValueError("the last checkpoint is another one")
    return int(last["version"])


def recent_digest(root: Path, version: int) -> str:
    """Return a digest of the bytes that a version is read from: the last checkpoint, and the entries after it.

    Raises
    ------
    OSError, ValueError, KeyError
        They are not there, or not as they should be.
    """
    last = last_checkpoint(root, version)
    checkpoint = f"{root}/_delta_log/{last:020}.checkpoint.parquet"
    state = Path(checkpoint).stat()
    digest = xxhash.xxh3_128(str(last).encode())
    digest.update(_checkpoint_digest(checkpoint, state.st_size, state.st_mtime_ns, state.st_ino))
    for number in range(last + 1, version + 1):
        with open(f"{root}/_delta_log/{number:020}.json", "rb", buffering=0) as file:  # noqa: PTH123  (faster)
            content = file.read()
        digest.update(b"%d " % len(content))
        digest.update(content)
    return digest.hexdigest()


@functools.lru_cache(256)
def _checkpoint_digest(path: str, size: int, mtime_ns: int, inode: int) -> bytes:
    """Return a digest of a checkpoint, which is read once in a process: it grows with the commits of a week."""
    del size, mtime_ns, inode
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  (faster)
        return xxhash.xxh3_128(file.read()).digest()


def log_state_path(root: Path) -> Path:
    """Return where a table's state is noted; readers of Delta tables pass over names that begin so."""
    return root / "_state.json"


def entry_versions(root: Path) -> list[int]:
    """Return the versions whose entries are there, in the log or archived, in order."""
    return sorted(_archived(root).keys() | set(_versions(root / "_delta_log", _ENTRY)))


def entry_contents(root: Path, versions: Iterable[int]) -> Iterator[bytes]:
    """Return the contents of entries, in the log or archived; `FileNotFoundError` when one is nowhere."""
    archived: dict[int, Path] | None = None
    with contextlib.ExitStack() as opened:
        path, archive = None, None
        for version in versions:
            try:
                yield entry_path(root, version).read_bytes()
            except FileNotFoundError:
                archived = _archived(root) if archived is None else archived
                if version not in archived:
                    raise
                if archive is None or archived[version] != path:
                    opened.close()
                    path = archived[version]
                    archive = opened.enter_context(_opened(path))
                with _archive_errors(archived[version]):
                    content = archive.read(_member(version))
                yield content


def newest_versions(root: Path) -> Iterator[int]:
    """Give the versions whose entries are there, newest first; archives are looked for only when they are wanted."""
    with storage_errors(f"read the log of {root.name}"):
        newest = _versions(root / "_delta_log", _ENTRY)[::-1]
        yield from newest
        yield from sorted(_archived(root).keys() - set(newest))[::-1]


def log_entries(root: Path, versions: Iterable[int] | None = None) -> Iterator[tuple[int, list[Action]]]:
    """Return some versions of a table (default: all, newest first) with the actions of their commits.

    Raises
    ------
    FormatError
        ``damaged-table``: an entry is not what a commit writes.
    """
    wanted = list(newest_versions(root) if versions is None else versions)
    with storage_errors(f"read the log of {root.name}"):
        for version, content in zip(wanted, entry_contents(root, wanted), strict=True):
            yield version, _actions(root, version, content)


def removals(root: Path) -> dict[str, int]:
    """Return the files that commits have removed, and when they last did: UTC milliseconds of the writer's clock."""
    removed: dict[str, int] = {}
    for _, actions in log_entries(root):
        for remove in (action["remove"] for action in actions if "remove" in action):
            removed.setdefault(remove["path"], int(remove.get("deletionTimestamp") or 0))
    return removed


def archive_log(root: Path, version: int) -> int:
    """Move entries that come before a checkpoint into an archive, with older checkpoints; return how many.

    Others may do the same at the same time: an entry is deleted only when it is in an archive.
    """
    with storage_errors(f"archive the log of {root.name}"):
        log = root / "_delta_log"
        checkpoints = _versions(log, _CHECKPOINT)
        since = max((number for number in checkpoints if number <= version - KEPT_ENTRIES), default=0)
        old = [number for number in _versions(log, _ENTRY) if number < since]
        if len(old) < KEPT_ENTRIES // 2:
            return 0
        archived = _archive(root, old)
        for path in (*(entry_path(root, number) for number in archived), *_older(log, checkpoints, since)):
            path.unlink(missing_ok=True)
        return len(archived)


def _archive(root: Path, versions: list[int]) -> list[int]:
    """Write entries to an archive; return those that it holds."""
    folder = root / "_archive"
    folder.mkdir(exist_ok=True)
    temporary = folder / f".{uuid.uuid4().hex}"
    archived = []
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            for version in versions:
                with contextlib.suppress(FileNotFoundError):  # another process archives them too
                    archive.writestr(_member(version), entry_path(root, version).read_bytes())
                    archived.append(version)
        if archived:
            temporary.replace(folder / f"{archived[0]:020}-{archived[-1]:020}-{temporary.name[1:]}.zip")
    finally:
        temporary.unlink(missing_ok=True)
    return archived


def _older(log: Path, checkpoints: list[int], since: int) -> list[Path]:
    return [log / f"{number:020}.checkpoint.parquet" for number in checkpoints if number < since]


def _archived(root: Path) -> dict[int, Path]:
    """Return where archived entries lie."""
    folder = root / "_archive"
    bring_folder(folder)
    places: dict[int, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if _ARCHIVE.match(path.name):
            with _archive_errors(path), zipfile.ZipFile(path) as archive:
                places.update((int(name.partition(".")[0]), path) for name in archive.namelist())
    return places


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with _archive_errors(path):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


@contextlib.contextmanager
def _archive_errors(path: Path) -> Iterator[None]:
    root = path.parent.parent
    damages = zip_damages(
        lambda _: FormatError(
            "damaged-table", f"an archive of the log of {root.name} cannot be read: {path.name}"
        )
    )
    with storage_errors(f"read the log of {root.name}"), damages:
        yield


def _member(version: int) -> str:
    return f"{version:020}.json"


def _versions(log: Path, pattern: re.Pattern[str]) -> list[int]:
    return sorted(int(match[1]) for path in log.iterdir() if (match := pattern.match(path.name)))


def _actions(root: Path, version: int, content: bytes) -> list[Action]:
    try:
        return [dict(json.loads(line)) for line in content.splitlines() if line.strip()]
    except (ValueError, TypeError) as error:
        raise FormatError(
            "damaged-table", f"the log of {root.name} cannot be read: version {version} is no entry"
        ) from error
