"""Actions of an import: what has to be added to the log so that a case is what its source says.

Tested by `tests/paas/case/test_imported.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from stcloud.paas.case.action import Action, Scalar
from stcloud.paas.case.requested import REQUEST_FACTS, Request
from stcloud.paas.case.state import CaseState

__all__ = ["CORRECTING", "IMPORTER", "actions_of"]

IMPORTER = "importer"
"""Role of who imports."""

CORRECTING = frozenset({"correct", "date_end"})
"""Actions that say of an earlier one when it happened."""

_ENDS = {"closed": "close", "cancelled": "cancel"}


def actions_of(request: Request, state: CaseState | None, actor: str) -> tuple[Action, ...]:
    """Return the actions after which a case is what its source says; none: it is.

    Parameters
    ----------
    request
        What the source says now.
    state
        What the log says, under the workflow ``imported-requests``; None: the case is new.
    actor
        Who imports.

    Notes
    -----
    An instant that the source has changed becomes a correction of the action that stated the old one. What it says of
    a case anew happened when it was first seen to say so, as the instant itself is in no source. The id of an action
    is a digest of its content and its place in the log, so that an import that is repeated adds nothing.
    """
    steps = _opening(request) if state is None else _changes(request, state)
    seq = 0 if state is None else state.seq
    return tuple(
        _action(request, seq + at, name, happened_us, fields, actor)
        for at, (name, happened_us, fields) in enumerate(steps, start=1)
    )


_Step = tuple[str, int, Mapping[str, Scalar]]


def _opening(request: Request) -> Iterator[_Step]:
    yield "report", request.opened_us, request.facts
    yield from _ending(request, {})


def _changes(request: Request, state: CaseState) -> Iterator[_Step]:
    """Give what the source says otherwise than the log.

    The end comes first: what follows happened when the source was seen to say so, and nothing that stands later in a
    log takes effect earlier.
    """
    changed = {
        name: value
        for name in REQUEST_FACTS
        if (value := request.facts.get(name)) is not None and value != state.values.get(name)
    }
    now = "open" if request.ended is None else request.ended
    if now == state.state:
        yield from _corrected_end(request, state)
    else:
        status = {"status": changed.pop("status")} if "status" in changed else {}
        if state.state != "open":
            yield "reopen", request.seen_us, status if now == "open" else {}
        yield from _ending(request, status)
    if changed:
        yield "update", request.seen_us, changed
    if _stated_us(state, 1) != request.opened_us:
        yield "correct", request.seen_us, {"corrects": 1, "corrected": request.opened_us}


def _ending(request: Request, status: Mapping[str, Scalar]) -> Iterator[_Step]:
    """Give the end of a request, if it has one."""
    if request.ended is None:
        return
    if request.ended_us is not None:
        yield _ENDS[request.ended], request.ended_us, status
    else:
        name = "close_undated" if request.ended == "closed" else "cancel"
        yield name, request.seen_us, status


def _corrected_end(request: Request, state: CaseState) -> Iterator[_Step]:
    """Give the correction of an end of which the source has changed the instant, or says it now."""
    if request.ended_us is None:
        return
    seq = state.moves[-1][0]
    if _stated_us(state, seq) != request.ended_us:
        name = "date_end" if "undated" in state.flags else "correct"
        yield name, request.seen_us, {"corrects": seq, "corrected": request.ended_us}


def _stated_us(state: CaseState, seq: int) -> int:
    """Return the instant that an action states, as it was last corrected."""
    return state.corrections.get(seq, state.happened[seq - 1])


def _action(
    request: Request, seq: int, name: str, happened_us: int, fields: Mapping[str, Scalar], actor: str
) -> Action:
    content = json.dumps([request.number, seq, name, happened_us, dict(fields)], sort_keys=True)
    digest = hashlib.blake2b(content.encode(), digest_size=12).hexdigest()
    return Action(
        request.number, seq, f"import:{digest}", name, happened_us, 0, actor, IMPORTER, fields=dict(fields)
    )
