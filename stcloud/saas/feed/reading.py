"""Messages as parts of a batch: their rows, or why they have none; rows that a later message overtook left out.

Tested by `tests/saas/feed/test_listener.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from stcloud.errors import StcloudError
from stcloud.iaas.feed.batch import Unreadable
from stcloud.iaas.feed.body import Row, excerpt, read_body
from stcloud.iaas.feed.message import MOST_BODY_BYTES, Message
from stcloud.saas.feed.applied import Applied, hashed

__all__ = ["ReadMessage", "overtaken_left_out", "read_message"]


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message with its rows; or why it is to be quarantined.

    ``keys`` are hashes of its rows' keys, where the layer's rows replace one another by key.
    """

    message: Message
    rows: Sequence[Row] = ()
    fault: Unreadable | None = None
    keys: Sequence[int] = field(default=())

    @property
    def parts(self) -> Sequence[Row | Unreadable]:
        """What a batch has of it."""
        return self.rows if self.fault is None else (self.fault,)

    def refused(self, error: StcloudError) -> ReadMessage:
        """Return it as one that cannot be loaded."""
        return replace(self, rows=(), keys=(), fault=_fault(self.message, error))


def read_message(message: Message, form: str | None, key: Sequence[str], folder: Path) -> ReadMessage:
    """Read a message's body.

    Parameters
    ----------
    message, form
        What arrived; its format, whatever its media type is.
    key
        Columns by which rows replace one another; none: they do not.
    folder
        Where a body may be spooled.
    """
    if len(message.body) > MOST_BODY_BYTES:
        fault = Unreadable("message-too-large", f"{_named(message)}: {excerpt(message.body)}")
        return ReadMessage(message, fault=fault)
    try:
        rows = read_body(message.body, message.media, form, folder)
    except StcloudError as error:
        return ReadMessage(message, fault=_fault(message, error))
    if not rows:
        return ReadMessage(message)
    if message.place is None or not key:
        return ReadMessage(message, rows)
    stream = message.place.stream
    keys = [hashed(stream, *((row.get(name) or "").strip() for name in key)) for row in rows]
    return ReadMessage(message, rows, keys=keys)


def _fault(message: Message, error: StcloudError) -> Unreadable:
    shown = excerpt(message.body) if message.path is None else message.path.name
    return Unreadable(f"{error.kind}: {error.message}"[:300], f"{_named(message)}: {shown}")


def _named(message: Message) -> str:
    if message.place is not None:
        return f"message {message.place.number}"
    return "message" if message.id is None else f"message {excerpt(message.id.encode('utf-8', 'replace'))}"


def overtaken_left_out(read: Sequence[ReadMessage], applied: Applied) -> tuple[list[ReadMessage], int]:
    """Return messages without rows of whose key a later message was applied, and how many rows these were."""
    keyed = [at for at, each in enumerate(read) if each.keys]
    if not keyed:
        return list(read), 0
    newest = applied.newest([key for at in keyed for key in read[at].keys]).tolist()
    left, start, kept = 0, 0, list(read)
    for at in keyed:
        each = read[at]
        number = each.message.place.number if each.message.place else 0
        later = newest[start : start + len(each.keys)]
        start += len(each.keys)
        if max(later) > number:
            fresh = [place for place, known in enumerate(later) if known <= number]
            left += len(each.keys) - len(fresh)
            kept[at] = replace(
                each, rows=[each.rows[place] for place in fresh], keys=[each.keys[place] for place in fresh]
            )
    return kept, left
