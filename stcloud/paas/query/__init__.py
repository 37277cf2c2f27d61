"""What happened where and when: questions about one layer (ring: paas).

Knows: plans, their compilation to engine stages, answers. Must not know: where files lie, which engine runs,
commands and pages.

Nouns: `Query` (an immutable question), `Plan` and its operators, `Predicate` (a checked CQL2 filter), `Place`
(areas and cells united), `Whereabouts` (places joined by and, or, not, features among them; `atlas.py` reads them, a
`Sieve` tests rows against their *sites*), `Compiled` (stages and the files they read), `Answer`, `Explanation`,
`Features` (a feature layer, ready to be asked).

Start reading at `query.py`, then `plan.py`, then `compile.py`.
"""

from stcloud.paas.query.answer import Answer
from stcloud.paas.query.explain import Explanation
from stcloud.paas.query.features import Features
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.query import Query
from stcloud.paas.query.question import Question
from stcloud.paas.query.subject import Subject
from stcloud.paas.query.units import UnitIndex
from stcloud.paas.query.where import Place

__all__ = [
    "Answer", "Explanation", "Features", "Place", "Predicate", "Query", "Question", "Subject", "UnitIndex",
]  # fmt: skip
