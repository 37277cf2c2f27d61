"""Import of cases: the requests of a layer become cases, and what a later load changed becomes actions.

Tested by `tests/city/test_caseimport.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.errors import InvalidInput
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.imported import CORRECTING, actions_of
from stcloud.paas.case.requested import Request, RequestColumns, import_of
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.paas.query import Query

__all__ = ["CasesImported", "import_layer", "import_requests"]

_ROWS = 2_000
_DEGREES = "EPSG:4326"


@dataclass(slots=True)
class CasesImported:
    """What an import did.

    Attributes
    ----------
    read, opened, changed, unchanged
        Requests that were read; of which new cases were opened, known ones got actions, known ones were as they are.
    actions, corrections
        Actions that were appended, and how many of them correct an instant.
    left_out
        Why requests were left out, by number.
    """

    read: int = 0
    opened: int = 0
    changed: int = 0
    unchanged: int = 0
    actions: int = 0
    corrections: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{self.read:,} requests: {self.opened:,} opened, {self.changed:,} changed, {self.unchanged:,} as they "
            f"were, {len(self.left_out):,} left out; {self.actions:,} actions, {self.corrections:,} corrections"
        )


def import_layer(
    city: City, log: CaseLog, log_name: str, layer: str, columns: RequestColumns | None, actor: str
) -> CasesImported:
    """Import the requests of a layer; see `stcloud.city.cases.Cases.import_layer`."""
    workflows = log.rules.workflows
    if "imported-requests" not in {key.partition("/")[0] for key in workflows}:
        raise InvalidInput(
            "other-workflow", f"log '{log_name}' is of {', '.join(workflows)}, not of imported-requests",
            hint="import into a log of its own: workflow='imported-requests'",
            in_shell="import into a log of its own: stcloud case create CITY LOG --workflow imported-requests",
        )  # fmt: skip
    query, subject = city.query(layer), city.layer(layer)
    known = {attribute.name for attribute in subject.attributes}
    chosen = import_of(subject.definition.source).among(known) if columns is None else columns
    return import_requests(query, subject, city.configuration.crs, chosen, log, actor)


def import_requests(
    query: Query, layer: Layer, crs: str, columns: RequestColumns, log: CaseLog, actor: str
) -> CasesImported:
    """Import the requests of a layer, a few thousand in a transaction.

    Parameters
    ----------
    query, layer, crs
        The question whose rows are the requests, about this layer, and the CRS of their coordinates.
    columns
        Which columns say how a request went.
    log
        Where to, under the workflow ``imported-requests``.
    actor
        Who imports.

    Raises
    ------
    InvalidInput
        ``unknown-column``: the layer has a column not that the import needs.
    Conflict
        ``case-changed``: somebody else changes the cases.
    """
    known = {attribute.name for attribute in layer.attributes}
    missing = [name for name in columns.columns if name not in known]
    if missing:
        raise InvalidInput(
            "unknown-column", f"layer '{layer.name}' has no column '{missing[0]}' for the import",
            hint=f"it has {', '.join(sorted(known))}",
        )  # fmt: skip
    seen_us = layer.loads[-1].recorded_at_us if layer.loads else 0
    done = CasesImported()
    requests = _requests(query, crs, columns, seen_us)
    while chunk := list(islice(requests, _ROWS)):
        _import(chunk, log, actor, done)
    return done


def _import(chunk: list[Request], log: CaseLog, actor: str, done: CasesImported) -> None:
    states = log.states_of(request.number for request in chunk)
    wanted = [
        (states.get(request.number), actions_of(request, states.get(request.number), actor))
        for request in chunk
    ]
    changes = [(state, actions) for state, actions in wanted if actions]
    faults = log.append_imported(changes)
    done.read += len(chunk)
    done.unchanged += len(wanted) - len(changes)
    done.left_out |= faults
    for state, actions in changes:
        if actions[0].case in faults:
            continue
        done.opened += state is None
        done.changed += state is not None
        done.actions += len(actions)
        done.corrections += sum(action.name in CORRECTING for action in actions)


def _requests(query: Query, crs: str, columns: RequestColumns, seen_us: int) -> Iterator[Request]:
    for batch in query.batches():
        lon, lat = project(batch.column("st_x"), batch.column("st_y"), crs, _DEGREES)
        names = [
            name for name in ("st_key", "st_time", "st_unit", *columns.columns) if name in batch.schema.names
        ]
        values = {name: _plain(batch.column(name)) for name in dict.fromkeys(names)}
        for i in range(batch.num_rows):
            row: dict[str, Any] = {name: column[i] for name, column in values.items()}
            if lon[i] == lon[i]:  # a number
                row |= {"lon": round(float(lon[i]), 7), "lat": round(float(lat[i]), 7)}
            yield columns.request(row | {"seen": seen_us, "cell": row.get("st_unit")})


def _plain(column: pa.Array) -> list[Any]:
    """Return the values of a column; instants as UTC microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return list(column.to_pylist())
