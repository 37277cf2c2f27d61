"""Documents of the standard, in JSON and in XML.

Tested by `tests/saas/web/open311/test_document.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from stcloud.errors import NotFound
from stcloud.saas.web.media import Media
from stcloud.saas.web.open311.requestsearch import SECOND_US
from stcloud.time import Zone

__all__ = ["FORMATS", "format_of", "instant_text", "written"]

FORMATS = {
    "json": Media("json", "application/json; charset=utf-8", "JSON"),
    "xml": Media("xml", "text/xml; charset=utf-8", "XML"),
}
_MEMBERS = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request",
    "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
"""What the members of a list are called in XML."""
_NO_SECONDS = re.compile(r"(T\d\d:\d\d)(?=[+Z-])")
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-�\U00010000-\U0010ffff]")


def format_of(name: str) -> Media:
    """Return the format of an address's ending; `NotFound` ``no-route``."""
    if name not in FORMATS:
        raise NotFound("no-route", f"there is no format '{name:.20}'", hint="there are json and xml")
    return FORMATS[name]


def instant_text(at_us: int, zone: Zone) -> str:
    """Return an instant on the clock of a zone, to the second, as all clients of the standard read it.

    >>> instant_text(1_999_999, Zone("Asia/Shanghai"))
    '1970-01-01T08:00:01+08:00'
    """
    return _NO_SECONDS.sub(r"\1:00", zone.iso(at_us // SECOND_US * SECOND_US))


def written(document: Any, media: Media, root: str) -> bytes:
    r"""Return a document as bytes; ``root`` names it in XML.

    >>> written([{"code": 404, "description": "a < b"}], FORMATS["json"], "errors")
    b'[{"code":404,"description":"a < b"}]'
    >>> written([{"code": 404, "description": "a < b"}], FORMATS["xml"], "errors").decode().partition("\n")[2]
    '<errors><error><code>404</code><description>a &lt; b</description></error></errors>'
    """
    if media.name == "json":
        return bytes(msgspec.json.encode(document))
    text: bytes = ET.tostring(_element(root, document), encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text


def _element(name: str, value: Any) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        element.extend(_element(_MEMBERS[name], each) for each in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NO_XML.sub("�", str(value))
    return element
