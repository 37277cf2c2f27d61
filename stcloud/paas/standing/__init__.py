"""Standing questions: with a threshold, a window and a group, asked of every row that arrives (ring: paas).

Knows: rules as data, rows as they arrive load by load, what an incident is, what an alert is. Must not know: where
rules and alerts are kept, files, locks, what the time is. All of it is a fold over the log: rows in, alerts out.

Nouns: a *rule* is a question with a threshold; a *sample* is what a row says to a rule, of one *group*. A *tracker*
follows the samples of one group in order of their valid time, and gives *incidents*: periods in which the rule holds.
Incidents are what is believed; an *alert* is what was raised of one, and stays. The *watermark* of a layer is the
newest valid time that it had, up to which rules have been evaluated: an incident that begins before it is *late*.

Start at `standingrule.py`, then `counted.py` and `lasting.py` (trackers), `alerting.py` (incidents to alerts),
`groupfold.py` (one group) and `layerevaluation.py` (all rules of a layer, load by load). `ruleindex.py` finds the
rules that a row may meet; `alertrows.py` are the rows of a layer.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.standing.alerting import StandingAlert
    from stcloud.paas.standing.layerevaluation import LayerEvaluation
    from stcloud.paas.standing.standingrule import StandingRule

__all__ = ["LayerEvaluation", "StandingAlert", "StandingRule"]

_HOMES = {
    "StandingAlert": ".alerting",
    "LayerEvaluation": ".layerevaluation",
    "StandingRule": ".standingrule",
}

__getattr__ = late_names(__name__, _HOMES)  # pyarrow and pydantic are slow to import
