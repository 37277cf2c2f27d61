"""The chain of a layer's entries as its owner shows them: each link is a digest of the entry and of the link before.

Two cities that have the same link at an instant have the same past. What a package begins and ends with are links.

Tested by `tests/daas/exchange/test_law.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.daas.reckoning import PURGE, Reckoning
from stcloud.errors import FormatError

__all__ = ["EntryChain", "entry_document", "read_entry", "root_link"]

_NAMED = ("layer", "received")
_NEEDED = ("load", "source", "mode", "attempt")
_AT = "recorded_at"


def root_link(city: str, layer: str, view: str) -> str:
    """Return what the first entry of a layer is linked to.

    Parameters
    ----------
    city, layer
        Whose layer it is.
    view
        What of it is shown, as a digest; empty: all.
    """
    return _digest("", {"city": city, "layer": layer, "view": view})


def entry_document(load: Reckoning) -> dict[str, Any]:
    """Return an entry as a package has it: without the layer's name, which may change, and what is nothing."""
    return {
        name: value
        for name, value in load.to_row().items()
        if value not in (None, 0, "") and name not in _NAMED
    }


def read_entry(document: Mapping[str, Any], layer: str) -> Reckoning:
    """Return the entry of a package as one of a layer's; `FormatError` ``damaged-table`` when it is none."""
    try:
        entry = dict.fromkeys(_NEEDED, "") | dict(document) | {"layer": layer}
        load = Reckoning.from_row(entry)
        f"{load.load + load.source} {load.recorded_at_us:d}".encode()  # what is of another type is no entry
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise FormatError(
            "damaged-table", f"an entry of a load cannot be read ({type(error).__name__})"
        ) from error
    return load


@dataclass(frozen=True, slots=True)
class EntryChain:
    """Entries of a layer in the order of recording, after a link.

    Parameters
    ----------
    since_link
        The link before the first entry.
    entries
        As `entry_document` gives them; ``recorded_at`` increases.

    Examples
    --------
    >>> chain = EntryChain(root_link("lantang", "requests", ""), ({"load": "a", "recorded_at": 5},))
    >>> chain.after(chain.since_link) == chain, chain.after(chain.link).entries
    (True, ())
    """

    since_link: str
    entries: tuple[Mapping[str, Any], ...] = ()

    @property
    def links(self) -> tuple[str, ...]:
        """The link before the first entry, and that of each."""
        links = [self.since_link]
        for entry in self.entries:
            links.append(_digest(links[-1], entry))
        return tuple(links)

    @property
    def link(self) -> str:
        """The link of the last entry."""
        return self.links[-1]

    @property
    def until_us(self) -> int | None:
        """Recorded instant of the last entry, UTC microseconds; None: there is none."""
        return int(self.entries[-1][_AT]) if self.entries else None

    @property
    def purges(self) -> bool:
        """Whether one of the entries is a purge, which changes rows of before."""
        return any(entry.get("mode") == PURGE for entry in self.entries)

    def after(self, link: str) -> EntryChain | None:
        """Return what follows a link; None: the chain does not have it."""
        links = self.links
        return EntryChain(link, self.entries[links.index(link) :]) if link in links else None

    def until(self, at_us: int) -> EntryChain:
        """Return the entries up to a recorded instant, UTC microseconds."""
        return EntryChain(self.since_link, tuple(entry for entry in self.entries if entry[_AT] <= at_us))

    def since(self, at_us: int | None) -> EntryChain:
        """Return the entries after a recorded instant, UTC microseconds; None: all."""
        if at_us is None:
            return self
        before = self.until(at_us)
        return EntryChain(before.link, self.entries[len(before.entries) :])

    @classmethod
    def of(cls, root: str, loads: Sequence[Reckoning]) -> EntryChain:
        """Return the chain of all entries of a layer."""
        ordered = sorted(loads, key=lambda load: load.recorded_at_us)
        return cls(root, tuple(map(entry_document, ordered)))


def _digest(before: str, entry: Mapping[str, Any]) -> str:
    text = json.dumps([before, entry], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
