"""A CQL2 filter, checked once and answered in two ways that agree (ring: paas).

Knows: CQL2, the columns of a layer, what a condition means. Must not know: plans, stages, files, engines.

Nouns: `Checker` (CQL2-JSON to a typed tree), `Node` (a part of that tree), `Names` (what may be named), `Statement`
(the tree as SQL, for what all engines do alike), `evaluate` (the tree over Arrow batches, all of it).

Start reading at `node.py`, then `check.py`. `notation` reads text and JSON, which `size` bounds and in which
`literal` keeps times as they are written; `moment` reads times, `shape` geometry; `temporal` tells relations of
intervals as comparisons; `function` is the set of functions. `statement` and `vector` are the evaluators, `bound`
tells what may be left unread; `spelling`, `spatial` and `member` do what SQL does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.query.filter.bound import bounds_of
    from stcloud.paas.query.filter.check import Checker
    from stcloud.paas.query.filter.function import FUNCTIONS
    from stcloud.paas.query.filter.names import Names
    from stcloud.paas.query.filter.node import Node, conjuncts
    from stcloud.paas.query.filter.notation import parse_expression, parse_filter
    from stcloud.paas.query.filter.statement import Statement, in_sql
    from stcloud.paas.query.filter.vector import evaluate

__all__ = [
    "FUNCTIONS",
    "Checker",
    "Names",
    "Node",
    "Statement",
    "bounds_of",
    "conjuncts",
    "evaluate",
    "in_sql",
    "parse_expression",
    "parse_filter",
]  # fmt: skip

_HOMES = {
    "Checker": ".check",
    "FUNCTIONS": ".function",
    "Names": ".names",
    "Node": ".node",
    "Statement": ".statement",
    "bounds_of": ".bound",
    "conjuncts": ".node",
    "evaluate": ".vector",
    "in_sql": ".statement",
    "parse_expression": ".notation",
    "parse_filter": ".notation",
}

__getattr__ = late_names(__name__, _HOMES)  # what only names columns needs no CQL2
