"""Pages for people: the same documents as HTML, without scripts.

Tested by `tests/saas/web/test_pages.py`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from jinja2 import Environment, PackageLoader, select_autoescape

from stcloud.saas.web.call import CityRequest

__all__ = ["rendered"]


def rendered(page: str, call: CityRequest, document: Mapping[str, Any]) -> bytes:
    """Return a document as a page; ``page`` names its template."""
    plain = msgspec.json.decode(msgspec.json.encode(document))
    pages = _environment()
    names = pages.list_templates()
    template = pages.get_template(f"{page}.html" if f"{page}.html" in names else "document.html")
    trail = [part for part in call.path.split("/") if part]
    steps = [
        (unquote(part), f"{call.base}/{'/'.join(trail[: place + 1])}") for place, part in enumerate(trail)
    ]
    of_city = len(call.service.cities) == 1 or call.base != call.root
    return template.render(
        document=plain, call=call, steps=steps, root=call.root, given=call.parameters,
        city=call.city.name if of_city else "Cities",
    ).encode()  # fmt: skip


@functools.cache
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("stcloud.saas.web", "pages"), autoescape=select_autoescape(default=True),
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pages.filters["value"] = _value
    pages.filters["address"] = _address
    pages.filters["page_of"] = _page_of
    return pages


def _address(href: str) -> str:
    """Return an address that a page may link to: of HTTP only, whatever a document names."""
    return href if href.startswith(("http://", "https://", "/")) else "#"


def _page_of(feature: Mapping[str, Any], collection: str, call: CityRequest) -> str:
    """Return the address of a feature's page, as it was then, and as it was known then."""
    start = feature["time"].get("interval", [None])[0] if "datetime" in call.parameters else None
    originals = [made["href"] for made in feature.get("links", []) if made["rel"] == "original"]
    key = unquote(originals[0].rpartition("/")[2]) if originals else feature["id"]
    at = None if start == ".." or "timestamp" in feature["time"] else start
    return call.url(
        "collections", collection, "items", key, datetime=at, known=call.parameters.get("known"), f="html"
    )


def _value(value: Any) -> str:
    """Return a value as a cell shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
