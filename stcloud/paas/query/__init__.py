"""What happened where and when: questions about one layer (ring: paas).

Knows: plans, their compilation to engine stages, answers. Must not know: where files lie, which engine runs,
commands and pages.

Rooms: `filter` (what: CQL2, typed once, by SQL and over batches), `place` (where: areas, cells, units, features as
they were), `measure` (how much: measures, comparisons, steps in time), `join` (partners of events).

Nouns: `Query` (an immutable question about a `Subject`), `Question` (the same as a document), `Plan` and its
operators, `Inquiry` (a question put to an engine, as of one recorded instant), `Compiled` (stages and the files they
read), `Answer` and its pages, `Explanation`, `Reason` (why a row is in an answer), `Features` (a feature layer, ready
to be asked), `Joining` (a join asked), `Scope` (where and when its events may be), `Shelf` (layers made ready).

Start reading at `query.py`, then `plan.py`, `inquiry.py` and `compile.py`; of features `belief.py` and
`compile_features.py`; of joins `joining.py`, then `prepared.py`.
"""

from stcloud.paas.query.answer import Answer
from stcloud.paas.query.explain import Explanation
from stcloud.paas.query.features import Features
from stcloud.paas.query.pin import Pin
from stcloud.paas.query.place.units import UnitIndex
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.query import Query
from stcloud.paas.query.question import Question
from stcloud.paas.query.subject import Subject

__all__ = [
    "Answer", "Explanation", "Features", "Pin", "Place", "Predicate", "Query", "Question", "Subject", "UnitIndex",
]  # fmt: skip
