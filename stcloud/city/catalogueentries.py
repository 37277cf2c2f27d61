"""What a city holds, for who looks for it: layers by theme and owner, what was received when, and what is late.

Tested by `tests/city/test_catalogueentries.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.display import html_table, one_line
from stcloud.daas.entry import Layer
from stcloud.daas.quality import last_load_of
from stcloud.daas.staleness import next_load_us
from stcloud.iaas.clock import Clock

__all__ = ["CatalogueEntries", "CatalogueEntry", "catalogue_entries"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A layer in the catalogue of a city; instants are UTC microseconds.

    Attributes
    ----------
    layer, kind, title
        Its name, its kind, and what it is called for people.
    themes, keywords, owner, licence
        As its description says.
    origin
        The city that it was received from; None: it is the city's own.
    last_us
        When it was loaded last, or when a package last brought something of it; None: never.
    known_us
        Until which recorded instant of its owner's it is known; of the city's own layers ``last_us``.
    complete_us
        Until when its rows are complete; None: no load says so.
    update_cycle
        How often it is agreed to come anew: a duration of ISO 8601.
    due_us
        When it is due by that; None: nothing is agreed.
    late_us
        For how long it has been due, microseconds; 0: it is not; None: nothing is agreed.
    """

    layer: str
    kind: str
    title: str | None
    themes: tuple[str, ...]
    keywords: tuple[str, ...]
    owner: str | None
    licence: str | None
    origin: str | None
    last_us: int | None
    known_us: int | None
    complete_us: int | None
    update_cycle: str | None
    due_us: int | None
    late_us: int | None

    @property
    def whose(self) -> str | None:
        """The department that answers for it, or else the city that it was received from."""
        return self.owner or self.origin

    @property
    def is_late(self) -> bool:
        """Whether it is due."""
        return bool(self.late_us)


class CatalogueEntries(tuple[CatalogueEntry, ...]):
    """The catalogue of a city, by layer; it shows itself as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = [
            f"{one_line(each.layer)}: {one_line(each.whose or 'no owner')}{', late' if each.is_late else ''}"
            for each in self
        ]
        return "\n".join([f"Catalogue: {len(self)} layers", *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        rows = [
            {
                "layer": each.layer,
                "title": each.title or "",
                "owner": each.whose or "",
                "late": each.is_late,
            }
            for each in self
        ]
        return html_table(f"Catalogue: {len(self)} layers", ["layer", "title", "owner", "late"], rows)


def catalogue_entries(
    parts: CityParts, configuration: CityConfiguration, clock: Clock, words: str
) -> CatalogueEntries:
    """Return the layers that are meant by words; see `City.catalogue`."""
    wanted = words.casefold().split()
    now_us = clock()
    return CatalogueEntries(
        _entry(layer, configuration, now_us)
        for layer in parts.catalogue.layers()
        if all(word in text for text in [_text(layer)] for word in wanted)
    )


def _text(layer: Layer) -> str:
    return "\n".join([layer.name, layer.title or "", _origin(layer) or "", *_words(layer)]).casefold()


def _words(layer: Layer) -> Iterator[str]:
    for value in layer.description.fields.values():
        yield value if isinstance(value, str) else "\n".join(value)


def _origin(layer: Layer) -> str | None:
    origin = layer.definition.origin
    return None if origin is None else origin.city


def _entry(layer: Layer, configuration: CityConfiguration, now_us: int) -> CatalogueEntry:
    described = layer.description
    receipts = layer.read_receipts()
    last = last_load_of(layer.loads)
    loaded_us = None if last is None else last.recorded_at_us
    last_us = receipts[-1].received_us if receipts else loaded_us
    completeness = layer.completeness()
    due_us = (
        None
        if last_us is None or described.update_cycle is None
        else next_load_us(last_us, described.update_cycle, configuration.zone)
    )
    return CatalogueEntry(
        layer.name, layer.kind, layer.title, described.themes, described.keywords, described.owner, described.licence,
        _origin(layer), last_us, receipts[-1].until_us if receipts else last_us,
        completeness.to_us if completeness else None, described.update_cycle, due_us,
        None if due_us is None else max(0, now_us - due_us),
    )  # fmt: skip
