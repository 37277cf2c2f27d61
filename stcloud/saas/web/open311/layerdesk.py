"""The desk of a layer: its events are requests, as the columns of its bundled definition say; it is only read.

Tested by `tests/saas/web/open311/test_layerdesk.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.paas.case.requested import RequestColumns, import_of
from stcloud.saas.web.open311.desk import Filed, RequestPage, ServiceType
from stcloud.saas.web.open311.document import instant_text
from stcloud.saas.web.open311.report import PublicReport
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.saas.web.open311.servicelist import service_named
from stcloud.saas.web.personal import personal_of
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer, Query

__all__ = ["LayerDesk"]

_DEGREES = "EPSG:4326"
_NEWEST_FIRST = ("-st_time",)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US, _LATEST_US = -62_135_500_000_000_000, 253_402_200_000_000_000
"""Instants of the years 1 and 9999: what is searched for beyond them is searched for there."""
_PLAIN = (
    "status_notes", "service_name", "description", "service_notice", "address", "address_id", "zipcode", "media_url",
)  # fmt: skip
"""What a layer shows where it has a column of that name."""
_MOST_SERVICES = 5_000


class LayerDesk:
    """Requests that are events of a layer.

    Parameters
    ----------
    city, layer
        The city, and the name of the layer.

    Raises
    ------
    NotFound, InvalidInput
        ``unknown-layer``; ``not-events``; ``unknown-import``: which columns say how a request went is not known.
    """

    def __init__(self, city: City, layer: str) -> None:
        self._city, self._layer = city, city.layer(layer)
        if self._layer.layer_kind.versioned:
            raise InvalidInput("not-events", f"layer '{layer}' has features; requests are events")
        self._names = {attribute.name for attribute in self._layer.attributes}
        self._columns: RequestColumns = import_of(self._layer.definition.source).among(self._names)

    @property
    def personal(self) -> frozenset[str]:
        """Personal columns of the layer, of which requests may show any."""
        return personal_of(self._layer, self._names)

    def close(self) -> None:
        """Do nothing: a layer is not held."""

    def services(self) -> Sequence[ServiceType]:
        """Return the classes that requests of the layer have, by code; none has attributes."""
        code = self._columns.class_
        if code is None:
            return []
        by = [code, *(["service_name"] if "service_name" in self._names - {code} else [])]
        groups = self._city.query(self._layer.name).measure(by=by, limit=_MOST_SERVICES)
        names: dict[str, str] = {}
        for group in groups.table.select(by).to_pylist():
            if group[code] is not None:
                names[str(group[code])] = str(group.get("service_name") or group[code])
        return [ServiceType(each, name) for each, name in sorted(names.items())]

    def service(self, code: str) -> ServiceType:
        """Return a class; `NotFound` ``unknown-service``."""
        return service_named(self.services(), code)

    def search(self, search: RequestSearch) -> RequestPage:
        """Return a page of requests, newest first; `Unsupported` ``no-changes``: the layer dates no changes."""
        if search.numbers:
            named = self._query().what({"op": "in", "args": [{"property": "st_key"}, list(search.numbers)]})
            return RequestPage(tuple(self._documents(named.rows(len(search.numbers)))))
        query, cursor = self._narrowed(search), search.cursor
        page: list[Mapping[str, Any]] = []
        while True:
            answer = query.rows(search.size - len(page), order=_NEWEST_FIRST, after=cursor)
            page += [each for each in self._documents(answer) if _is_wanted(each, search)]
            cursor = answer.next
            if cursor is None or len(page) == search.size:
                return RequestPage(tuple(page), cursor)

    def request(self, number: str) -> Mapping[str, Any]:
        """Return one request; `NotFound` ``unknown-request``."""
        query = self._query().what({"op": "=", "args": [{"property": "st_key"}, number]})
        request = next(self._documents(query.rows(1)), None)
        if request is None:
            raise NotFound("unknown-request", f"there is no request '{number:.80}'")
        return request

    def check(self, report: PublicReport) -> None:  # noqa: ARG002
        """Refuse every report: `Unsupported` ``no-reports``."""
        raise Unsupported("no-reports", "reports are not taken here: requests can be read only")

    def file(self, report: PublicReport, key: str | None) -> Filed:  # noqa: ARG002
        """Refuse every report, as `check` does."""
        raise Unsupported("no-reports", "reports are not taken here: requests can be read only")

    def _query(self) -> Query:
        return self._city.query(self._layer.name)

    def _narrowed(self, search: RequestSearch) -> Query:
        query = self._query()
        first_us, last_us = search.reported_us
        if search.reported_us != (None, None):
            query = query.when((_at(first_us), None if last_us is None else _at(last_us + 1)))
        for operator, instant_us in zip((">=", "<="), search.changed_us, strict=True):
            if instant_us is not None:
                query = query.what(self._changed(operator, instant_us))
        return query

    def _changed(self, operator: str, instant_us: int) -> dict[str, Any]:
        changed = self._columns.changed
        if changed is None:
            raise Unsupported(
                "no-changes", "the source of these requests does not say when they changed last"
            )
        at = _at(instant_us)
        text = "" if at is None else at.isoformat().replace("+00:00", "Z")
        return {"op": operator, "args": [{"property": changed}, {"timestamp": text}]}

    def _documents(self, answer: Answer) -> Iterator[dict[str, Any]]:
        table = answer.table
        lon, lat = project(
            table["st_x"].to_numpy(), table["st_y"].to_numpy(), self._city.configuration.crs, _DEGREES
        )
        names = (
            "st_key",
            "st_time",
            *self._columns.columns,
            *(name for name in _PLAIN if name in self._names),
        )
        values = {name: _plain(table[name]) for name in dict.fromkeys(names)}
        for place in range(len(table)):
            row = {name: column[place] for name, column in values.items()}
            yield self._document(row, float(lon[place]), float(lat[place]))

    def _document(self, row: Mapping[str, Any], lon: float, lat: float) -> dict[str, Any]:
        columns, request = self._columns, self._columns.request({**row, "seen": 0})
        code = row.get(columns.class_ or "")
        changed_us = row.get(columns.changed or "")
        due_us = row.get(columns.due or "")
        updated_us = changed_us if request.ended_us is None else request.ended_us
        plain = {name: _text(row.get(name)) for name in _PLAIN}
        placed = not math.isnan(lon)
        return {
            "service_request_id": request.number,
            "status": "open" if request.ended is None else "closed",
            "status_notes": plain["status_notes"],
            "service_name": plain["service_name"] or _text(code),
            "service_code": _text(code),
            "description": plain["description"],
            "agency_responsible": _text(row.get(columns.department or "")),
            "service_notice": plain["service_notice"],
            "requested_datetime": self._iso(request.opened_us),
            "updated_datetime": self._iso(updated_us),
            "expected_datetime": self._iso(due_us),
            "address": plain["address"],
            "address_id": plain["address_id"],
            "zipcode": plain["zipcode"],
            "lat": round(lat, 7) if placed else None,
            "long": round(lon, 7) if placed else None,
            "media_url": plain["media_url"],
        }

    def _iso(self, instant_us: Any) -> str | None:
        zone = self._city.configuration.zone
        return instant_text(instant_us, zone) if isinstance(instant_us, int) else None


def _at(instant_us: int | None) -> datetime | None:
    if instant_us is None:
        return None
    return _EPOCH + timedelta(microseconds=min(max(instant_us, _EARLIEST_US), _LATEST_US))


def _is_wanted(request: Mapping[str, Any], search: RequestSearch) -> bool:
    return (not search.codes or request["service_code"] in search.codes) and (
        not search.statuses or request["status"] in search.statuses
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column; instants as UTC microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return list(column.to_pylist())
