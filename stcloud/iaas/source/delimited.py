"""CSV and its relatives, in a gzip or zip file or not, streamed.

Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from stcloud.errors import InvalidInput
from stcloud.iaas.source.archive import check_ratio, is_gzip, is_zip
from stcloud.iaas.source.encoding import decoder, known_encoding, marked_encoding
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.packed import PackedText, text_member
from stcloud.iaas.source.part import SourcePart
from stcloud.iaas.source.protocol import Batch, Reading, Refusal
from stcloud.iaas.source.rowends import TextSpan, row_spans
from stcloud.iaas.source.undecodable import Illegible

__all__ = ["DelimitedSource"]

_BLOCK_BYTES = 4 << 20
_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
_HEAD_BYTES = 1 << 16
_BOM_BYTES = 4
_TOO_LONG = "straddling"
"""A word of the reader's message about a row that is longer than a block."""
_FEW = 20
_UTF8 = ("utf-8", "utf-8-sig")
_END = "\x03"  # end of text: no line of a text file begins with it


class DelimitedSource:
    """Rows of a delimited text file with a header line."""

    crs: str | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path = path
        self._gzip = is_gzip(path)
        self._member = text_member(path, reading.layer) if is_zip(path) else None
        self._encoding = self._read_as(reading.encoding)
        head = self._head()
        self._delimiter = reading.delimiter or _delimiter(head)
        names = csv.reader(io.StringIO(head, newline=""), delimiter=self._delimiter)
        try:
            self.columns = _columns(path, next(names, []))
        except csv.Error as error:
            raise _unreadable(path, f"its header: {error}") from error
        self._end = _END + self._delimiter * len(self.columns)
        self._raw: pa.NativeFile | PackedText | _SpanStream | None = None

    def position(self) -> int:
        """Return how many bytes of the file are read so far."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed else 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        return self._batches(self._stream, 1)

    def parts(self, rows: int) -> list[SourcePart]:
        """Return parts of ``rows`` rows each but for the last; none where the file must be read as a whole."""
        if self._gzip or self._member is not None or self._encoding not in _UTF8:
            return []
        spans = row_spans(self._path, self._delimiter, rows)
        return [SourcePart(span.first_row, span=span) for span in spans]

    def part(self, part: SourcePart) -> Iterator[Batch]:
        """Read a part once, in order."""
        span = part.span
        assert span is not None  # noqa: S101  (parts made it)

        def stream() -> _SpanStream:
            self._raw = _SpanStream(self._path, span)
            return self._raw

        return self._batches(stream, part.first_row)

    def _batches(self, stream: Callable[[], Any], first_row: int) -> Iterator[Batch]:
        skipped: list[Refusal] = []
        ended, short = False, 0

        def skip(row: pacsv.InvalidRow) -> str:
            nonlocal ended, short
            if row.text == self._end:
                ended = True
            else:
                fields = f"{row.actual_columns} fields where the header has {row.expected_columns}"
                number = row.number - 2 + first_row  # the reader counts the header too
                short = number if row.actual_columns < row.expected_columns else short
                skipped.append(Refusal(number, None, row.text, f"malformed-row: {fields}"))
            return "skip"

        start = first_row
        none = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in self.columns]))
        texts: list[_Text] = []
        for rows in self._blocks(stream, skip, texts):
            numbers = _numbers(start, rows.num_rows, [refusal.row for refusal in skipped])
            start = int(numbers[-1]) + 1 if len(numbers) else start
            ready = tuple(refusal for refusal in skipped if refusal.row < start)  # the reader is ahead of us
            del skipped[: len(ready)]
            batch = self._decoded(rows, numbers, ready)
            none = batch.rows.slice(0, 0)
            yield batch
        if skipped and skipped[-1].row == short and texts[-1].breaks_off:  # it is the last row of the file
            fields = skipped[-1].reason.partition(": ")[2]
            skipped[-1] = replace(skipped[-1], reason=f"cut-row: {fields}, and the file ends there")
        if skipped:
            yield Batch(none, np.empty(0, np.int64), tuple(skipped))
        if not ended:
            raise _unreadable(self._path, "it ends within quotes; it is cut off, or a quote is not closed")

    def _decoded(self, rows: pa.RecordBatch, numbers: np.ndarray, refusals: tuple[Refusal, ...]) -> Batch:
        illegible = Illegible(numbers)
        errors = "surrogateescape" if self._encoding in _UTF8 else "surrogatepass"  # as `_Text` writes them
        columns = [
            illegible.decoded(name, column, errors=errors)
            for name, column in zip(self.columns, rows.columns, strict=True)
        ]
        return illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)), refusals)

    def _blocks(
        self, opened: Callable[[], Any], skip: Callable[[pacsv.InvalidRow], str], texts: list[_Text]
    ) -> Iterator[pa.RecordBatch]:
        try:
            types = self._types()
            with opened() as stream:
                texts.append(self._text(stream))
                reader = self._reader(texts[-1], _BLOCK_BYTES, types, skip)
                while True:
                    with _QUIET:
                        rows = next(reader, None)
                    if rows is None:
                        break
                    yield rows
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise _unreadable(self._path, str(error)) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise _unreadable(self._path, str(error)) from error  # a broken gzip

    def _reader(
        self,
        stream: Any,
        block_bytes: int,
        types: Mapping[str, pa.DataType],
        skip: Callable[[pacsv.InvalidRow], str],
    ) -> pacsv.CSVStreamingReader:
        return pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(
                block_size=block_bytes, use_threads=False
            ),  # one thread: only then are refused rows numbered
            parse_options=pacsv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pacsv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )

    def _types(self) -> dict[str, pa.DataType]:
        """Return text; dictionary-encoded where the first rows say that values come again and again."""
        types = dict.fromkeys(self.columns, pa.binary())  # not text: a bad byte is a fault of its row
        try:
            sample = self._sample(types, _SAMPLE_BYTES)
        except pa.ArrowInvalid as error:
            if _TOO_LONG not in str(error):
                raise
            sample = self._sample(types, _BLOCK_BYTES)
        for at, name in enumerate(self.columns):
            if sample is not None and pc.count_distinct(sample.column(at)).as_py() * 2 < sample.num_rows:
                types[name] = pa.dictionary(pa.int32(), pa.binary())
        return types

    def _sample(self, types: Mapping[str, pa.DataType], size: int) -> pa.RecordBatch | None:
        """Return the first rows."""
        with _QUIET, self._stream() as stream:
            reader = self._reader(self._text(stream), size, types, lambda _: "skip")
            if tuple(name.lstrip("\ufeff") for name in reader.schema.names) != self.columns:
                raise _unreadable(self._path, "its header is in no clear form")
            return next(iter(reader), None)

    def _read_as(self, stated: str) -> str:
        """Return the encoding: the stated one, or what a byte order mark names where none is stated."""
        encoding = known_encoding(stated)
        if encoding not in _UTF8:
            return encoding
        with (
            contextlib.suppress(OSError),
            self._stream() as stream,
        ):  # what is broken is named when it is read
            return marked_encoding(stream.read(_BOM_BYTES)) or encoding
        return encoding

    def _stream(self) -> Any:
        if self._member is not None:
            self._raw = PackedText(self._path, self._member)
            return self._raw
        self._raw = pa.OSFile(str(self._path), "rb")
        return pa.CompressedInputStream(self._raw, "gzip") if self._gzip else self._raw

    def _text(self, stream: Any) -> _Text:
        return _Text(self._path, self._raw, stream, self._encoding, self._end)

    def _head(self) -> str:
        """Return the first lines, the header whole."""
        try:
            with self._stream() as stream:
                text = _Text(self._path, self._raw, stream, self._encoding, "")
                head = text.read(_HEAD_BYTES)
                if b"\n" not in head and b"\r" not in head:
                    head += text.read(_BLOCK_BYTES)
        except OSError as error:  # a broken gzip
            raise _unreadable(self._path, str(error)) from error
        header = head.lstrip(b"\r\n").splitlines()[0] if head.strip(b"\r\n") else b""
        if b"\0" in header or head.count(b"\0") > len(head) // _FEW:
            raise InvalidInput("unreadable-source", f"{self._path} is not a text file: it holds NUL bytes")
        if not header:
            raise InvalidInput("empty-source", f"{self._path} holds no line")
        try:
            header.decode()
        except UnicodeDecodeError as error:
            raise _unreadable(self._path, str(error)) from error
        return head.decode("utf-8", "replace").lstrip("\r\n")


class _SpanStream:
    """The header of a file, and a span of its rows."""

    def __init__(self, path: Path, span: TextSpan) -> None:
        self._file = path.open("rb")
        self._left, self._then = span.head, span
        self._count = 0
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.closed = True

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._count

    def read(self, size: int) -> bytes:
        """Return the next bytes, none at the end."""
        if not self._left and self._count == self._then.head:
            self._file.seek(self._then.start)
            self._left = self._then.stop - self._then.start
        content = self._file.read(min(size, self._left))
        self._left -= len(content)
        self._count += len(content)
        return content


class _Text:
    """A stream as UTF-8, without a byte order mark, and then one more line.

    That line has a field too many: a quote that is never closed swallows it. Bytes that are none of the encoding
    come as bytes that are no UTF-8. All blocks but the last are as long as is wanted: the reader takes one that
    is only a line's end for the end.
    """

    closed = False
    breaks_off = False
    """Whether what was read so far does not end with a line's end."""

    def __init__(self, path: Path, raw: Any, stream: Any, encoding: str, line: str) -> None:
        self._path, self._raw, self._stream = path, raw, stream
        self._decode = None
        if encoding not in _UTF8:
            self._decode = decoder(encoding)
        self._rest = f"\n{line}\n".encode() if line else b""
        self._ahead = b""
        self._count = 0

    def read(self, size: int) -> bytes:
        block = self._ahead
        while len(block) < size:
            more = self._more(size)
            if not more:
                more, self._rest = self._rest, b""
            if not more:
                break
            block += more
        self._ahead = block[size:]
        return block[:size]

    def _more(self, size: int) -> bytes:
        while True:
            raw: bytes = self._stream.read(size)
            first = self._count == 0
            self._count += len(raw)
            if raw:
                check_ratio(self._path, self._raw.tell(), self._count)
            plain = raw.removeprefix(codecs.BOM_UTF8) if first else raw
            if self._decode is not None:
                try:
                    text = self._decode(plain, not raw)
                except UnicodeError as error:  # UTF-16 without the mark that it begins with
                    raise _unreadable(self._path, f"codec can't decode it: {error}") from error
                plain = (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
            if plain:
                self.breaks_off = not plain.endswith((b"\n", b"\r"))
            if plain or not raw:
                return plain


class _Quiet:
    """Keep pyarrow from printing that it cannot hand a row to its handler: one whose bytes are no UTF-8.

    The hook belongs to the process: who comes first sets it, who leaves last puts back what was there.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._before = sys.unraisablehook

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before, sys.unraisablehook = sys.unraisablehook, self._hook
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.unraisablehook = self._before

    def _hook(self, fault: Any) -> None:
        if fault.exc_type is not UnicodeDecodeError:
            self._before(fault)


_QUIET = _Quiet()


def _delimiter(head: str) -> str:
    header = re.split(r"[\r\n]", re.sub(r'"[^"]*"', "", head), maxsplit=1)[0]
    counts = {delimiter: header.count(delimiter) for delimiter in _DELIMITERS}
    return max(counts, key=lambda delimiter: counts[delimiter])


def _columns(path: Path, names: list[str]) -> tuple[str, ...]:
    check_columns(path, len(names))
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
    if _TOO_LONG in why:
        why = f"a row is longer than {_BLOCK_BYTES >> 20} MB, or a quote is not closed"
    return InvalidInput("unreadable-source", f"{path} cannot be read: {why.splitlines()[0]}")
