"""CSV and its relatives, gzip-compressed or not, streamed."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from stcloud.errors import InvalidInput
from stcloud.iaas.source import Batch, Reading, Refusal

__all__ = ["DelimitedSource"]

_BLOCK_BYTES = 4 << 20
_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|"


class DelimitedSource:
    """Rows of a delimited text file with a header line."""

    crs: str | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path = path
        self._encoding = _encoding(reading.encoding)
        with path.open("rb") as file:
            self._gzip = file.read(2) == b"\x1f\x8b"
        header = self._header()
        self._delimiter = reading.delimiter or _delimiter(header)
        self.columns = _columns(path, next(csv.reader([header], delimiter=self._delimiter), []))
        self._raw: pa.NativeFile | None = None

    def position(self) -> int:
        """Bytes of the file read so far."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed else 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        skipped: list[tuple[int, Refusal]] = []

        def skip(row: pacsv.InvalidRow) -> str:
            found = f"{row.actual_columns} fields where the header has {row.expected_columns}"
            skipped.append(
                (row.number - 1, Refusal(row.number - 1, None, row.text, f"malformed-row: {found}"))
            )
            return "skip"

        start = 1
        for rows in self._blocks(skip):
            ready, skipped[:] = list(skipped), []
            numbers = _numbers(start, rows.num_rows, [number for number, _ in ready])
            start += rows.num_rows + len(ready)
            yield Batch(rows, numbers, tuple(refusal for _, refusal in ready))
        if skipped:
            empty = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in self.columns]))
            yield Batch(empty, np.empty(0, np.int64), tuple(refusal for _, refusal in skipped))

    def _blocks(self, skip: pacsv.InvalidRow) -> Iterator[pa.RecordBatch]:
        try:
            with self._stream() as stream:
                reader = pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(
                        block_size=_BLOCK_BYTES, use_threads=False, encoding=self._encoding
                    ),  # one thread: only then are refused rows numbered
                    parse_options=pacsv.ParseOptions(
                        delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=skip
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=self._types(), strings_can_be_null=False
                    ),
                )
                yield from reader
        except pa.ArrowInvalid as error:
            raise _unreadable(self._path, str(error)) from error

    def _types(self) -> dict[str, pa.DataType]:
        """Text; dictionary-encoded where the first rows say that values come again and again."""
        types = dict.fromkeys(self.columns, pa.string())
        options = pacsv.ReadOptions(block_size=_SAMPLE_BYTES, use_threads=False, encoding=self._encoding)
        parsing = pacsv.ParseOptions(
            delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=lambda _: "skip"
        )
        converting = pacsv.ConvertOptions(column_types=types, strings_can_be_null=False)
        with self._stream() as stream:
            reader = pacsv.open_csv(
                stream, read_options=options, parse_options=parsing, convert_options=converting
            )
            sample = next(iter(reader), None)
        for at, name in enumerate(self.columns):
            if sample is not None and pc.count_distinct(sample.column(at)).as_py() * 2 < sample.num_rows:
                types[name] = pa.dictionary(pa.int32(), pa.string())
        return types

    def _stream(self) -> pa.NativeFile:
        self._raw = pa.OSFile(str(self._path), "rb")
        return pa.CompressedInputStream(self._raw, "gzip") if self._gzip else self._raw

    def _header(self) -> str:
        try:
            with self._stream() as stream:
                head = stream.read(1 << 16)
        except OSError as error:  # a broken gzip
            raise _unreadable(self._path, str(error)) from error
        if b"\x00" in head and not self._encoding.startswith("utf-16"):
            raise InvalidInput("unreadable-source", f"{self._path} is not a text file: it holds NUL bytes")
        text = codecs.getincrementaldecoder(self._encoding)("replace").decode(head).lstrip("\ufeff")
        line = text.lstrip("\r\n").splitlines()
        if not line:
            raise InvalidInput("empty-source", f"{self._path} holds no line")
        return line[0]


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise InvalidInput(
            "unknown-encoding", f"there is no encoding {name!r}", hint="e.g. utf-8, gb18030"
        ) from error


def _delimiter(header: str) -> str:
    counts = {mark: header.count(mark) for mark in _DELIMITERS}
    return max(counts, key=lambda mark: counts[mark])


def _columns(path: Path, names: list[str]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput("repeated-column", f"the header of {path} has {twice[0]!r} more than once")
    return tuple(names)


def _numbers(start: int, count: int, skipped: list[int]) -> np.ndarray:
    """Return the next ``count`` row numbers from ``start`` that were not skipped."""
    numbers = np.arange(start, start + count + len(skipped), dtype=np.int64)
    return np.setdiff1d(numbers, skipped, assume_unique=True)[:count] if skipped else numbers


def _unreadable(path: Path, why: str) -> InvalidInput:
    if "invalid UTF8" in why or "codec can't decode" in why:
        return InvalidInput(
            "wrong-encoding",
            f"{path} is not in the declared encoding ({why.splitlines()[0]})",
            hint="state its encoding, e.g. --encoding gb18030 or --encoding latin-1",
        )
    return InvalidInput("unreadable-source", f"{path} cannot be read: {why.splitlines()[0]}")
