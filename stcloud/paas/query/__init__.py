"""What happened where and when: questions about one layer (ring: paas).

Knows: plans, how they are resolved and compiled to stages of an engine, answers. Must not know: where files lie,
which engine runs, commands and pages.

A query goes through these stages; each knows only those before it, as the linter checks:

1. `query` and `question` (what is asked, chained or as a document) read it with `filter`, `place`, `measure` and
   `join`
2. into a `plan` of conditions (`condition`, `place`, `predicate`): what is wanted, and nothing that was read
3. `resolve` reads what the plan names of other layers, once, as it was known at the pinned instant
4. `compile` (events) and `compile_features` write stages for an engine, and read nothing
5. `inquiry` runs them; `explain` tells what would be read, and reads no row; `answer` is what comes back, with its
   `pin`

Nouns: `Query` (an immutable question about a `Subject`), `Question` (the same as a document), `Plan` and its
operators, `Pin` (what an answer was given at), `Resolver` and `Resolution`, `Inquiry` (a query put to an engine),
`Compiled` (stages and the files they read), `Answer` and its pages, `Explanation`, `Reason` (why a row is in an
answer), `Features` (a feature layer, ready to be asked), `Joining` (a join asked), `Scope` (where and when its
events may be).

Start reading at `query.py`, then `plan.py`, `resolve/resolver.py`, `compile.py` and `inquiry.py`.
"""

from stcloud.paas.query.answer import Answer
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.explain import Explanation
from stcloud.paas.query.features import Features
from stcloud.paas.query.pin import Pin
from stcloud.paas.query.place.units import UnitIndex
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.query import Query
from stcloud.paas.query.question import Question
from stcloud.paas.query.subject import Subject

__all__ = [
    "Answer", "Explanation", "Features", "Pin", "Place", "Predicate", "Query", "Question", "Subject", "UnitIndex",
]  # fmt: skip
