"""The tables of a city on their way to a copy: all logs at nearly one instant, then the files that they name.

The ledger is captured first, so that the copy enters no load whose rows it has not, and the quarantine last. Loads
that were committed in between are entered in the copy as the next load would enter them.

Tested by `tests/city/test_copying.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.table.scene import array_names
from stcloud.errors import Conflict, FormatError, NotFound
from stcloud.iaas.job import Job
from stcloud.iaas.store.carrier import Carrier
from stcloud.iaas.store.model import Entry
from stcloud.iaas.table.blocks import has_checksum
from stcloud.iaas.table.capture import Capture, captured, sidecars
from stcloud.iaas.table.checksum import Checked

__all__ = ["CopiedTables", "copy_tables"]

_TRIES = 5
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class CopiedTables:
    """What was copied: keys of tables, and whether loads were entered at the source meanwhile."""

    prefixes: tuple[str, ...]
    moved: bool


def copy_tables(carrier: Carrier, catalogue: Catalogue, job: Job) -> CopiedTables:
    """Copy all tables of a city, each as it was at one instant.

    Parameters
    ----------
    carrier, catalogue
        The way from the city, and the city's layers.
    job
        Hears of the progress; may cancel.

    Raises
    ------
    FormatError
        ``damaged-table``, ``missing-file``: a file of the city is not what was written.
    Conflict
        ``changed-meanwhile``: layers were deleted, or files purged, again and again.
    """
    former = ""
    for _ in range(_TRIES):
        try:
            tables, moved = _captures(carrier)
            arrays = _arrays(carrier, catalogue, tables)
            for number, table in enumerate(tables, start=1):
                job.tell("tables", number, len(tables))
                _copy(carrier, table, arrays.get(table.prefix, []), job)
        except NotFound as error:  # a layer was deleted, or a purge took files that the log still named
            if error.message == former:
                raise FormatError(
                    "missing-file",
                    f"a file of the city is missing: {error.message}",
                    hint="bring it back from a copy",
                ) from error
            former = error.message
        else:
            return CopiedTables(tuple(table.prefix for table in tables), moved)
    raise Conflict(
        "changed-meanwhile",
        "files of the city went again and again while they were copied",
        hint="copy again",
    )


def _captures(carrier: Carrier) -> tuple[list[Capture], bool]:
    store, scratch = carrier.source, carrier.scratch / "logs"
    ledger = captured(store, "ledger", scratch)
    layers = [captured(store, prefix, scratch) for prefix in store.children("layers").folders]
    quarantine = captured(store, "quarantine", scratch)
    moved = _version(ledger) != _version(captured(store, "ledger", scratch / "after"))
    return [table for table in (ledger, *layers, quarantine) if table is not None], moved


def _version(table: Capture | None) -> int | None:
    return None if table is None else table.snapshot.version


def _copy(carrier: Carrier, table: Capture, arrays: list[Entry], job: Job) -> None:
    entries = table.entries
    for start in range(0, len(entries), _AT_ONCE):
        job.tell(f"files of {table.name}", start, len(entries))
        some = entries[start : start + _AT_ONCE]
        for lasting in (True, False):  # names of older versions have no digest of the content
            files = [entry for entry in some if has_checksum(entry.key) is lasting]
            carrier.send_all(files, lasting=lasting, check=_check_rows)
    carrier.send_all(arrays, lasting=True)
    carrier.put_all(table.contents)
    beside = sidecars(carrier.source, table.prefix)
    carrier.put_all([(key, _given(content)) for key, content in beside.items()])


def _given(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def _arrays(carrier: Carrier, catalogue: Catalogue, tables: list[Capture]) -> dict[str, list[Entry]]:
    """Return the array files that rows of scenes name, by the key of their table."""
    arrays = {}
    for table in tables:
        there = carrier.source.entries(f"{table.prefix}/_scenes")
        if there:
            name = catalogue.naming.name_of(table.prefix.rpartition("/")[2])
            named = {f"{table.prefix}/{file}" for file in array_names(catalogue.table(name))}
            arrays[table.prefix] = [entry for entry in there if entry.key in named]
    return arrays


def _check_rows(path: Path) -> None:
    """Compare every byte of a file of rows with the digests that it was written with."""
    Checked(str(path)).verify()
