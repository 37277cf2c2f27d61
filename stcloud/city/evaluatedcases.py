"""What is evaluated in a city: the cases of a log at any instant, or of a layer as it was known.

Tested by `tests/city/test_evaluating.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.city.casefacts import facts_of_published, facts_of_requests, has_facts
from stcloud.city.casegroups import on_grid_at, only_grid, place_of, with_duty_grids
from stcloud.city.evaluating import (
    CaseEvaluation,
    EvaluationKeywords,
    FactReader,
    plan_of,
    with_repeats_of,
)
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.case.requested import import_of
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.catalogue import Layer
    from stcloud.iaas.clock import Clock
    from stcloud.paas.case.caselog import CaseLog
    from stcloud.paas.query import Query

__all__ = ["evaluate_layer", "evaluate_log"]

_AREAS = ("street", "district", "community", "duty_grid")


def evaluate_log(
    parts: CityParts, city: City, log: CaseLog, name: str, options: EvaluationKeywords
) -> CaseEvaluation:
    """Evaluate the cases of a log; see `stcloud.city.cases.Cases.evaluate`."""
    _refuse_areas(options)
    known_us = log.records.pin(_instant(city, options.get("known_at")))
    at = _instant(city, options.get("at"))
    return _evaluated(
        parts,
        city,
        name,
        options,
        partial(log.facts, known_us, at_us=at),
        known_us if at is None else at,
        known_us,
    )


def evaluate_layer(
    parts: CityParts, city: City, name: str, clock: Clock, options: EvaluationKeywords
) -> CaseEvaluation:
    """Evaluate the cases of a layer: published ones, or requests that have due and closing times of their own.

    Raises
    ------
    NotFound, InvalidInput
        ``unknown-layer``; ``unknown-import``: which columns say how a request went is not known;
        ``at-a-batch``: published cases are known at the instants of their batches.
    """
    layer = city.layer(name)
    known_us = _instant(city, options.get("known_at"))
    query = city.query(name) if known_us is None else city.query(name).known_at(city_instant(city, known_us))
    crs, zone = city.configuration.crs, city.configuration.zone
    until_us = None if known_us is None else layer.axis_us(known_us)
    loads = [
        each.recorded_at_us for each in layer.loads if until_us is None or each.recorded_at_us <= until_us
    ]
    at_us = _instant(city, options.get("at"))
    if has_facts(layer):
        _refuse_areas(options)
        if not loads:
            raise NotFound(
                "unknown-layer", f"layer '{name}' was not published yet at {zone.iso(known_us or 0)}"
            )
        if at_us is not None and at_us != loads[-1]:
            raise InvalidInput(
                "at-a-batch", f"the cases of layer '{name}' are read as they were published",
                hint="leave out at, or evaluate the log itself",
                in_shell="leave out --at, or evaluate the log itself",
            )  # fmt: skip
        read: FactReader = partial(facts_of_published, query, layer, crs)
        return _evaluated(parts, city, name, options, read, loads[-1], loads[-1])
    now_us = clock() if known_us is None else known_us
    at_us = now_us if at_us is None else at_us
    read = partial(_requests, query, layer, crs, at_us, options)
    return _evaluated(parts, city, name, options, read, at_us, now_us)


def city_instant(city: City, at_us: int) -> str:
    """Return an instant as questions take it."""
    return city.configuration.zone.iso(at_us)


def _requests(
    query: Query, layer: Layer, crs: str, at_us: int, options: EvaluationKeywords
) -> pa.RecordBatchReader:
    known = {attribute.name for attribute in layer.attributes}
    columns = import_of(layer.definition.source).among(known)
    return facts_of_requests(query, layer, crs, columns, at_us, units=areas_of(options.get("areas") or {}))


def _evaluated(
    parts: CityParts, city: City, name: str, options: EvaluationKeywords, read: FactReader, at_us: int,
    known_us: int,
) -> CaseEvaluation:  # fmt: skip
    configuration = city.configuration
    plan = plan_of(options, at_us, known_us, configuration.zone)
    grid_at = _instant(city, options.get("grid_at"))
    adapted = _adapted(parts, city, options, read, plan.by, known_us)
    place = place_of(parts, plan.by, known_us, at_us if grid_at is None else grid_at)
    return CaseEvaluation.of(name, plan, adapted, configuration.lattice, place)


def _adapted(
    parts: CityParts, city: City, options: EvaluationKeywords, read: FactReader, by: tuple[str, ...], known_us: int
) -> FactReader:  # fmt: skip
    """Return what reads facts as the options say: on the grid of an instant, with duty grids, with repeats."""
    grid_at, crs = _instant(city, options.get("grid_at")), city.configuration.crs
    steps: list[Callable[[pa.RecordBatch], pa.RecordBatch]] = []
    if grid_at is not None:
        grid = only_grid(parts, "the grid of an instant")
        steps.append(lambda batch: on_grid_at(batch, grid, crs, grid_at))
    if "duty_grid" in by and "duty_grid" not in (options.get("areas") or {}):
        from stcloud.city.placelayers import LayerRoles  # noqa: PLC0415  (few evaluations need it)

        layers = LayerRoles.of(city).layers["duty-grids"]
        if len(layers) != 1:
            raise InvalidInput(
                "which-duty-grids", f"the city has {len(layers) or 'no'} layers of duty grids, and one is needed",
                hint="load a layer of duty grids",
            )  # fmt: skip
        members = parts.grids.duties(layers[0]).members(known_us)
        steps.append(lambda batch: with_duty_grids(batch, members))

    def stepped() -> pa.RecordBatchReader:
        reader = read()

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                for step in steps:
                    batch = step(batch)  # noqa: PLW2901
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches()) if steps else reader

    return with_repeats_of(stepped, options.get("repeats"))


def _refuse_areas(options: EvaluationKeywords) -> None:
    if options.get("areas"):
        raise InvalidInput(
            "areas-of-requests", "cases know their cells, and areas are of layers of requests",
            hint="leave areas out", in_shell="leave --area out",
        )  # fmt: skip


def areas_of(stated: Mapping[str, str]) -> Mapping[str, str]:
    """Return columns by the area that they hold; `InvalidInput` ``unknown-area``."""
    for name in stated:
        if name not in _AREAS:
            close = nearest(name, _AREAS)
            raise InvalidInput(
                "unknown-area", f"requests have no area '{name}'",
                hint=f"did you mean '{close[0]}'?" if close else f"use {', '.join(_AREAS)}",
            )  # fmt: skip
    return stated


def _instant(city: City, instant: Instant | None) -> int | None:
    return None if instant is None else instant_us(instant, city.configuration.zone)
