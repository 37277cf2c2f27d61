"""Series over HTTP: readings and results by bin, stations, and episodes of a rule.

Tested by `tests/saas/web/test_seriesroutes.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from starlette.responses import Response

from stcloud.city.placelayers import name_column
from stcloud.daas.definition.clause import Closed
from stcloud.errors import InvalidInput
from stcloud.saas.web.answerformat import written
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.layerlist import named_layer
from stcloud.saas.web.media import ARROW, CSV, GEOJSON, JSON, NDJSON, PARQUET
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.questiondocument import Truth
from stcloud.saas.web.questions import no_file, read_document, too_many_rows
from stcloud.saas.web.referencesystem import CRS84
from stcloud.time import instant_us

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.paas.query import Answer
    from stcloud.paas.series.resampled import Resampled
    from stcloud.paas.series.seriesquery import SeriesQuery

__all__ = [
    "EPISODE_FORMATS", "SERIES_FORMATS", "EpisodesDocument", "SeriesDocument", "episodes", "series", "series_layer",
    "stations",
]  # fmt: skip

SERIES_FORMATS = (JSON, CSV, NDJSON, ARROW, PARQUET)
EPISODE_FORMATS = (JSON, GEOJSON, CSV, NDJSON, ARROW, PARQUET)
_Names = tuple[str, ...]
_Count = Annotated[int, Field(strict=True, ge=1)]
_RECURRING = ("weekdays", "hours", "months", "seasons", "days", "calendar")


class SeriesDocument(Closed):
    """A question about readings; see `City.series`.

    Parameters
    ----------
    layer
        A layer of readings.
    when, weekdays, hours, months, seasons, days, calendar, now
        As for `SeriesQuery.when`.
    at, value, where, crs, known_at
        Keys of stations; names of values; places in which stations lay; their CRS; as known at this instant or pin.
    resample, method, complete
        As for `SeriesQuery.resample`: results by bin instead of readings.
    gaps, lateness
        Gaps instead of readings; how late readings became known.
    limit, after
        Rows of a page, and how many come before it: state the pin of the first page with it.
    """

    layer: str
    when: _Names = ()
    weekdays: str | None = None
    hours: str | None = None
    months: str | None = None
    seasons: str | None = None
    days: str | None = None
    calendar: str | None = None
    now: str | None = None
    at: _Names = ()
    value: _Names = ()
    where: _Names = ()
    crs: str | None = None
    known_at: str | None = None
    resample: str | None = None
    method: _Names = ("mean",)
    complete: str | None = None
    gaps: Truth = False
    lateness: Truth = False
    limit: _Count | None = None
    after: Annotated[int, Field(strict=True, ge=0)] = 0

    def narrowed(self, wanted: SeriesQuery) -> SeriesQuery:
        """Return a question about all readings, narrowed; raises what the methods of `SeriesQuery` raise."""
        recurring = {name: getattr(self, name) for name in _RECURRING}
        if self.when or any(recurring.values()):
            wanted = wanted.when(*self.when, **recurring, now=self.now)
        wanted = wanted if self.known_at is None else wanted.known_at(self.known_at)
        wanted = wanted.at(*self.at) if self.at else wanted
        wanted = wanted.values(*self.value) if self.value else wanted
        return wanted.where(*map(no_file, self.where), crs=self.crs) if self.where else wanted


class EpisodesDocument(Closed):
    """A rule, and which of its episodes are wanted; see `City.episodes`.

    Parameters
    ----------
    rule
        Keys and values of the rule, as its TOML file has them.
    layer
        A layer of readings; None: that of the rule.
    at, when, known_at
        Keys of stations; a span that episodes lie in or reach into; as known at this instant or pin.
    """

    rule: dict[str, Any]
    layer: str | None = None
    at: _Names = ()
    when: str | None = None
    known_at: str | None = None


def series(call: CityRequest) -> Response:
    """Answer what stations measured: readings with their flags, results by bin, gaps, or lateness."""
    document: SeriesDocument = read_document(call, SeriesDocument)
    media = call.media(*SERIES_FORMATS)
    chosen = [name for name in ("resample", "gaps", "lateness") if getattr(document, name)]
    if len(chosen) > 1:
        raise InvalidInput(
            "several-results", f"{' and '.join(chosen)} give different tables", hint="state one of them"
        )
    most = call.service.settings.most_rows
    if document.limit is not None and document.limit > most:
        raise too_many_rows(most)
    wanted = document.narrowed(call.city.series(document.layer))
    made, answer = _answer(wanted, document)
    total = len(answer)
    if document.limit is None and total - document.after > most:
        raise too_many_rows(most)
    page = answer.table.slice(document.after, document.limit)
    end = document.after + len(page)
    call.gives(answer, len(page), personal=_personal(call, wanted, page))
    pin = wanted.pin.text
    call.extra["Pin"] = pin
    if media is not JSON:
        return call.reply(written(replace(answer, table=page), media), media)
    shown = {
        "facts": dict(answer.facts), "pin": pin, "values": _values(wanted),
        "every": None if made is None else made.every, "complete": None if made is None else made.complete,
        "total": total, "next": end if end < total else None,
        "rows": json.loads(written(replace(answer, table=page), JSON)),
    }  # fmt: skip
    return call.reply(encoded(shown), JSON)


def series_layer(call: CityRequest) -> Response:
    """Return what a layer of readings measures, how often, and where its stations are."""
    call.known_parameters(())
    media = call.media(JSON)
    wanted = call.city.series(named_layer(call).name)
    clause = wanted.columns.clause
    document = {
        "layer": wanted.name, "stations": clause.stations, "step": clause.step, "complete": clause.complete,
        "values": _values(wanted),
    }  # fmt: skip
    return call.reply(encoded(document), media)


def stations(call: CityRequest) -> Response:
    """Return the stations of a layer of readings, as they are or were at ``at``, as known at ``known``."""
    given = call.known_parameters(("at", "known"))
    media = call.media(GEOJSON)
    city, zone = call.city, call.city.configuration.zone
    layer = city.series(named_layer(call).name).station_layer
    at_us = instant_us(given["at"], zone) if "at" in given else call.now_us
    query = city.query(layer.name).as_of(at_us)
    query = query.known_at(given["known"]) if "known" in given else query
    most = call.service.settings.most_rows
    answer = query.rows(most)
    if answer.next is not None:
        raise too_many_rows(most)
    names = [attribute.name for attribute in layer.attributes]
    call.gives(answer, personal=personal_of(city.layer(layer.name), [*names, "st_key"]))
    document = {
        "type": "FeatureCollection",
        "layer": layer.name,
        "label": name_column(layer),
        "pin": None if answer.pin is None else answer.pin.text,
        "numberReturned": len(answer),
        "features": features_of(answer, names, kind_of(layer), CRS84),
        "links": call.own_links(media, (GEOJSON,)),
    }
    return call.reply(encoded(document), media)


def episodes(call: CityRequest) -> Response:
    """Answer the episodes of a rule."""
    from stcloud.city.episodes import read_rule  # noqa: PLC0415

    document: EpisodesDocument = read_document(call, EpisodesDocument)
    media = call.media(*EPISODE_FORMATS)
    rule = read_rule(document.rule | ({} if document.layer is None else {"layer": document.layer}))
    call.given["document"]["layer"] = rule.layer
    wanted = call.city.episodes(rule.layer, rule)
    wanted = wanted.at(*document.at) if document.at else wanted
    wanted = wanted if document.when is None else wanted.when(document.when)
    wanted = wanted if document.known_at is None else wanted.known_at(document.known_at)
    answer = wanted.answer()
    if len(answer) > call.service.settings.most_rows:
        raise too_many_rows(call.service.settings.most_rows)
    call.gives(
        answer, personal=_personal(call, call.city.series(rule.layer).values(rule.value), answer.table)
    )
    pin = None if answer.pin is None else answer.pin.text
    if pin is not None:
        call.extra["Pin"] = pin
    if media is not JSON:
        return call.reply(written(answer, media), media)
    rows = json.loads(written(answer, JSON))
    shown = {"facts": dict(answer.facts), "title": rule.title, "pin": pin, "rows": rows}
    return call.reply(encoded(shown), JSON)


def _answer(wanted: SeriesQuery, document: SeriesDocument) -> tuple[Resampled | None, Answer]:
    """Return the table that is wanted, and the results that it is made of, if these are by bin."""
    from stcloud.paas.query import Answer  # noqa: PLC0415

    if document.gaps:
        return None, wanted.gaps()
    if document.lateness:
        return None, wanted.lateness()
    made = None
    if document.resample is not None:
        made = wanted.resample(document.resample, document.method, complete=document.complete)
    table = wanted.to_arrow() if made is None else made.to_arrow()
    return made, Answer(table, wanted.query.subject.configuration.lattice, wanted.facts(), pin=wanted.pin)


def _values(wanted: SeriesQuery) -> list[dict[str, Any]]:
    """Return the values that a question is about: units, titles, and limits within which they are plausible."""
    return [
        {
            "name": name, "title": clause.title, "unit": clause.unit,
            "plausible": None if clause.plausible is None else list(clause.plausible),
        }
        for name, (clause, _) in wanted.columns.values.items()
    ]  # fmt: skip


def _personal(call: CityRequest, wanted: SeriesQuery, table: pa.Table) -> frozenset[str]:
    """Return the personal columns of the layer that an answer holds: stations, and the values that are wanted."""
    layer, columns = call.city.layer(wanted.name), wanted.columns
    return personal_of(layer, [*table.column_names, *columns.stored, *columns.values])
