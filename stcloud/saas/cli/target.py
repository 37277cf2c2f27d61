"""Targets: where an answer goes and in which format, decided and refused before any work begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.workbookfile import require_openpyxl
from stcloud.saas.wholefile import refuse_unwritable

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["EVERY", "PICTURES", "RECORDS", "STREAMED", "Target", "document_path", "picture_path", "target_of"]

EVERY = tuple(OutputFormat)
RECORDS = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.NDJSON, OutputFormat.CSV)
STREAMED = (OutputFormat.CSV, OutputFormat.JSON, OutputFormat.NDJSON)
PICTURES = (".png", ".svg", ".pdf")
"""Suffixes of pictures."""
_FILES_ONLY = (OutputFormat.GPKG, OutputFormat.FGB, OutputFormat.XLSX)
_SUFFIXES = {
    OutputFormat.CSV: (".csv",), OutputFormat.JSON: (".json",), OutputFormat.NDJSON: (".ndjson", ".jsonl"),
    OutputFormat.GEOJSON: (".geojson",), OutputFormat.PARQUET: (".parquet",),
    OutputFormat.GPKG: (".gpkg",), OutputFormat.FGB: (".fgb",), OutputFormat.XLSX: (".xlsx",),
}  # fmt: skip
_BY_SUFFIX = {suffix: form for form, suffixes in _SUFFIXES.items() for suffix in suffixes}
_ALSO_JSON = (OutputFormat.GEOJSON, OutputFormat.NDJSON)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes.

    Attributes
    ----------
    form
        The format.
    path
        The file; None is stdout.
    safe_csv
        Whether text in CSV that a spreadsheet would take for a formula is guarded.
    """

    form: OutputFormat = OutputFormat.TABLE
    path: Path | None = None
    safe_csv: bool = False


def target_of(
    form: OutputFormat | None,
    path: Path | None = None,
    *,
    safe_csv: bool = False,
    offered: Collection[OutputFormat] = EVERY,
    default: OutputFormat = OutputFormat.TABLE,
) -> Target:
    """Return where an answer goes, by what was given on the command line. Nothing is read or created.

    Parameters
    ----------
    form
        The format given with ``--format``, or None.
    path
        The file given with ``--output``, or None.
    safe_csv
        Whether ``--safe-csv`` was given.
    offered
        Formats that the command writes.
    default
        Its format on stdout.

    Raises
    ------
    Unsupported
        ``unknown-format``: nothing tells the format of the file.
    InvalidInput
        ``no-geometry``: the format is not offered here; ``other-format``: name and ``--format`` differ;
        ``file-needed``: the format does not go to stdout; ``csv-only``: ``--safe-csv`` with another format.
        What `refuse_unwritable` raises.
    StorageError
        What `refuse_unwritable` raises.
    MissingExtra
        ``missing-xlsx``: the format needs a part that is not installed.
    """
    chosen = form or (default if path is None else _format_of(path, offered))
    if chosen not in offered:
        raise InvalidInput(
            "no-geometry", f"this is not printed as {chosen}", hint=f"use {_either([*offered])}"
        )
    if path is None and chosen in _FILES_ONLY:
        raise InvalidInput(
            "file-needed", f"{chosen} is not written to stdout", hint="name a file with --output"
        )
    if chosen is OutputFormat.XLSX:
        require_openpyxl()
    if safe_csv and chosen is not OutputFormat.CSV:
        raise InvalidInput(
            "csv-only", f"--safe-csv guards cells of CSV, and this is {chosen}", hint="add --format csv"
        )
    if path is not None:
        _refuse_contradiction(chosen, path)
        refuse_unwritable(path)
    return Target(chosen, path, safe_csv)


def picture_path(path: Path | None) -> None:
    """Refuse a picture that could not be written.

    Raises
    ------
    InvalidInput
        ``unknown-picture``; what `refuse_unwritable` raises.
    StorageError
        What `refuse_unwritable` raises.
    """
    if path is not None:
        if path.suffix.lower() not in PICTURES:
            raise InvalidInput(
                "unknown-picture",
                f"a picture is PNG, SVG or PDF, not '{path.name}'",
                hint="let the name end in .png, .svg or .pdf",
            )
        refuse_unwritable(path)


def document_path(path: Path | None, *suffixes: str) -> None:
    """Refuse a document whose name does not end as it must, or that could not be written.

    Raises
    ------
    Unsupported
        ``unknown-format``.
    InvalidInput, StorageError
        What `refuse_unwritable` raises.
    """
    if path is not None:
        if path.suffix.lower() not in suffixes:
            raise _unknown(path, suffixes)
        refuse_unwritable(path)


def _format_of(path: Path, offered: Collection[OutputFormat]) -> OutputFormat:
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None or form not in offered:
        raise _unknown(
            path,
            [_SUFFIXES[form][0] for form in offered if form in _SUFFIXES],
            "or add --format",
        )
    return form


def _unknown(path: Path, suffixes: Collection[str], *more: str) -> Unsupported:
    return Unsupported(
        "unknown-format",
        f"the name of {path} does not tell a format that this is written in",
        hint=", ".join([f"let it end in {_either([*suffixes])}", *more]),
    )


def _refuse_contradiction(form: OutputFormat, path: Path) -> None:
    promised = _BY_SUFFIX.get(path.suffix.lower(), form)
    if form is not promised and not (promised is OutputFormat.JSON and form in _ALSO_JSON):
        raise InvalidInput(
            "other-format", f"--format says {form}, but by its name {path} is {promised}",
            hint="leave out --format, or give the file another name",
        )  # fmt: skip


def _either(words: list[str]) -> str:
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
