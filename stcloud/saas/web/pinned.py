"""Pins in addresses: an answer that is pinned never changes, so that it may be kept and asked for by its tag.

Tested by `tests/saas/web/test_pinned.py`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import Response

from stcloud.errors import StcloudError
from stcloud.paas.query.answer.pin import Pin
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.media import Media

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["not_modified", "tag_of"]

_YEAR_S = 31_536_000


def tag_of(
    call: CityRequest, media: Media, *, moving: bool = False, besides: str | None = None, known: str | None = None
) -> str | None:  # fmt: skip
    """Return the strong tag of an answer that never changes, and note how it may be kept; None: it may change.

    Such is the answer to a pin, of which every instant lies in the past of its layer. The tag holds what the
    principal may see, and the purges of the layers: after a purge, an answer that is kept is no longer given.

    Parameters
    ----------
    call, media
        The request and the format of the answer.
    moving
        Whether the answer depends on the present instant, too.
    besides
        What else the answer has that may change: it is then to be asked for again.
    known
        The pin; None: that of the address.
    """
    text = call.parameters.get("known", "") if known is None else known
    if moving or not text.startswith("pin:"):
        return None
    state = _state(call, Pin.read(text).layers)
    if state is None:
        return None
    whole = "\n".join(
        (
            call.base,
            call.path,
            repr(list(call.query)),
            media.type,
            call.rights,
            state,
            str(call.body),
            _coding(call),
            besides or "",
        )
    )
    tag = f'"{hashlib.sha256(whole.encode()).hexdigest()[:32]}"'
    kept = "public" if call.public else "private"
    if besides is None:
        call.extra["Cache-Control"] = f"{kept}, max-age={_YEAR_S}, immutable"
    call.extra["ETag"] = tag
    return tag


def not_modified(call: CityRequest, tag: str | None) -> Response | None:
    """Return the short answer to a client that has the answer of this tag; None if it has not."""
    given = call.headers.get("if-none-match")
    if tag is None or given is None:
        return None
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    if tag not in tags:  # of "*" it shows only with the answer whether there is one
        return None
    return Response(status_code=304, headers={"Vary": "Accept, Authorization", **call.extra})


def _coding(call: CityRequest) -> str:
    """Return how bytes may come: other bytes have another strong tag."""
    return "gzip" if "gzip" in call.headers.get("accept-encoding", "") else ""


def _state(call: CityRequest, layers: Iterable[tuple[str, int]]) -> str | None:
    """Return the purges of pinned layers; None if an instant is later than the newest load of its layer."""
    state = []
    for name, at_us in layers:
        try:
            layer = call.city.layer(name)
        except StcloudError:  # the question itself says what is wrong
            return None
        if at_us > layer.pin_us():
            return None
        state.append(f"{name}:{len(layer.purges)}")
    return ",".join(state)
