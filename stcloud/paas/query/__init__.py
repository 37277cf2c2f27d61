"""What happened where and when: questions about one layer (ring: paas).

Knows: plans, how they are resolved and compiled to stages of an engine, answers. Must not know: where files lie,
which engine runs, commands and pages.

A query goes through these stages, a room each; each knows only those below it, as the linter checks:

::

    spec, explain      what is asked, chained or as a document; what would be read, without reading a row
    run                a query put to its engine; answers, joins, comparisons, reasons
    compile            stages for an engine; reads nothing
    resolve            reads what the plan names of other layers, once, as it was known at the pinned instant
    parse              places as people write them
    condition          what a row must fulfil: a mask, SQL and limits under one law
    plan               what is wanted, as data
    measure, filter    measures and filters, as they are read and as they are evaluated
    place, answer      geometry of places; answers with their pins
    join, sql          kernels of joins; SQL trees

Nouns: `Query` (an immutable question about a `Subject`), `Question` (the same as a document), `Plan` and its
operators, `Condition` and `Resolved`, `Pin` (what an answer was given at), `Resolver` and `Resolution`, `Compiled`
(stages and the files they read), `Inquiry` (a query put to an engine), `Answer` and its pages, `Explanation`,
`Reason` (why a row is in an answer), `Features` (a feature layer, ready for queries).

Start reading at `spec/query.py`, then `plan/plan.py`, `resolve/resolver.py`, `compile/compilation.py` and
`run/inquiry.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.query.answer.answer import Answer
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.paas.query.condition.place import Place
    from stcloud.paas.query.condition.predicate import Predicate
    from stcloud.paas.query.explain import Explanation
    from stcloud.paas.query.parse.units import UnitIndex
    from stcloud.paas.query.resolve.features import Features
    from stcloud.paas.query.resolve.subject import Subject
    from stcloud.paas.query.spec.query import Query
    from stcloud.paas.query.spec.question import Question

__all__ = [
    "Answer", "Explanation", "Features", "Pin", "Place", "Predicate", "Query", "Question", "Subject", "UnitIndex",
]  # fmt: skip

_HOMES = {
    "Answer": ".answer.answer",
    "Pin": ".answer.pin",
    "Place": ".condition.place",
    "Predicate": ".condition.predicate",
    "Explanation": ".explain",
    "UnitIndex": ".parse.units",
    "Features": ".resolve.features",
    "Subject": ".resolve.subject",
    "Query": ".spec.query",
    "Question": ".spec.question",
}

__getattr__ = late_names(__name__, _HOMES)  # a question needs few of them
