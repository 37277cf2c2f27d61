"""Evaluations of cases over HTTP: numbers with the counts that they are made of, and the cases of each number.

Tested by `tests/saas/web/test_evaluations.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from stcloud.daas.definition.clause import Closed
from stcloud.errors import InvalidInput
from stcloud.paas.case.requested import import_of
from stcloud.saas.cli.output import plain
from stcloud.saas.web.answerformat import written
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.caselists import log_to_read
from stcloud.saas.web.media import CSV, GEOJSON, JSON
from stcloud.saas.web.parameter import iso_utc
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.questiondocument import Truth
from stcloud.saas.web.questions import read_document, too_many_rows

if TYPE_CHECKING:
    from stcloud.city.evaluating import CaseEvaluation
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.case.evaluation import TimeToClose

__all__ = [
    "EVALUATION_FORMATS",
    "CountedCasesDocument",
    "EvaluationDocument",
    "evaluation_cases",
    "evaluations",
]

EVALUATION_FORMATS = (JSON, GEOJSON, CSV)
_Names = tuple[str, ...]
_DEFAULT_ROWS = 1_000
_KEYWORDS = ("by", "period", "at", "known_at", "indicators", "policy", "basis", "scheme", "grid_at", "areas")


class RepeatsDocument(Closed):
    """What counts as reported again; see `RepeatRule`."""

    within_m: Annotated[float, Field(strict=True)] = 50.0
    within_days: Annotated[float, Field(strict=True)] = 15.0


class EvaluationDocument(Closed):
    """What is evaluated; see `City.evaluate` and `Cases.evaluate`.

    Parameters
    ----------
    log, layer
        A log of cases, or a layer of published cases or of requests.
    by, period, at, known_at, indicators, policy, basis, grid_at, areas
        As for `City.evaluate`.
    scheme
        Name of bundled indicators.
    repeats
        What counts as reported again.
    compare
        Beside the numbers those of the period before (``previous``) or of a year earlier (``year``).
    score
        Name of a bundled table: scores, ranks and grades of the groups.
    times
        Whether how long cases took is given by group.
    """

    log: str | None = None
    layer: str | None = None
    by: _Names = ()
    period: str | None = None
    at: str | None = None
    known_at: str | None = None
    indicators: _Names | None = None
    policy: _Names = ()
    basis: str | None = None
    scheme: str = "urban-management"
    grid_at: str | None = None
    areas: dict[str, str] | None = None
    repeats: RepeatsDocument | None = None
    compare: Literal["previous", "year"] | None = None
    score: str | None = None
    times: Truth = False


class CountedCasesDocument(EvaluationDocument):
    """A number of an evaluation, whose cases are wanted.

    Parameters
    ----------
    indicator, part
        The indicator; ``numerator``, ``denominator`` or ``difference``: in this and not in that.
    group
        Labels of the groups, null of what is not known; without any: of all.
    limit, after
        Cases of a page, and the number of the last case of the page before.
    """

    indicator: str
    part: Literal["numerator", "denominator", "difference"] = "numerator"
    group: dict[str, str | None] = Field(default_factory=dict)
    limit: Annotated[int, Field(strict=True, ge=1)] | None = None
    after: str | None = None


def evaluations(call: CityRequest) -> Response:
    """Answer an evaluation: indicators by group, each with its counts.

    As GeoJSON or CSV it has the groups alone.
    """
    document: EvaluationDocument = read_document(call, EvaluationDocument)
    media = call.media(*EVALUATION_FORMATS)
    with _evaluated(call, document) as evaluation:
        if len(evaluation) > call.service.settings.most_rows:
            raise too_many_rows(call.service.settings.most_rows)
        call.given["rows"] = len(evaluation)
        _note_personal(call, document, evaluation.table.column_names)
        if media is not JSON:
            return call.reply(written(evaluation.answer(), media), media)
        return call.reply(encoded(plain(_numbers(evaluation, document))), JSON)


def evaluation_cases(call: CityRequest) -> Response:
    """Answer the cases of a number of an evaluation: as many as it says, by pages in order of their numbers."""
    document: CountedCasesDocument = read_document(call, CountedCasesDocument)
    media = call.media(JSON)
    most = call.service.settings.most_rows
    limit = min(_DEFAULT_ROWS, most) if document.limit is None else document.limit
    if limit > most:
        raise too_many_rows(most)
    with _evaluated(call, document) as evaluation:
        rows = evaluation.cases(document.indicator, document.part, **document.group)
    numbers = rows["number"].to_pylist()
    first = 0 if document.after is None else sum(number <= document.after for number in numbers)
    page = rows.slice(first, limit)
    call.given["rows"] = len(page)
    _note_personal(call, document, [*rows.column_names, "st_key"])
    answer = {
        "count": len(rows), "cases": page.to_pylist(),
        "after": numbers[first + limit - 1] if first + limit < len(rows) else None,
    }  # fmt: skip
    return call.reply(encoded(plain(answer)), media)


@contextmanager
def _evaluated(call: CityRequest, document: EvaluationDocument) -> Iterator[CaseEvaluation]:
    """Give the evaluation that a document wishes, as long as its cases may be read."""
    if (document.log is None) == (document.layer is None):
        raise InvalidInput(
            "which-cases", "cases are those of a log or of a layer", hint="name one of the two"
        )
    options: dict[str, Any] = {name: getattr(document, name) for name in _KEYWORDS}
    if document.repeats is not None:
        from stcloud.paas.case.evaluation import RepeatRule  # noqa: PLC0415

        options["repeats"] = RepeatRule(**document.repeats.model_dump())
    if document.score is not None and document.indicators is None:
        from stcloud.paas.case.evaluation import read_score_table  # noqa: PLC0415

        options["indicators"] = read_score_table(document.score).indicators
    if document.layer is not None:
        yield call.city.evaluate(document.layer, **options)
        return
    if options["areas"] is None:
        del options["areas"]
    with log_to_read(call, str(document.log)) as cases:
        yield cases.evaluate(**options)


def _numbers(evaluation: CaseEvaluation, document: EvaluationDocument) -> dict[str, Any]:
    plan = evaluation.plan
    numbers: dict[str, Any] = {
        "name": evaluation.name,
        "by": list(plan.by),
        "at": iso_utc(plan.at_us),
        "known_at": iso_utc(plan.known_us),
        "period": None if plan.period is None else plan.period.text(plan.zone),
        "indicators": [_indicator(evaluation, name) for name in plan.names],
        "left_out": dict(evaluation.evaluation.left_out),
        "undated": dict(evaluation.evaluation.undated),
        "words": list(evaluation.words()),
        "total": evaluation.row(),
        "groups": evaluation.table.to_pylist(),
    }
    if document.compare is not None:
        numbers["compared"] = evaluation.compare(document.compare).table.to_pylist()
    if document.score is not None:
        numbers["scores"] = evaluation.score(document.score).to_pylist()
    if document.times:
        numbers["times"] = [
            dict(zip(plan.by, labels, strict=True)) | _times(times)
            for labels, times in evaluation.time_to_close().items()
        ]
    return numbers


def _indicator(evaluation: CaseEvaluation, name: str) -> dict[str, Any]:
    clause = evaluation.plan.measure(name).clause
    return {
        "name": name, "title": clause.title, "title_zh": clause.title_zh, "unit": clause.unit,
        "direction": clause.direction,
    }  # fmt: skip


def _times(times: TimeToClose) -> dict[str, Any]:
    return {
        "closed": times.closed, "open": times.open, "median_closed_hours": _hours(times.median_closed_us),
        "median_hours": _hours(times.median_us),
    }  # fmt: skip


def _hours(lasted_us: int | None) -> float | None:
    return None if lasted_us is None else round(lasted_us / 3.6e9, 2)


def _note_personal(call: CityRequest, document: EvaluationDocument, columns: Iterable[str]) -> None:
    """Note the personal columns of a layer of cases that an answer may hold, by any name that it has them under."""
    if document.layer is None or not call.service.notes.are_kept:
        return
    layer = call.city.layer(document.layer)
    used = {attribute.name for attribute in layer.attributes} & set(_columns_of_cases(layer))
    call.given["personal"] = personal_of(layer, {*columns, *used, *(document.areas or {}).values()})


def _columns_of_cases(layer: Layer) -> tuple[str, ...]:
    """Return the columns of a layer of requests that facts of cases are made of."""
    try:
        return import_of(layer.definition.source).columns
    except InvalidInput:
        return ()
