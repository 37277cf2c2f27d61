"""Media types, their names in ``f=``, and which one a request gets.

Tested by `tests/saas/web/test_media.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stcloud.errors import InvalidInput, Unsupported

__all__ = [
    "ARROW", "CSV", "GEOJSON", "HTML", "JSON", "LINK_FORMAT", "NDJSON", "OPENAPI", "OPENAPI_30", "PARQUET", "PNG",
    "PROBLEM", "SCHEMA", "TILE", "Media", "preferred",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Media:
    """A format: its name in ``f=``, its media type, and what people call it."""

    name: str
    type: str
    title: str

    @property
    def essence(self) -> str:
        """The type without parameters, in lower case."""
        return self.type.partition(";")[0].strip().lower()


JSON = Media("json", "application/json", "JSON")
GEOJSON = Media("geojson", "application/geo+json", "GeoJSON")
HTML = Media("html", "text/html; charset=utf-8", "HTML")
SCHEMA = Media("schema", "application/schema+json", "JSON Schema")
OPENAPI = Media("openapi", "application/vnd.oai.openapi+json;version=3.1", "OpenAPI 3.1")
OPENAPI_30 = Media("openapi30", "application/vnd.oai.openapi+json;version=3.0", "OpenAPI 3.0")
LINK_FORMAT = Media("linkformat", "application/link-format", "Link format")
CSV = Media("csv", "text/csv; charset=utf-8", "CSV")
NDJSON = Media("ndjson", "application/x-ndjson", "NDJSON")
PARQUET = Media("parquet", "application/vnd.apache.parquet", "Parquet")
ARROW = Media("arrow", "application/vnd.apache.arrow.stream", "Arrow stream")
TILE = Media("mvt", "application/vnd.mapbox-vector-tile", "Mapbox vector tile")
PNG = Media("png", "image/png", "PNG")
PROBLEM = Media("problem", "application/problem+json", "Problem details")

_MOST_RANGES = 50


def preferred(offered: Sequence[Media], name: str | None, accept: str | None) -> Media:
    """Return the format that a request gets: that of ``f=``, else the first offered of the best accepted.

    Raises
    ------
    InvalidInput
        ``unknown-format``: ``f`` names none that is offered.
    Unsupported
        ``not-acceptable``: none is accepted.
    """
    if name is not None:
        chosen = [media for media in offered if media.name == name or (media is GEOJSON and name == "json")]
        if not chosen:
            names = ", ".join(media.name for media in offered)
            raise InvalidInput("unknown-format", f"f={name} is no format of this resource; it has: {names}")
        return chosen[0]
    if not accept or accept.strip() == "*/*":
        return offered[0]
    ranked = [(_quality(media, accept), -place) for place, media in enumerate(offered)]
    quality, place = max(ranked)
    if quality <= 0:
        types = ", ".join(media.essence for media in offered)
        raise Unsupported("not-acceptable", f"nothing that is accepted is offered; offered are: {types}")
    return offered[-place]


def _quality(media: Media, accept: str) -> float:
    """Return how much a type is wanted, 0 to 1: by the most precise range that it is in (RFC 9110, 12.5.1)."""
    best = (-1, 0.0)
    for part in accept.split(",")[:_MOST_RANGES]:
        given, *parameters = (text.strip().lower() for text in part.split(";"))
        kind, _, subtype = given.partition("/")
        own_kind, _, own_subtype = media.essence.partition("/")
        if (kind, subtype) == ("*", "*"):
            precision = 0
        elif kind == own_kind and subtype == "*":
            precision = 1
        elif (kind, subtype) == (own_kind, own_subtype) or (kind, subtype) == _also(media):
            precision = 2
        else:
            continue
        best = max(best, (precision, _weight(parameters)))
    return best[1]


def _also(media: Media) -> tuple[str, str] | None:
    """Return another type that means the same: a feature collection is JSON, too, and so is a schema."""
    return ("application", "json") if media.essence.endswith("+json") else None


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return min(weight, 1.0) if weight > 0 else 0.0  # of what is no number, too
    return 1.0
