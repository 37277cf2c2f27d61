"""Where engines write large results: Parquet that is whole or not there, and never takes another's place.

A folder is whole when it has the file ``_SUCCESS``, as Spark's own are.

Tested by ``tests/conformance/test_large_results.py``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["leave_schema", "parquet_file", "parquet_folder"]

_WHOLE = "_SUCCESS"


def parquet_file(target: str, rows: Callable[[], pa.RecordBatchReader]) -> None:
    """Stream rows into one file of Parquet.

    Parameters
    ----------
    target
        Its path, or ``file:///path``.
    rows
        Gives the rows, once it is known that the file can be written.

    Raises
    ------
    InvalidInput
        ``target-exists``
    Unsupported
        ``engine-lacks``: a bucket, which only a Spark Connect endpoint writes to.
    StorageError
    """
    from pyarrow import parquet  # noqa: PLC0415  (slow to import)

    place = _local(target)
    if place is None:
        raise Unsupported(
            "engine-lacks", f"DuckDB writes results to files of this machine, not to {target}",
            hint="name a file, or an engine sc://host:port", in_shell="name a file, or --engine sc://host:port",
        )  # fmt: skip
    _refuse_present(target, present=place.exists())
    with _beside(place) as partial:
        reader = rows()
        with parquet.ParquetWriter(partial, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)


@contextlib.contextmanager
def parquet_folder(target: str) -> Iterator[str]:
    """Give the address of a folder for an endpoint to write to; it is marked as whole when all is well.

    A folder takes its name at the end. In a bucket, where nothing can be renamed, what has no ``_SUCCESS`` is not
    whole.

    Parameters
    ----------
    target
        Path, ``file:///path``, or URL of a bucket's folder.

    Raises
    ------
    InvalidInput
        ``target-exists``
    StorageError
    """
    place = _local(target)
    if place is None:
        store = open_store(target)
        _refuse_present(target, present=bool(store.list()))
        yield target
        store.put(_WHOLE, b"")
        return
    _refuse_present(target, present=place.exists())
    with _beside(place) as partial:
        yield str(partial)
        (partial / _WHOLE).touch()


def leave_schema(folder: str, schema: Callable[[], pa.Schema]) -> None:
    """Write a file without rows where an endpoint had none to write, so that the folder has columns."""
    place = _local(folder)
    if place is not None and not any(place.glob("*.parquet")):
        from pyarrow import parquet  # noqa: PLC0415  (slow to import)

        with storage_errors(f"write {place}"):
            place.mkdir(exist_ok=True)
            parquet.write_table(schema().empty_table(), place / "none.parquet")


@contextlib.contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Give a path that takes the place's name when all is well, else nothing is left of it."""
    partial = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    with storage_errors(f"write {place}"):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.rename(place)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            partial.unlink(missing_ok=True)
            raise


def _refuse_present(target: str, *, present: bool) -> None:
    if present:
        raise InvalidInput(
            "target-exists", f"there is something at {target} already",
            hint="name a place where nothing is yet",
        )  # fmt: skip


def _local(target: str) -> Path | None:
    """Return the path that is meant, None: a bucket."""
    parts = urlsplit(target)
    if "://" not in target:
        return Path(os.path.abspath(target))  # noqa: PTH100  (of what is not there yet, links and all)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
