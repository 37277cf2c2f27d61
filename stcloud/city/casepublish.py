"""Publishing a log of cases: its cases as they are known now, loaded into a layer of events.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.city.caselogs import CasePlaces
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.published import PublishedCases

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.daas.reckoning import Reckoning

__all__ = ["publish_cases"]


def publish_cases(
    city: City, places: CasePlaces, log: CaseLog, log_name: str, layer: str | None
) -> Reckoning | None:
    """Load the cases of a log, as they are known now, into a layer; see `stcloud.city.cases.Cases.publish`."""
    name = f"{log_name}-cases" if layer is None else layer
    known_us = log.records.pin()
    published = PublishedCases(log.rules.known_at(known_us), log_name)
    batches = published.batches(log.records, known_us)
    first = next(batches, None)
    if first is None:
        return None
    reader = pa.RecordBatchReader.from_batches(published.schema, chain([first], batches))
    definition = published.definition(name, city.configuration.zone.name)
    places.widen(name, definition)
    return city.load(name, reader, definition=definition)
