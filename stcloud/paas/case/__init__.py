"""Cases: what was reported about a component or a matter, and what became of it (ring: paas).

Knows: classes and filing conditions, workflows, actions, what a log of actions comes to, which action is legal, what
follows for linked cases, limits and clocks. Must not know: what the time is, who is signed in, commands. A state is
computed from a log, an action is judged by a state, and clocks are read from stays in states: all of it is pure but
`caselog.py`, which reads and appends.

Nouns: `Action` (an entry of a log), `Workflow` (states and transitions), `CaseState` (what a log comes to), `Stay`
(how long it was in a state), `RefusedAction` (why an action is not legal, and which are).

Start at `action.py`, `workflow.py` and `legality.py`; `course.py` computes one case, `replayed.py` many at once.
Clocks start at `clocks.py`, the room of classes at `classes`, and `caselog.py` puts all of it together.
`facts.py` says what evaluation reads of a case; `casefacts.py` computes it of a whole log, `requestfacts.py` of
layers of requests, and `published.py` makes columns of it.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.case.action import PRIVATE, Action, Scalar
    from stcloud.paas.case.course import fold, resumed
    from stcloud.paas.case.legality import legal, roles_for, step
    from stcloud.paas.case.linked import consequences, facts_of
    from stcloud.paas.case.logcolumns import NO_INSTANT, LogColumns
    from stcloud.paas.case.refused import RefusedAction
    from stcloud.paas.case.replayed import Replay, StayColumns, replay
    from stcloud.paas.case.state import CaseState, Stay
    from stcloud.paas.case.workflow import Workflow, read_workflow

__all__ = [
    "NO_INSTANT", "PRIVATE", "Action", "CaseState", "LogColumns", "RefusedAction", "Replay", "Scalar", "Stay",
    "StayColumns", "Workflow", "consequences", "facts_of", "fold", "legal", "read_workflow",
    "replay", "resumed", "roles_for", "step",
]  # fmt: skip

_HOMES = {
    "NO_INSTANT": ".logcolumns", "PRIVATE": ".action", "Action": ".action", "CaseState": ".state",
    "LogColumns": ".logcolumns", "RefusedAction": ".refused", "Replay": ".replayed", "Scalar": ".action",
    "Stay": ".state", "StayColumns": ".replayed", "Workflow": ".workflow",
    "consequences": ".linked", "facts_of": ".linked", "fold": ".course", "legal": ".legality",
    "read_workflow": ".workflow", "replay": ".replayed", "resumed": ".course", "roles_for": ".legality",
    "step": ".legality",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)
