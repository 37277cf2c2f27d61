"""JSON objects, one a line or in one array, streamed; nested values stay JSON text.

Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.source.encoding import marked_encoding
from stcloud.iaas.source.jsontext import JsonText, check_columns
from stcloud.iaas.source.nested import CONSTANTS, read_canonical
from stcloud.iaas.source.protocol import Batch, Reading, Refusal, Source
from stcloud.iaas.source.undecodable import Illegible, is_text
from stcloud.iaas.source.vector import open_vector

__all__ = ["JsonSource", "open_json", "rows_of_json"]

_HEAD_BYTES = 4096
_GEOJSON = re.compile(rb'"type"\s*:\s*"Feature(Collection)?"')
_BATCH_ROWS = 16_384
_BATCH_TEXT = 32 << 20
_SHOWN = 200
_BLANK = " \t\r\n\x1e"
_NESTED = (dict, list)
_LONGEST_NUMBER = 400


def _number(text: str) -> str:
    """Return the canonical text of a number: no exponent, no zeros after a decimal point."""
    if len(text) > _LONGEST_NUMBER:
        return text
    plain = f"{Decimal(text):f}" if abs(Decimal(text).adjusted()) < _LONGEST_NUMBER else text
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if short == "-0" else short


def _integer(text: str) -> str:
    return "0" if text == "-0" else text


_DECODER = json.JSONDecoder(
    parse_float=_number, parse_int=_integer, parse_constant=CONSTANTS.__getitem__, strict=False
)


def open_json(path: Path, reading: Reading) -> Source:
    """Open a JSON file: as a vector file where its first object is GeoJSON, else as rows."""
    return open_vector(path, reading) if _is_geojson(path) else JsonSource(path, reading)


def _is_geojson(path: Path) -> bool:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            head = file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    if marked := marked_encoding(head):
        head = head.decode(marked, "ignore").encode("utf-8", "ignore")
    return head.lstrip().startswith(b"{") and _GEOJSON.search(head) is not None


class JsonSource:
    """Rows of a JSON file: an array of objects, or objects one a line.

    Columns are all names met in the file, which is therefore read twice: an object may leave out what is null. An
    empty array has no columns.
    """

    crs: str | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        if reading.encoding.lower().replace("_", "-") not in {"utf-8", "utf8", "utf-8-sig"}:
            raise InvalidInput("wrong-encoding", f"{path}: JSON is UTF-8, not {reading.encoding}")
        self._path = path
        self._nothing = False
        names: dict[str, None] = {}
        for number, (value, _) in enumerate(self._values()):
            if not isinstance(value, dict):
                if number == 0:
                    raise InvalidInput("unreadable-source", f"{path} does not hold JSON objects")
                continue
            if value.keys() - names.keys():
                names.update(dict.fromkeys(value))
                check_columns(path, len(names))
        if not names and not self._nothing:
            raise InvalidInput("empty-source", f"{path} holds no JSON object")
        if not all(map(is_text, names)):
            raise InvalidInput("unreadable-source", f"{path} cannot be read: the name of a column is no text")
        self.columns = tuple(names)

    def position(self) -> int:
        """Return 0: it is not known for JSON."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        held: list[dict[str, str | None]] = []
        numbers: list[int] = []
        refusals: list[Refusal] = []
        size = 0
        for number, (value, text) in enumerate(self._values(), start=1):
            size += len(text)
            if isinstance(value, dict):
                held.append(_row(value, text))
                numbers.append(number)
            else:
                refusals.append(Refusal(number, None, text[:_SHOWN], "malformed-row: not a JSON object"))
            if len(held) + len(refusals) >= _BATCH_ROWS or size >= _BATCH_TEXT:
                yield self._batch(held, numbers, refusals)
                held, numbers, refusals, size = [], [], [], 0
        if held or refusals:
            yield self._batch(held, numbers, refusals)

    def _batch(self, held: list[dict[str, str | None]], numbers: list[int], refusals: list[Refusal]) -> Batch:
        illegible = Illegible(np.array(numbers, np.int64))
        columns = [illegible.strings(name, [row.get(name) for row in held]) for name in self.columns]
        return illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)), refusals)

    def _values(self) -> Iterator[tuple[Any, str]]:
        """Give each value and its text."""
        with JsonText(self._path, str(self._path), _DECODER) as text:
            if text.peek() == "[":
                text.take("[")
                self._nothing = True
                for element in text.elements():
                    self._nothing = False
                    yield element
                if text.peek():
                    raise text.unreadable("something follows its array")
                return
            while text.peek():
                yield text.line()


def rows_of_json(body: bytes) -> list[dict[str, str | None]]:
    """Return the rows of a short text: one object, an array of objects, or objects one a line.

    Raises
    ------
    InvalidInput
        ``unreadable-source``: it is something else; ``undecodable-text``.

    Examples
    --------
    >>> rows_of_json(b'{"id": 5, "lon": 117.10, "tags": ["a"]}')
    [{'id': '5', 'lon': '117.1', 'tags': '["a"]'}]
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("undecodable-text", f"the text is not UTF-8: {error.reason}") from error
    rows = [_row(*part) for part in _objects(text)]
    if "\\u" in text or "\0" in text:
        for row in rows:
            if not all(is_text(part) for pair in row.items() for part in pair if part is not None):
                raise InvalidInput("undecodable-text", "a value holds what is no character")
    return rows


def _objects(text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Give each object of a text, and its own text."""
    at, end, whole = 0, len(text), text.lstrip(_BLANK)[:1] != "["
    try:
        if not whole:
            at = text.index("[") + 1
        while True:
            while at < end and (text[at] in _BLANK or (not whole and text[at] == ",")):
                at += 1
            if at == end or (not whole and text[at] == "]"):
                break
            value, past = _DECODER.raw_decode(text, at)
            if not isinstance(value, dict):
                raise InvalidInput("unreadable-source", "the text holds something else than JSON objects")
            yield value, text[at:past]
            at = past
    except json.JSONDecodeError as error:
        raise InvalidInput("unreadable-source", f"the text is no JSON ({error.msg})") from error
    except RecursionError as error:
        raise InvalidInput("unreadable-source", "the text is nested too deep") from error
    if not whole and (at == end or text[at + 1 :].strip(_BLANK)):
        raise InvalidInput("unreadable-source", "the text is no JSON (its array does not end)")


def _row(value: dict[str, Any], text: str) -> dict[str, str | None]:
    for member in value.values():
        if type(member) in _NESTED:
            whole = read_canonical(text)
            return {
                name: _text(whole[name] if type(member) in _NESTED else member)
                for name, member in value.items()
            }
    return {
        name: member if member is None or type(member) is str else _text(member)
        for name, member in value.items()
    }


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
