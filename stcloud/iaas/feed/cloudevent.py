"""CloudEvents as HTTP and brokers carry them: binary, structured and batched; the data stays as it was written.

Tested by `tests/iaas/feed/test_cloudevent.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.feed.message import Message

__all__ = ["BATCH", "STRUCTURED", "events_of", "require_live"]

STRUCTURED, BATCH = "application/cloudevents", "application/cloudevents-batch"
_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"
_OWN = ("data", "data_base64")
_MOST_EVENTS = 100_000


def require_live(what: str, error: ImportError) -> MissingExtra:
    """Return the error that says that a library is not installed."""
    return MissingExtra(
        "live-needed",
        f"{what} needs {error.name}, which is not installed",
        hint="pip install 'stcloud[live]'",
    )


def events_of(headers: Mapping[str, str], body: bytes) -> list[Message]:
    """Return the events of a request or a message.

    Parameters
    ----------
    headers
        Names in lower case: ``content-type``, and in binary mode ``ce-id``, ``ce-source`` …
    body
        The data in binary mode, else a document with attributes and data.

    Raises
    ------
    InvalidInput
        ``not-a-cloudevent``
    """
    media = headers.get("content-type", "")
    kind = media.partition(";")[0].strip().lower().removesuffix("+json")
    if kind == BATCH:
        return [_of_document(*part) for part in _elements(_text(body))]
    if kind == STRUCTURED:
        return [_of_document(*_document(_text(body), 0)[:2])]
    if "ce-specversion" not in headers:
        raise _no_event("there are neither ce- headers nor a media type application/cloudevents+json")
    from cloudevents.core.bindings.http import HTTPMessage, from_binary  # noqa: PLC0415

    stated = {
        name: text for name, text in headers.items() if name.startswith("ce-") or name == "content-type"
    }
    if "ce-id" not in headers:  # the library would make one up
        raise _no_event("it has no id")
    try:
        event = from_binary(HTTPMessage(stated, body), _as_written())
    except Exception as error:
        raise _no_event(_why(error)) from error
    return [_message(event.get_attributes(), body, media or None)]


def _as_written() -> Any:
    """Return a format that leaves data as it was written."""
    from cloudevents.core.formats.json import JSONFormat  # noqa: PLC0415

    class AsWritten(JSONFormat):
        def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:  # noqa: ARG002
            return body

    return AsWritten()


def _of_document(attributes: dict[str, Any], data: str | None) -> Message:
    """Return the event of a structured document, whose data is a text of JSON."""
    from cloudevents.core.v1.event import CloudEvent  # noqa: PLC0415
    from dateutil.parser import isoparse  # noqa: PLC0415

    stated = {name: value for name, value in attributes.items() if name not in _OWN}
    if "id" not in stated or stated.get("specversion") != "1.0":
        raise _no_event("it has no id, or a specversion other than 1.0")
    try:
        if "time" in stated:
            stated["time"] = isoparse(stated["time"])
        CloudEvent(dict(stated), None)  # checks attributes
        body = (
            base64.b64decode(attributes["data_base64"], validate=True) if "data_base64" in attributes else b""
        )
    except (binascii.Error, TypeError, ValueError) as error:
        raise _no_event(_why(error)) from error
    except Exception as error:
        raise _no_event(_why(error)) from error
    media = stated.get("datacontenttype")
    if data is not None:
        written = _DECODER.decode(data)
        is_json = media is None or "json" in media
        text = written if isinstance(written, str) and not is_json else data
        body = text.encode("utf-8", "surrogatepass")  # half a character is a fault of its row
    return _message(stated, body, media)


def _message(attributes: Mapping[str, Any], body: bytes, media: str | None) -> Message:
    time = attributes.get("time")
    at_us = None if time is None else round(time.timestamp() * 1_000_000)
    return Message(body, media, f"{attributes['source']}\0{attributes['id']}", at_us=at_us)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_event("it is not UTF-8") from error


def _elements(text: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Give the documents of an array."""
    at = _past(text, 0, "[")
    if text[at : at + 1] == "]":
        return
    for _ in range(_MOST_EVENTS):
        attributes, data, at = _document(text, at)
        yield attributes, data
        at = _blank(text, at)
        if text[at : at + 1] == "]":
            return
        at = _past(text, at, ",")
    raise _no_event(f"it holds more than {_MOST_EVENTS:,} events")


def _document(text: str, at: int) -> tuple[dict[str, Any], str | None, int]:
    """Return the members of the object at a position, the text of its data, and the position after it."""
    at = _past(text, at, "{")
    members: dict[str, Any] = {}
    data = None
    while text[at : at + 1] != "}":
        name, at = _value(text, at)
        at = _past(text, at, ":")
        value, end = _value(text, at)
        members[str(name)] = value
        if name == "data" and value is not None:
            data = text[at:end]
        at = _blank(text, end)
        if text[at : at + 1] != "}":
            at = _past(text, at, ",")
    return members, data, at + 1


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise _no_event("it is no JSON") from error


def _past(text: str, at: int, sign: str) -> int:
    at = _blank(text, at)
    if text[at : at + 1] != sign:
        raise _no_event(f"it is no JSON: {sign} is missing")
    return _blank(text, at + 1)


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _no_event(why: str) -> InvalidInput:
    return InvalidInput("not-a-cloudevent", f"this is no CloudEvent: {why}")


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
