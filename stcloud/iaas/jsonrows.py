"""JSON objects, one a line or in one array, streamed; nested values stay JSON text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.duck import connect, literal
from stcloud.iaas.source import Batch, Reading, Refusal

__all__ = ["JsonSource"]

_BATCH_ROWS = 16_384
_LONGEST_NUMBER = 400


class JsonSource:
    """Rows of a JSON file: an array of objects, or objects one a line.

    Columns are all names met in the file, which is therefore read twice: an object may leave out what is null.
    """

    crs: str | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        if reading.encoding.lower().replace("_", "-") not in {"utf-8", "utf8"}:
            raise InvalidInput("wrong-encoding", f"{path}: JSON is UTF-8, not {reading.encoding}")
        self._path = path
        with path.open("rb") as file:
            if file.read(3) == codecs.BOM_UTF8:
                raise InvalidInput(
                    "unreadable-source", f"{path} begins with a byte order mark: JSON has none"
                )
        names: dict[str, None] = {}
        for number, text in enumerate(self._texts()):
            found = _object(text)
            if number == 0 and found is None:
                raise InvalidInput("unreadable-source", f"{path} does not hold JSON objects")
            names.update(dict.fromkeys(found or ()))
        if not names:
            raise InvalidInput("empty-source", f"{path} holds no JSON object")
        self.columns = tuple(names)

    def position(self) -> int:
        """Not known for JSON."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        held: list[dict[str, str | None]] = []
        numbers: list[int] = []
        refusals: list[Refusal] = []
        for number, text in enumerate(self._texts(), start=1):
            found = _object(text)
            if found is None:
                refusals.append(Refusal(number, None, text[:200], "malformed-row: not a JSON object"))
            else:
                held.append({name: _text(value) for name, value in found.items()})
                numbers.append(number)
            if len(held) + len(refusals) >= _BATCH_ROWS:
                yield self._batch(held, numbers, refusals)
                held, numbers, refusals = [], [], []
        if held or refusals:
            yield self._batch(held, numbers, refusals)

    def _batch(self, held: list[dict[str, str | None]], numbers: list[int], refusals: list[Refusal]) -> Batch:
        schema = pa.schema([(name, pa.string()) for name in self.columns])
        rows = pa.RecordBatch.from_pylist(held, schema)
        return Batch(rows, np.array(numbers, np.int64), tuple(refusals))

    def _texts(self) -> Iterator[str]:
        with connect(memory="256MB") as connection:
            try:
                found = connection.execute(
                    "SELECT json FROM read_json_objects($path, format = 'auto', ignore_errors = false)",
                    {"path": literal(self._path)},
                )
                while rows := found.fetchmany(2048):
                    yield from (row[0] for row in rows)
            except duckdb.Error as error:
                why = str(error).splitlines()[0]
                raise InvalidInput("unreadable-source", f"{self._path} cannot be read: {why}") from error


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text, parse_float=_number, parse_int=str)
        if not isinstance(found, dict):
            return None
        nested = [name for name, value in found.items() if isinstance(value, dict | list)]
        numbers = json.loads(text) if nested else {}
    except (ValueError, RecursionError):
        return None
    return found | {name: numbers[name] for name in nested}


def _number(text: str) -> str:
    """Return the canonical text of a number: no exponent, no zeros after a decimal point."""
    if len(text) > _LONGEST_NUMBER:
        return text
    plain = f"{Decimal(text):f}" if abs(Decimal(text).adjusted()) < _LONGEST_NUMBER else text
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if short == "-0" else short


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
