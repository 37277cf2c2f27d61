"""One request of one principal to one city, as handlers see it.

Tested by `tests/saas/web/test_call.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from stcloud.city import City
from stcloud.errors import InvalidInput, nearest
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.web.media import HTML, JSON, Media, preferred
from stcloud.saas.web.service import Service

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["CityRequest", "Link", "encoded", "link_header"]

Link = dict[str, str]
_NOTED_BYTES = 10_000
_SECRETS = ("api_key", "access_token", "token")
"""Parameters that clients put credentials into, though none are taken there."""


@dataclass(frozen=True, slots=True)
class CityRequest:
    """A request.

    Parameters
    ----------
    service, city
        The service, and the city as the principal may see it.
    root, base
        Addresses of the service's landing page and of the city's, without a slash at their end.
    path, segments
        Path below ``base``, encoded as it came; its variable parts, decoded.
    query
        Parameters of the address, in order.
    headers
        By names in lower case.
    body, upload
        Whole body; or the file that it was written to, alone in a folder that is removed after the request.
    now_us
        When it came, UTC microseconds.
    rights
        Digest of what its principal may see.
    public
        Whether anybody may see what it does.
    name
        What the service calls the city.
    """

    service: Service
    city: City
    base: str
    path: str
    segments: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    now_us: int
    rights: str = ""
    public: bool = True
    principal: Principal = ANONYMOUS
    root: str = ""
    name: str = ""
    method: str = "GET"
    address: str = ""
    """Network address of the client; empty: not known."""
    upload: Path = Path()
    extra: dict[str, str] = field(default_factory=dict)
    """Headers that handlers add to what they return."""
    given: dict[str, Any] = field(default_factory=dict)
    """What handlers note for the audit trail: ``document`` of the request, ``pin``, ``rows`` and ``personal`` columns
    of the answer; the ``error`` that they print themselves."""

    def noted_request(self) -> dict[str, Any]:
        """Return what was asked for, as an audit trail notes it.

        Of a body it notes nothing but what a handler has read and noted, since it may hold persons and free texts; of
        a very large document only its digest.
        """
        query = {name: "…" if name.lower() in _SECRETS else value for name, value in self.query}
        noted: dict[str, Any] = {"path": self.path, "query": query}
        document = self.given.get("document")
        if document is not None:
            text = encoded(document)
            digest = {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
            noted["document"] = document if len(text) <= _NOTED_BYTES else digest
        return noted

    def gives(
        self, answer: Answer, rows: int | None = None, *, personal: frozenset[str] = frozenset()
    ) -> None:
        """Note what an answer gives; ``rows``: if these are not all of its own; ``personal``: names of columns."""
        self.given["rows"] = len(answer) if rows is None else rows
        self.given["personal"] = personal if self.given["rows"] else frozenset()
        self.given["pin"] = None if answer.pin is None else answer.pin.text

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters by name; `InvalidInput` ``repeated-parameter``."""
        values: dict[str, str] = {}
        for name, value in self.query:
            if name in values:
                raise InvalidInput("repeated-parameter", f"the parameter '{name}' is there twice")
            values[name] = value
        return values

    def known_parameters(self, names: Iterable[str]) -> dict[str, str]:
        """Return the parameters; `InvalidInput` ``unknown-parameter`` for others than these and ``f``."""
        known = {*names, "f"}
        values = self.parameters
        for name in values:
            if name not in known:
                close = nearest(name, sorted(known))
                raise InvalidInput(
                    "unknown-parameter", f"there is no parameter '{name}' here",
                    hint="did you mean " + " or ".join(f"'{text}'" for text in close) + "?"
                    if close
                    else f"there are: {', '.join(sorted(known))}",
                )  # fmt: skip
        return values

    def media(self, *offered: Media) -> Media:
        """Return the format of the response."""
        return preferred(offered, self.parameters.get("f"), self.headers.get("accept"))

    def url(self, *path: str, **parameters: Any) -> str:
        """Return an address of the city; ``path`` are its segments, not encoded."""
        below = "".join(f"/{quote(part, safe='')}" for part in path)
        given = [(name.rstrip("_").replace("_", "-"), value) for name, value in parameters.items()]
        text = urlencode([(name, str(value)) for name, value in given if value is not None], quote_via=quote)
        return f"{self.base}{below or '/'}{'?' if text else ''}{text}"

    def again(self, **changed: Any) -> str:
        """Return this address with some parameters changed, or left out where they are None."""
        changes = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = [(name, value) for name, value in self.query if name not in changes]
        new = [(name, str(value)) for name, value in changes.items() if value is not None]
        text = urlencode([*kept, *new], quote_via=quote)
        return f"{self.base}{self.path or '/'}{'?' if text else ''}{text}"

    def own_links(self, media: Media, offered: Sequence[Media]) -> list[Link]:
        """Return links to this document and to its other formats."""
        links = [link(self.again(), "self", media, "This document")]
        links += [
            link(self.again(f=other.name), "alternate", other, f"This document as {other.title}")
            for other in offered
            if other is not media
        ]
        return links

    def document(
        self,
        document: Mapping[str, Any],
        page: str,
        offered: Sequence[Media] = (JSON, HTML),
        status: int = 200,
    ) -> Response:
        """Return a document in the format that is wanted; ``page`` names its page for people."""
        media = self.media(*offered)
        whole = {**document, "links": [*self.own_links(media, offered), *document.get("links", [])]}
        if media is HTML:
            from stcloud.saas.web.rendering import rendered  # noqa: PLC0415

            return self.reply(rendered(page, self, whole), HTML, status)
        return self.reply(encoded(whole), media, status)

    def reply(self, body: bytes, media: Media, status: int = 200) -> Response:
        """Return a response."""
        headers = {"Vary": "Accept, Authorization", "Cache-Control": "no-cache", **self.extra}
        if not self.public and headers["Cache-Control"] == "no-cache":
            headers["Cache-Control"] = "private, no-cache"
        if status == 200 and "ETag" in headers and self.headers.get("if-none-match", "").strip() == "*":
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, media_type=media.type)


def link(href: str, relation: str, media: Media | None = None, title: str = "") -> Link:
    """Return a link as documents have it."""
    made = {"href": href, "rel": relation}
    if media is not None:
        made["type"] = media.type.partition("; charset")[0]
    if title:
        made["title"] = title
    return made


def link_header(links: Iterable[Link]) -> str:
    """Return links as the header ``Link`` has them (RFC 8288)."""
    return ", ".join(
        f'<{made["href"]}>; rel="{made["rel"]}"' + (f'; type="{made["type"]}"' if "type" in made else "")
        for made in links
    )


def encoded(document: Any) -> bytes:
    """Return a document as JSON."""
    return msgspec.json.encode(document)
