"""What happened where and when: questions about one layer (ring: paas).

Knows: plans, their compilation to engine stages, answers. Must not know: where files lie, which engine runs,
commands and pages.

Nouns: `Query` (an immutable question), `Plan` and its operators, `Predicate` (a checked CQL2 filter), `Place`
(areas and cells united), `Compiled` (stages and the files they read), `Answer`, `Explanation`,
`Features` (a feature layer, ready to be asked), `Joining` (a join asked), `Scope` (where and when its events may be),
`Shelf` (layers made ready to be joined).

Start reading at `query.py`, then `plan.py`, then `compile.py`; of joins `joining.py`, then `prepared.py`.
"""

from stcloud.paas.query.answer import Answer
from stcloud.paas.query.explain import Explanation
from stcloud.paas.query.features import Features
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.query import Query, Subject
from stcloud.paas.query.units import UnitIndex
from stcloud.paas.query.where import Place

__all__ = [
    "Answer", "Explanation", "Features", "Place", "Predicate", "Query", "Subject", "UnitIndex",
]  # fmt: skip
