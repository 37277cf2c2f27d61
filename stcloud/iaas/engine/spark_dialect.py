"""Statements in the words of Spark, and what is refused since endpoints differ in it.

The one place that tells which operators an engine lacks.

Tested by ``tests/iaas/engine/test_spark.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from stcloud.errors import Unsupported

__all__ = ["LACKING", "in_spark", "refuse_lacking"]

LACKING: Mapping[type, str] = {
    exp.ApproxQuantile: "approximate quantiles: endpoints approximate differently; PERCENTILE_CONT is exact",
    exp.ApproxDistinct: "approximate counts of distinct values: endpoints approximate differently",
    exp.Rand: "random numbers: no answer could be given twice",
    exp.TableSample: "samples: no answer could be given twice",
}
"""Operators that statements for a Spark Connect endpoint may not have, and why."""
_LACKING_PARTS = {
    "YEAROFWEEK": "the year of an ISO week: Sail has none",
    "YEAROFWEEKISO": "the year of an ISO week: Sail has none",
}


def refuse_lacking(query: exp.Query, engine: str) -> None:
    """Refuse a statement that an endpoint might answer in another way; `Unsupported` ``engine-lacks``."""
    for node in query.walk():
        why = LACKING.get(type(node))
        if isinstance(node, exp.Extract):
            why = _LACKING_PARTS.get(node.name.upper())
        if why is not None:
            raise Unsupported(
                "engine-lacks", f"the engine {engine} lacks {why}",
                hint="leave engine out: DuckDB runs it", in_shell="leave --engine out: DuckDB runs it",
            )  # fmt: skip


def in_spark(query: exp.Query) -> str:
    """Return a statement's text for Spark; the statement is changed."""
    for share in list(query.find_all(exp.PercentileCont)):  # Spark's name is PERCENTILE
        share.replace(exp.Quantile(this=share.this, quantile=share.expression))
    return query.sql(dialect="spark")
