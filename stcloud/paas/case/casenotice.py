"""Notices of actions: what other systems are told of a case, to be delivered after the action was committed.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

import json

from stcloud.iaas.records.entry import Notice
from stcloud.paas.case.action import Action
from stcloud.paas.case.state import CaseState

__all__ = ["notice_of"]

EVERYBODY = "everybody"


def notice_of(action: Action, state: CaseState) -> Notice:
    """Return the notice of an action: to the department that the case is with, or to everybody.

    It names case, action and state, and no person and no text.
    """
    body = {
        "case": action.case, "seq": action.seq, "action": action.name, "state": state.state,
        "department": state.department, "class": state.class_code, "happened_us": action.happened_us,
    }  # fmt: skip
    target = state.department or EVERYBODY
    return Notice(
        id=f"{action.case}/{action.seq}", case=action.case, seq=action.seq, target=target,
        body=json.dumps(body, ensure_ascii=False, sort_keys=True),
    )  # fmt: skip
