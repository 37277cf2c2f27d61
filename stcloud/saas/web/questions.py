"""Questions as documents: rows, measures, joins, cubes, hot spots, what is known of a place.

The documents are those of Python and the shell (docs/reference/question.schema.json); an answer comes in the format
that is accepted, whole or not at all.

Tested by `tests/saas/web/test_questions.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely
from starlette.responses import Response

from stcloud.daas.definition.clause import definition_faults
from stcloud.errors import InvalidDefinition, InvalidInput, Unsupported
from stcloud.saas.web.answerformat import OFFERED, json_rows, written
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import GEOJSON, JSON, PARQUET
from stcloud.saas.web.personal import personal_in_document, personal_in_records
from stcloud.saas.web.questiondocument import CubeDocument, HotspotDocument, JoinDocument, SituationDocument

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.query import Answer, Question

__all__ = [
    "answer_of", "answer_text", "answered", "checked_document", "cubes", "hotspots", "joins", "no_file", "questions",
    "read_document", "situation", "too_many_rows",
]  # fmt: skip


def questions(call: CityRequest) -> Response:
    """Answer a question; `after` and `limit` page through its rows."""
    from stcloud.paas.query import Question  # noqa: PLC0415

    return answered(call, answer_of(call, read_document(call, Question)))


def answer_of(call: CityRequest, question: Question) -> Answer:
    """Return the answer to a question, of rows a page; `InvalidInput` ``too-many-rows``."""
    most = call.service.settings.most_rows
    if not question.summed and question.limit is None:
        question = question.model_copy(update={"limit": most})
    elif question.limit is not None and question.limit > most:
        raise too_many_rows(most)
    query = question.narrow(call.city.query(question.layer), no_file)
    answer = question.answer(query, no_file)
    if len(answer) > most:
        raise too_many_rows(most)
    return answer


def joins(call: CityRequest) -> Response:
    """Answer a join: events with their partners."""
    document = read_document(call, JoinDocument)
    question = document.question()
    narrowed = question.narrow(call.city.query(question.layer), no_file)
    joining = narrowed.joining(document.join, document.how, **document.keywords())
    reader, most = joining.reader(), call.service.settings.most_rows
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > most:
            raise too_many_rows(most)
    from stcloud.paas.query import Answer  # noqa: PLC0415

    lattice = call.city.configuration.lattice
    table = pa.Table.from_batches(batches, reader.schema)
    return answered(call, Answer(table, lattice, dict(joining.facts), pin=joining.pin, coded=joining.coded))


def cubes(call: CityRequest) -> Response:
    """Answer a cube: a row for each bin that has rows, with its step, cell and measures."""
    from stcloud.paas.query import Answer  # noqa: PLC0415

    cube = read_document(call, CubeDocument).cube(call.city, no_file)
    table = _placed(call, cube.to_arrow(), cube)
    return answered(call, Answer(table, call.city.configuration.lattice, dict(cube.facts)))


def hotspots(call: CityRequest) -> Response:
    """Answer hot and cold spots: a row for each cell."""
    from stcloud.paas.query import Answer  # noqa: PLC0415

    document = read_document(call, HotspotDocument)
    result = document.hotspots(document.cube(call.city, no_file))
    facts = dict(result.cube.facts)
    table = _placed(call, result.to_arrow(), result.cube)
    return answered(call, Answer(table, call.city.configuration.lattice, facts))


def _placed(call: CityRequest, table: pa.Table, cube: Cube) -> pa.Table:
    """Return rows of a cube's cells, with their areas where the format has places; lattice cells have theirs."""
    cells = cube.cells
    if (
        cells.shapes is None
        or cells.noun.startswith("cell_")
        or call.media(*OFFERED) not in (GEOJSON, PARQUET)
    ):
        return table
    areas = pa.array(shapely.to_wkb(cells.shapes()), pa.binary())
    return table.append_column("st_geom", areas.take(pc.index_in(table[cells.noun], cells.names)))


def situation(call: CityRequest) -> Response:
    """Answer what is known of a place."""
    document = read_document(call, SituationDocument)
    media = call.media(JSON, GEOJSON)
    answer = call.city.situation(
        (document.lon, document.lat), document.at, document.known_at, document.radius, days=document.days,
        logs=document.logs, layers=document.layers, nearest=document.nearest, limit=document.limit,
    )  # fmt: skip
    text = answer.to_json() if media is JSON else answer.to_geojson()
    if call.service.notes.are_kept:
        call.given["personal"] = personal_in_records(call.city, json.loads(text))
    return call.reply(text.encode(), media)


def answered(call: CityRequest, answer: Answer) -> Response:
    """Return an answer in the format that is accepted, whole, and note what it gives."""
    media = call.media(*OFFERED)
    call.gives(
        answer, personal=personal_in_document(call.city, call.given["document"], answer.table.column_names)
    )
    if len(answer) > call.service.settings.most_rows:
        raise too_many_rows(call.service.settings.most_rows)
    pin = None if answer.pin is None else answer.pin.text
    if pin is not None:
        call.extra["Pin"] = pin
    if answer.next is not None:
        call.extra["Next"] = answer.next
    return call.reply(answer_text(answer) if media is JSON else written(answer, media), media)


def answer_text(answer: Answer) -> bytes:
    """Return an answer as JSON: what was understood, its pin, the cursor of the next page, and its rows."""
    pin = None if answer.pin is None else answer.pin.text
    about = encoded({"facts": dict(answer.facts), "pin": pin, "next": answer.next})
    return about[:-1] + b',"rows":' + json_rows(answer) + b"}"


def too_many_rows(most: int) -> InvalidInput:
    """Return the error for an answer that has more rows than are given at once."""
    return InvalidInput(
        "too-many-rows", f"the answer has more than {most:,} rows, the most that are given at once",
        hint="ask with a limit and go on with after, or ask for less: groups, a shorter time, a smaller area",
    )  # fmt: skip


def read_document(call: CityRequest, model: Any, parameters: Sequence[str] = ()) -> Any:
    """Return the document of a request; `InvalidDefinition` with every fault, `Unsupported` ``wrong-media-type``.

    ``parameters`` are those that the address may have beside it.
    """
    call.known_parameters(parameters)
    given = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if given != "application/json":
        raise Unsupported("wrong-media-type", f"the body is {given}; it is to be application/json")
    return checked_document(call, call.body, model, "the body")


def checked_document(call: CityRequest, text: str | bytes, model: Any, name: str) -> Any:
    """Return a document of a request, and note it; ``name``: what to call it in errors; raises as `read_document`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition("not-json", f"{name} is not JSON: {error}") from error
    with definition_faults(name, lambda _: model.model_fields):
        validated = model.model_validate(document)
    call.given["document"] = validated.model_dump(mode="json", exclude_defaults=True)
    return validated


def no_file(place: str) -> str:
    """Return a place as it is; `InvalidInput` ``no-files``: one that names a file of the service's machine."""
    if place.strip().startswith("file:"):
        raise InvalidInput(
            "no-files", "a place names a file, and the service reads none", hint="send it as wkt:…"
        )
    return place
