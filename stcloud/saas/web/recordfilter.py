"""What a request selects of a catalogue: by words, types, identifiers, place and time, all of which must hold.

Tested by `tests/saas/web/test_recordfilter.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stcloud.saas.web.parameter import ClosedInterval, read_bbox, read_datetime
from stcloud.saas.web.record import Box, boxes_of
from stcloud.time import Zone

__all__ = ["SELECTING", "RecordFilter"]

SELECTING = ("q", "type", "ids", "externalIds", "bbox", "datetime")
"""Parameters that select records."""
_TEXTS = ("title", "description", "lineage")


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What records are selected; None: all are.

    Parameters
    ----------
    terms
        Of each at least one text of a record has one: words in this order, with white space between them.
    types, ids, external
        Types, identifiers, and external identifiers, of which a record has one.
    box, interval
        Boxes in degrees and an interval that a record meets, or it has no place, or no time.
    """

    terms: tuple[re.Pattern[str], ...] | None = None
    types: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    external: frozenset[str] | None = None
    box: Box | None = None
    interval: ClosedInterval | None = None

    @classmethod
    def of(cls, given: Mapping[str, str], zone: Zone) -> RecordFilter:
        """Return what parameters select; `InvalidInput` ``unreadable-bbox``, ``unreadable-datetime``."""
        return cls(
            tuple(_term(term) for term in _parts(given["q"])) if "q" in given else None,
            frozenset(_parts(given["type"])) if "type" in given else None,
            frozenset(_parts(given["ids"])) if "ids" in given else None,
            frozenset(_parts(given["externalIds"])) if "externalIds" in given else None,
            read_bbox(given["bbox"]) if "bbox" in given else None,
            read_datetime(given["datetime"], zone) if "datetime" in given else None,
        )

    def selects(self, record: Mapping[str, Any], span_us: tuple[int, int | None] | None) -> bool:
        """Return whether a record is selected.

        Parameters
        ----------
        record
            A record, as GeoJSON.
        span_us
            Its closed interval, UTC microseconds, which may have no end; None: it has none.
        """
        properties = record["properties"]
        return (
            (self.types is None or properties["type"] in self.types)
            and (self.ids is None or record["id"] in self.ids)
            and (self.external is None or not self.external.isdisjoint(_external(properties)))
            and (self.terms is None or any(map(self._is_in(record), self.terms)))
            and (self.box is None or _meets(self.box, record["properties"].get("extent", {})))
            and (self.interval is None or span_us is None or _overlaps(self.interval, span_us))
        )

    def _is_in(self, record: Mapping[str, Any]) -> Any:
        texts = _texts(record)
        return lambda term: any(term.search(text) for text in texts)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _term(text: str) -> re.Pattern[str]:
    """Return a pattern of words in this order, with any white space between them, for texts in folded case."""
    return re.compile(r"\s+".join(map(re.escape, text.casefold().split())))


def _texts(record: Mapping[str, Any]) -> list[str]:
    properties = record["properties"]
    concepts = [concept["id"] for theme in properties.get("themes", ()) for concept in theme["concepts"]]
    owners = [contact["organization"] for contact in properties.get("contacts", ())]
    texts = [properties.get(name) or "" for name in _TEXTS]
    return [
        text.casefold()
        for text in (record["id"], *texts, *properties.get("keywords", ()), *concepts, *owners)
    ]


def _external(properties: Mapping[str, Any]) -> set[str]:
    """Return all texts by which an external identifier is meant: its value, with its scheme, the scheme alone."""
    return {
        text
        for known in properties["externalIds"]
        for text in (known["value"], f"{known['scheme']}:{known['value']}", f"{known['scheme']}:")
    }


def _meets(box: Box, extent: Mapping[str, Any]) -> bool:
    if "spatial" not in extent:
        return True
    return any(
        west <= other_east and other_west <= east and south <= other_north and other_south <= north
        for west, south, east, north in boxes_of(box)
        for other_west, other_south, other_east, other_north in boxes_of(extent["spatial"]["bbox"][0])
    )


def _overlaps(interval: ClosedInterval, span_us: tuple[int, int | None]) -> bool:
    first_us, last_us = span_us
    return (interval.last_us is None or first_us <= interval.last_us) and (
        interval.first_us is None or last_us is None or last_us >= interval.first_us
    )
