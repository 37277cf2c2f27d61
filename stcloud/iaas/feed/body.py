"""The rows of a message's body, by its media type: one JSON object, an array, NDJSON, CSV, vehicle positions.

Values are texts exactly as written, as readers of files give them. Tested by `tests/iaas/feed/test_body.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.iaas.source.jsonrows import rows_of_json
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source

__all__ = ["FORMATS", "GTFS_REALTIME", "Row", "excerpt", "read_body"]

Row: TypeAlias = dict[str, str | None]
"""Texts by name of the column."""

GTFS_REALTIME = "gtfs-realtime"
FORMATS = ("json", "ndjson", "csv", GTFS_REALTIME)
"""What a body can be said to be, whatever its media type is."""
_MEDIA = {
    "application/json": "json", "text/json": "json", "application/x-ndjson": "ndjson", "application/ndjson": "ndjson",
    "application/jsonl": "ndjson", "application/json-seq": "ndjson", "text/csv": "csv",
    "text/tab-separated-values": "csv", "application/x-protobuf": GTFS_REALTIME,
}  # fmt: skip
_SHOWN = 160
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def excerpt(body: bytes) -> str:
    r"""Return the beginning of a body as text that can be shown.

    >>> excerpt(b'{"a":\n1}'), len(excerpt(b"x" * 1000))
    ('{"a": 1}', 161)
    """
    text = _CONTROL.sub(" ", body[: 4 * _SHOWN].decode("utf-8", "replace"))
    return text[:_SHOWN] + "…" if len(text) > _SHOWN else text


def read_body(body: bytes, media: str | None, form: str | None, folder: Path) -> list[Row]:
    """Return the rows of a body.

    Parameters
    ----------
    body, media
        What was sent, and its media type; None: it is JSON.
    form
        One of `FORMATS`, whatever the media type is; None: by the media type.
    folder
        Where it may be spooled.

    Raises
    ------
    InvalidInput
        ``unreadable-source``, ``undecodable-text`` and what else readers of files refuse.
    Unsupported
        ``unknown-media-type``
    """
    stated, parameters = _media(media)
    form = form or ("json" if not stated or stated.endswith("+json") else _MEDIA.get(stated))
    if form is None:
        raise Unsupported("unknown-media-type", f"a body of {excerpt(stated.encode())} has no rows")
    if form == GTFS_REALTIME:
        from stcloud.iaas.feed.vehiclepositions import rows_of_positions  # noqa: PLC0415  (few feeds)

        return rows_of_positions(body)
    if form == "csv":
        return _csv(body, "\t" if stated == "text/tab-separated-values" else None, parameters, folder)
    return rows_of_json(body)


def _media(media: str | None) -> tuple[str, Mapping[str, str]]:
    if not media:
        return "", {}
    if "charset" not in media:
        return media.partition(";")[0].strip().lower(), {}
    parsed = EmailMessage()
    parsed["content-type"] = media.replace("\r", " ").replace("\n", " ")
    return parsed.get_content_type(), dict(parsed["content-type"].params)


def _csv(body: bytes, delimiter: str | None, parameters: Mapping[str, str], folder: Path) -> list[Row]:
    """Read CSV as files are read; a row that cannot be split makes the message unreadable."""
    path = folder / "body.csv"
    path.write_bytes(body)
    rows: list[Row] = []
    try:
        reading = Reading("csv", parameters.get("charset", "utf-8"), delimiter)
        for batch in open_source(path, reading).batches():
            for refusal in (*batch.refusals, *batch.faults):
                raise InvalidInput("unreadable-source", f"row {refusal.row}: {refusal.reason}")
            rows += batch.rows.to_pylist()
    except StcloudError as error:
        error.rename(str(path), "the body")
        raise
    return rows
