"""Reports: what the form of a POST says, valid from birth.

Tested by `tests/saas/web/open311/test_report.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from stcloud.errors import InvalidInput

__all__ = ["HONEYPOT", "LEAST_LETTERS", "PublicReport", "read_report"]

HONEYPOT = "website"
"""A field that no person sees, and that programs which fill in every field fill in."""
LEAST_LETTERS = 3
_MOST_FIELDS = 100
_MOST_TEXT = 4_000
_MOST_LINE = 300
_CONTACT = ("first_name", "last_name", "email", "phone", "device_id", "account_id")
_PLACES = ("address_string", "address_id")
_PRIVATE = {
    "email": "email", "phone": "phone", "device_id": "device", "account_id": "account",
    "address_string": "address", "address_id": "address_id", "media_url": "media_url", "description": "description",
}  # fmt: skip
"""Names under which texts are kept apart from the log, by those of the form."""
_IGNORED = ("jurisdiction_id", "api_key")
_ATTRIBUTE = re.compile(r"attribute\[([A-Za-z0-9_.-]{1,64})\](?:\[\])?")
_MARKUP = re.compile(r"<\s*[/!?A-Za-z]")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{0,30})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PublicReport:
    """A report of the public.

    Parameters
    ----------
    code
        Code of its service.
    at
        Longitude and latitude, degrees; None: only an address is known.
    texts
        What is kept apart from the log, by name: who reports, the description, the address.
    attributes
        What the service's definition asks for, by code.
    """

    code: str
    at: tuple[float, float] | None
    texts: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> str | None:
        """An identity of who reports, by which their texts can be erased; None: they gave none."""
        return next(
            (self.texts[name] for name in ("email", "phone", "account", "device") if name in self.texts), None
        )

    @property
    def description(self) -> str:
        """What was seen."""
        return self.texts["description"]


def read_report(body: bytes) -> PublicReport:
    """Read the form of a report.

    Raises
    ------
    InvalidInput
        ``unreadable-form``, ``repeated-parameter``, ``unknown-parameter``; ``report-refused``: the field that nobody
        sees is filled in; ``missing-field``: no service, description or place; ``bad-value``, ``not-a-place``.
    """
    given, attributes = _fields(body)
    if given.pop(HONEYPOT, ""):
        raise InvalidInput(
            "report-refused", f"the field '{HONEYPOT}' is for programs only", hint="leave it empty"
        )
    for name in ("service_code", "description"):
        if name not in given:
            raise InvalidInput("missing-field", f"the report has no {name}")
    at = _place(given)
    if at is None and not any(name in given for name in _PLACES):
        raise InvalidInput(
            "missing-field", "the report has no place", hint="give lat and long, or address_string"
        )
    _check_description(given["description"])
    texts = {ours: given[name] for name, ours in _PRIVATE.items() if name in given}
    reporter = " ".join(given[name] for name in ("first_name", "last_name") if name in given)
    return PublicReport(
        given["service_code"], at, texts | ({"reporter": reporter} if reporter else {}), attributes
    )


def _fields(body: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of a form that are not empty, and its attributes."""
    given: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for name, text in _pairs(body):
        attribute = _ATTRIBUTE.fullmatch(name)
        if attribute is None and name not in (*_CONTACT, *_KNOWN):
            raise InvalidInput("unknown-parameter", f"a report has no field '{name:.80}'")
        key, into = (name, given) if attribute is None else (attribute[1], attributes)
        value = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        if key in into:
            raise InvalidInput("repeated-parameter", f"the field '{name}' is there twice")
        _check_text(name, value, _MOST_TEXT if name == "description" else _MOST_LINE)
        if value and name not in _IGNORED:
            into[key] = value
    return given, attributes


_KNOWN = ("service_code", "lat", "long", HONEYPOT, *_PLACES, "description", "media_url", *_IGNORED)


def _pairs(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(
            "unreadable-form", f"the form is no UTF-8, or has more than {_MOST_FIELDS} fields",
            hint="send it as application/x-www-form-urlencoded",
        ) from error  # fmt: skip


def _check_text(name: str, value: str, most: int) -> None:
    if len(value) > most:
        raise InvalidInput("bad-value", f"{name} has {len(value):,} characters", hint=f"at most {most:,}")
    if _CONTROL.search(value) or (name != "description" and "\n" in value):
        raise InvalidInput("bad-value", f"{name} has characters that are no text")


def _check_description(text: str) -> None:
    if sum(character.isalnum() for character in text) < LEAST_LETTERS:
        raise InvalidInput(
            "bad-value", "the description says nothing", hint="say in a few words what is wrong"
        )
    if _MARKUP.search(text):
        raise InvalidInput("bad-value", "the description has HTML in it", hint="write plain text")


def _place(given: Mapping[str, str]) -> tuple[float, float] | None:
    if "lat" not in given and "long" not in given:
        return None
    lon, lat = (_degrees(given.get(name), name, most) for name, most in (("long", 180.0), ("lat", 90.0)))
    return lon, lat


def _degrees(text: str | None, name: str, most: float) -> float:
    value = float(text) if text is not None and _DECIMAL.fullmatch(text) else math.nan
    if not -most <= value <= most:
        raise InvalidInput(
            "not-a-place", f"{name} {text if text is None else repr(text)} is no number of degrees",
            hint="give lat and long in degrees of WGS 84",
        )  # fmt: skip
    return value
