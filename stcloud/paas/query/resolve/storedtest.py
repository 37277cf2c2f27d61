"""A filter as a test of stored rows, whenever they were believed.

Tested by `tests/daas/purge/test_purge.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from stcloud.daas.purge.scope import RowTest
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.plan.plan import Plan, Rows, Scan
from stcloud.paas.query.plan.resolved import Mask, columns_of
from stcloud.paas.query.resolve.resolver import Resolver
from stcloud.paas.query.resolve.subject import Subject

__all__ = ["row_test"]


def row_test(subject: Subject, filters: Iterable[str]) -> RowTest:
    """Return what tells for which rows of a layer every one of some CQL2 filters is true.

    Raises
    ------
    InvalidInput, NotFound, Unsupported
        As `Query.what`.
    """
    city = subject.configuration.crs
    read = [Predicate.read(text, subject.names, subject.zone, city=city) for text in filters]
    plan = Plan((Scan(subject.layer.name), *read, Rows()))
    conditions = Resolver(subject, None).resolution(plan).conditions
    stored = columns_of(conditions)
    names = tuple(attribute.name for attribute in subject.columns.values() if attribute.stored in stored)

    def mask(rows: pa.RecordBatch) -> Mask:
        kept = np.ones(rows.num_rows, np.bool_)
        for condition in conditions:
            kept &= condition.mask(rows)
        return kept

    return RowTest(mask, tuple(dict.fromkeys(names)))
