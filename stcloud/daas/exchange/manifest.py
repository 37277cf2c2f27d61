"""The manifest of a package: which layers it has, from when until when, and what its members are.

Tested by `tests/daas/exchange/test_hostile.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import stored_name
from stcloud.daas.definition.document import writable
from stcloud.daas.description import FIELDS, Description
from stcloud.daas.exchange.entrychain import EntryChain, read_entry, root_link
from stcloud.daas.table.schema import Attribute
from stcloud.errors import FormatError, InvalidInput

__all__ = ["FORMAT", "Manifest", "Parcel", "damaged_package"]

FORMAT = 1
_TYPES = ("text", "integer", "number", "boolean", "date", "instant")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LATEST_US = 253_402_300_800_000_000
"""The first instant of the year 10000."""


def damaged_package(name: str, fault: str) -> FormatError:
    """Return the error for a package that is not what was written."""
    return FormatError(
        "damaged-package", f"{name} is no package, or damaged: {fault}; nothing of it was received",
        hint="ask its sender for it again",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a package has of one layer.

    Attributes
    ----------
    folder, layer
        The layer's identity with its owner, and what it is called there.
    view
        What of it is shown, as a digest; empty: all.
    since_us
        Recorded instants of the owner's after this one are there, UTC microseconds; None: all.
    chain
        The owner's entries of that time.
    until_us
        Until which recorded instant the layer is known, UTC microseconds.
    definition
        TOML.
    description
        What people wrote of the layer, by field.
    attributes
        Columns of the source.
    rows, ends
        How many rows began to be believed, and how many older ones ended.
    bytes, sha256
        Of the member with the rows; 0 and empty: there are none.
    """

    folder: str
    layer: str
    view: str
    since_us: int | None
    chain: EntryChain
    until_us: int
    definition: str
    description: Mapping[str, Any]
    attributes: tuple[Attribute, ...]
    rows: int = 0
    ends: int = 0
    bytes: int = 0
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written."""
        document = {name.name: getattr(self, name.name) for name in fields(self) if name.name != "chain"}
        kept = [[each.name, each.stored, each.type, each.title, each.unit] for each in self.attributes]
        chain = {
            "since_link": self.chain.since_link,
            "link": self.chain.link,
            "entries": list(self.chain.entries),
        }
        return document | chain | {"attributes": kept, "description": dict(self.description)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], city: str) -> Parcel:
        """Return what was written; `ValueError`, `TypeError`, `KeyError` for what was not."""
        chain = EntryChain(_text(document["since_link"]), tuple(map(dict, document["entries"])))
        since_us = None if document["since_us"] is None else _whole(document["since_us"])
        rows, ends, size = (_whole(document[name]) for name in ("rows", "ends", "bytes"))
        parcel = cls(
            _line(document["folder"]), _line(document["layer"]), _text(document["view"]),
            since_us, chain, _whole(document["until_us"]),
            _text(document["definition"]), _description(document["description"]),
            tuple(map(_attribute, document["attributes"])), rows, ends, size, _text(document["sha256"]),
        )  # fmt: skip
        if len({each.stored.lower() for each in parcel.attributes}) < len(parcel.attributes):
            raise ValueError("attributes")
        parcel.check(_text(document["link"]), city)
        return parcel

    def check(self, link: str, city: str) -> None:
        """Refuse a chain that is none: `ValueError`."""
        before = -1 if self.since_us is None else self.since_us
        for entry in self.chain.entries:
            at_us = read_entry(entry, self.layer).recorded_at_us
            if not before < at_us <= self.until_us:
                raise ValueError("entries are not in the order of recording")
            before = at_us
        if self.chain.entries and before != self.until_us:
            raise ValueError("its last entry is not the last one")
        if not self.chain.entries and (self.rows or self.ends):
            raise ValueError("it has rows that no entry states")
        if self.since_us is None and self.chain.since_link != root_link(city, self.folder, self.view):
            raise ValueError("its first entry does not begin a chain")
        if self.chain.link != link:
            raise ValueError("its entries are not those that it was closed with")

    @property
    def is_whole(self) -> bool:
        """Whether all that was ever recorded until then is there."""
        return self.since_us is None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package has.

    Attributes
    ----------
    city
        Name of the owner.
    crs, zone, lattice_origin
        What its rows refer to.
    parcels
        One for each layer.
    """

    city: str
    crs: str
    zone: str
    lattice_origin: tuple[int, int]
    parcels: tuple[Parcel, ...] = field(default=())

    @classmethod
    def of(cls, configuration: CityConfiguration, parcels: tuple[Parcel, ...], city: str) -> Manifest:
        """Return the manifest of layers of a city."""
        lattice = configuration.lattice
        return cls(city, lattice.crs, configuration.zone.name, lattice.origin, parcels)

    def to_bytes(self) -> bytes:
        """Return it as it is written."""
        document = {
            "format": FORMAT, "city": self.city, "crs": self.crs, "zone": self.zone,
            "lattice_origin": list(self.lattice_origin), "layers": [parcel.to_json() for parcel in self.parcels],
        }  # fmt: skip
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def read(cls, content: bytes, name: str) -> Manifest:
        """Read a manifest.

        Raises
        ------
        FormatError
            ``damaged-package``; ``newer-package``: a newer version wrote it.
        """
        try:
            document = writable(json.loads(content))
            _refuse_newer(document["format"], name)
            city = _line(document["city"])
            x, y = map(_signed, document["lattice_origin"])
            parcels = tuple(Parcel.from_json(each, city) for each in document["layers"])
            return cls(city, _line(document["crs"]), _line(document["zone"]), (x, y), parcels)
        except FormatError as error:
            if error.kind == "newer-package":
                raise
            raise damaged_package(name, error.message) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise damaged_package(name, f"its manifest cannot be read ({type(error).__name__})") from error

    def refuse_unfit(self, configuration: CityConfiguration, name: str) -> None:
        """Refuse rows that refer to another CRS, zone or lattice than a city's: `InvalidInput` ``unfit-package``."""
        ours = Manifest.of(configuration, (), self.city)
        for what in ("crs", "zone", "lattice_origin"):
            theirs, own = getattr(self, what), getattr(ours, what)
            if theirs != own:
                words = what.replace("_", " ")
                raise InvalidInput(
                    "unfit-package", f"{name} has {words} {theirs}, and this city {own}: its rows would differ",
                    hint="receive it in a city of the same CRS, zone and lattice",
                )  # fmt: skip


def _refuse_newer(version: object, name: str) -> None:
    if version != FORMAT:
        raise FormatError(
            "newer-package", f"{name} has format {version!r}, and {FORMAT} is known", hint="upgrade stcloud"
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _line(value: object) -> str:
    text = _text(value)
    if _CONTROL.search(text):  # errors name it, in one line
        raise ValueError("control characters")
    return text


def _signed(value: object) -> int:
    if type(value) is not int:
        raise TypeError(type(value).__name__)
    return value


def _whole(value: object) -> int:
    number = _signed(value)
    if not 0 <= number < _LATEST_US:
        raise ValueError(number)
    return number


def _attribute(document: list[Any]) -> Attribute:
    name, stored, kind, title, unit = document
    if (
        kind not in _TYPES
        or _text(stored) != stored_name(name)
        or not stored
        or stored.lower().startswith("st_")
    ):
        raise ValueError(kind)
    return Attribute(_text(name), stored, kind, title and _text(title), unit and _text(unit))


def _description(document: Mapping[str, Any]) -> dict[str, Any]:
    if not set(document) <= set(FIELDS):
        raise ValueError("description")
    written = {
        name: tuple(map(_text, value)) if isinstance(value, list) else _text(value)
        for name, value in document.items()
    }
    Description().described(written, 0)  # what cannot be written here is refused before rows are
    return written
