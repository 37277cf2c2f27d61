"""One feature: as it is, as it was at an instant, and the list of its versions (the draft *Versioned Features*).

Tested by `tests/saas/web/test_versions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import InvalidInput, NotFound
from stcloud.saas.web.call import CityRequest, Link, encoded, link, link_header
from stcloud.saas.web.collectionkind import CollectionKind, kind_of
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.media import GEOJSON, HTML, JSON, LINK_FORMAT, PROBLEM
from stcloud.saas.web.parameter import ClosedInterval, iso_utc, read_datetime
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.problem import problem_of
from stcloud.saas.web.referencesystem import chosen_system

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query import Answer, Query

__all__ = ["item", "time_map"]

_OFFERED = (GEOJSON, HTML)
_EVER = ClosedInterval(None, None)


@dataclass(frozen=True, slots=True)
class _Feature:
    """One feature of a collection, as a request names it."""

    call: CityRequest
    layer: Layer
    kind: CollectionKind
    key: str

    @classmethod
    def of(cls, call: CityRequest) -> _Feature:
        layer = call.city.layer(call.segments["collection"])
        return cls(call, layer, kind_of(layer), call.segments["feature"])

    def query(self, interval: ClosedInterval | None, pin: str | None = None) -> Query:
        """Return the question about this feature alone, at a pin or at what ``known`` says."""
        query = self.call.city.query(self.layer.name)
        query = (
            query.when("../..")
            if interval is _EVER
            else self.kind.selected(query, interval, self.call.now_us)
        )
        query = query.what({"op": "=", "args": [{"property": "st_key"}, self.key]})
        known = self.call.parameters.get("known") if pin is None else pin
        return query if known is None else query.known_at(known)

    def starts(self, pin: str | None = None) -> list[int | None]:
        """Return the starts of all versions, ascending, UTC microseconds; `NotFound` ``unknown-feature``."""
        answer = self.query(_EVER, pin).rows()
        if not len(answer):
            raise NotFound("unknown-feature", f"collection '{self.layer.name}' has no feature '{self.key}'")
        import pyarrow as pa  # noqa: PLC0415

        return list(answer.table["st_valid_from"].cast(pa.int64()).to_pylist())

    def address(self, start_us: int | None = None, *below: str) -> str:
        """Return the address of the feature, or of a version of it."""
        known = self.call.parameters.get("known")
        at = None if start_us is None else iso_utc(start_us)
        return self.call.url(
            "collections", self.layer.name, "items", self.key, *below, datetime=at, known=known
        )

    def history_links(self) -> list[Link]:
        return [
            link(self.address(None, "versions"), relation, JSON)
            for relation in ("timemap", "version-history")
        ]


def item(call: CityRequest) -> Response:
    """Return one feature: as it is, or with ``datetime`` as it was; 410 if it was, and was not then."""
    feature = _Feature.of(call)
    media = call.media(*_OFFERED)
    given = call.known_parameters(
        ("datetime", "known", "crs") if feature.kind.versioned else ("known", "crs")
    )
    interval = _instant(given, call) if "datetime" in given else None
    tag = tag_of(call, media, moving=feature.kind.versioned and interval is None)
    unchanged = not_modified(call, tag)
    if unchanged is not None:
        return unchanged
    answer = feature.query(interval).rows(2)
    if not len(answer):
        return _gone(feature, _pin(answer))
    names = [attribute.name for attribute in feature.layer.attributes]
    call.gives(answer, personal=personal_of(feature.layer, names))
    system = chosen_system(given.get("crs"), "crs", call.city.configuration.crs)
    links = call.own_links(media, _OFFERED)
    links.append(link(call.url("collections", feature.layer.name), "collection", JSON, feature.layer.name))
    if feature.kind.versioned:
        links += _neighbours(feature, answer)
    call.extra["Link"] = link_header(links)
    call.extra["Content-Crs"] = f"<{system.address}>"
    if tag is None:
        at = iso_utc(call.now_us) if feature.kind.versioned and interval is None else given.get("datetime")
        call.extra["Content-Location"] = call.again(known=_pin(answer), datetime=at)
    document: dict[str, Any] = features_of(answer, names, feature.kind, system)[0]
    document |= {"featureType": feature.layer.name, "links": links}
    document["pin"] = _pin(answer)
    if media is HTML:
        from stcloud.saas.web.rendering import rendered  # noqa: PLC0415

        return call.reply(rendered("item", call, document), HTML)
    return call.reply(encoded(document), media)


def time_map(call: CityRequest) -> Response:
    """Return the list of a feature's versions, with a link to each."""
    feature = _Feature.of(call)
    call.known_parameters(("known",))
    offered = (JSON, HTML, LINK_FORMAT) if feature.kind.versioned else (JSON, HTML)
    if not feature.kind.versioned:
        raise NotFound(
            "no-versions", f"collection '{feature.layer.name}' holds events, which have no versions"
        )
    starts = feature.starts()
    links: list[dict[str, str]] = [link(feature.address(), "original", GEOJSON)]
    for start in starts:
        version = link(feature.address(start), "memento", GEOJSON)
        links.append(version | ({} if start is None else {"datetime": http_date(start)}))
    links.append(link(feature.address(starts[-1]), "latest-version", GEOJSON))
    if call.media(*offered) is LINK_FORMAT:
        parts = [link(call.again(), "self", LINK_FORMAT), *links]
        return call.reply(_link_format(parts).encode(), LINK_FORMAT)
    return call.document({"title": feature.key, "links": links}, "versions", offered)


def _instant(given: dict[str, str], call: CityRequest) -> ClosedInterval:
    interval = read_datetime(given["datetime"], call.city.configuration.zone)
    if not interval.is_instant:
        raise InvalidInput("not-an-instant", "of one feature datetime is an instant, not an interval")
    return interval


def _neighbours(feature: _Feature, answer: Answer) -> list[Link]:
    """Return the links of a version to the ones before and after it, and note when it began."""
    import pyarrow as pa  # noqa: PLC0415

    start = answer.table["st_valid_from"].cast(pa.int64())[0].as_py()
    if start is not None:
        feature.call.extra["Memento-Datetime"] = http_date(start)
    starts = feature.starts(_pin(answer))
    place = starts.index(start)
    links = [link(feature.address(), "original", GEOJSON)]
    if place > 0:
        links.append(link(feature.address(starts[place - 1]), "predecessor-version", GEOJSON))
    if place + 1 < len(starts):
        links.append(link(feature.address(starts[place + 1]), "successor-version", GEOJSON))
    return [*links, *feature.history_links()]


def _pin(answer: Answer) -> str | None:
    return None if answer.pin is None else answer.pin.text


def _gone(feature: _Feature, pin: str | None) -> Response:
    """Return that a feature is not there then, with the way to when it was; `NotFound` if it never was."""
    call = feature.call
    absent = NotFound("unknown-feature", f"collection '{feature.layer.name}' has no feature '{feature.key}'")
    if not feature.kind.versioned:
        raise absent
    starts = feature.starts(pin)
    links = [link(feature.address(starts[-1]), "latest-version", GEOJSON), *feature.history_links()]
    call.extra["Link"] = link_header(links)
    gone = NotFound("feature-gone", f"feature '{feature.key}' was not there then; it has other versions")
    return call.reply(encoded(problem_of(gone) | {"links": links}), PROBLEM, 410)


def http_date(at_us: int) -> str:
    """Return an instant as HTTP writes it, to the second.

    >>> http_date(994_070_597_000_000)
    'Mon, 02 Jul 2001 10:43:17 GMT'
    """
    return format_datetime(datetime.fromtimestamp(at_us // 1_000_000, UTC), usegmt=True)


def _link_format(links: list[dict[str, str]]) -> str:
    """Return links as RFC 6690 writes them."""
    lines = []
    for made in links:
        parts = [f"<{made['href']}>", f'rel="{made["rel"]}"']
        parts += [f'{name}="{made[name]}"' for name in ("type", "datetime") if name in made]
        lines.append(";".join(parts))
    return ",\n".join(lines) + "\n"
