"""Lists of cases: each with its place, its clocks and its last action, as they are or were at any instant.

Law: **a list as of now has the states and clocks that each case has by itself**, and a list of an instant those of
that instant.

Tested by `tests/city/test_caselist.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Find
from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.legality import legal
from stcloud.paas.case.nearby import place_of

if TYPE_CHECKING:
    from stcloud.paas.case.caselog import CaseLog
    from stcloud.paas.case.caserules import CaseRules
    from stcloud.paas.case.state import CaseState

__all__ = ["CaseEntry", "CaseLister", "CaseListing"]

_MOST = 10_000
_OF_NOW = ("due_before_us", "text", "link")


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A case in a list.

    Attributes
    ----------
    state
        What it is.
    class_name
        The name of its class in the city's language; None: it has none.
    place
        Longitude and latitude, degrees; None: not known.
    clock, stage
        The clocks of the whole case and of its present stage; None: it has no limit.
    legal
        What the role may do that the list is of; nothing for a list of no role.
    """

    state: CaseState
    class_name: str | None
    place: tuple[float, float] | None
    clock: CaseClock | None
    stage: CaseClock | None
    legal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseListing:
    """A page of a list, the instant of its clocks in UTC microseconds, and the cursor of the next page, or None."""

    entries: tuple[CaseEntry, ...]
    at_us: int
    next: str | None


@dataclass(frozen=True, slots=True)
class CaseLister:
    """Lists the cases of a log.

    Parameters
    ----------
    log
        The log.
    class_name
        Gives the name of a class of a kind.
    """

    log: CaseLog
    class_name: Callable[[str | None, str], str | None]

    def now(self, what: Find, role: str | None, limit: int, after: str | None) -> CaseListing:
        """Return cases as they are; of a role those that it can do something with, searched by department alone.

        Raises
        ------
        InvalidInput
            ``bad-search``, ``bad-cursor``.
        """
        if role is None:
            summaries, cursor = self.log.find(what, limit=limit, cursor=after)
            numbers, may = [summary.number for summary in summaries], {}
        else:
            if what != Find(department=what.department):
                raise InvalidInput(
                    "bad-search", "the cases of a role are chosen by department alone",
                    hint="leave the role out, or all but the department",
                )  # fmt: skip
            inbox, cursor = self.log.inbox(role, department=what.department, limit=limit, cursor=after)
            numbers = [each.case.number for each in inbox]
            may = {each.case.number: each.legal for each in inbox}
        at_us = self.log.now_us()
        states = self.log.states_of(numbers, at_us=at_us)
        chosen = [states[number] for number in numbers if number in states]
        return CaseListing(self._entries(chosen, self.log.rules, at_us, may), at_us, cursor)

    def past(
        self, what: Find, role: str | None, at_us: int | None, known_us: int, limit: int, after: str | None
    ) -> CaseListing:
        """Return cases as they were at an instant, None: ``known_us``, as known at a pinned one, by their numbers.

        Raises
        ------
        InvalidInput
            ``bad-search``: by deadline, by text, or in another order than by number.
        """
        if what.order != "number" or any(getattr(what, name) is not None for name in _OF_NOW):
            raise InvalidInput(
                "bad-search", "cases of an instant are listed by number, and chosen by what they were then",
                hint="leave out text, deadline and order",
            )  # fmt: skip
        if not 1 <= limit <= _MOST:
            raise InvalidInput("bad-search", f"a page has 1 to {_MOST} cases, not {limit}")
        rules = self.log.rules.known_at(known_us)
        chosen: list[CaseState] = []
        may: dict[str, tuple[str, ...]] = {}
        for state in self._matching(what, at_us, known_us, after):
            workflow = rules.workflows[state.workflow]
            if role is not None:
                may[state.case] = () if workflow.is_terminal(state.state) else legal(workflow, state, role)
                if not may[state.case]:
                    continue
            chosen.append(state)
            if len(chosen) > limit:
                break
        page, instant_us = chosen[:limit], known_us if at_us is None else at_us
        cursor = page[-1].case if len(chosen) > limit else None
        return CaseListing(self._entries(page, rules, instant_us, may), instant_us, cursor)

    def _matching(
        self, what: Find, at_us: int | None, known_us: int, after: str | None
    ) -> Iterator[CaseState]:
        for state in self.log.states(known_us, at_us=at_us):
            if (after is None or state.case > after) and _fits(what, state):
                yield state

    def _entries(
        self, states: list[CaseState], rules: CaseRules, at_us: int, may: dict[str, tuple[str, ...]]
    ) -> tuple[CaseEntry, ...]:
        clocks = {(each.case, each.stage): each for each in case_clocks(states, rules, at_us)}
        return tuple(
            CaseEntry(
                state, self._class_name(state), place_of(state), clocks.get((state.case, None)),
                clocks.get((state.case, rules.workflows[state.workflow].stage(state.state))),
                may.get(state.case, ()),
            )
            for state in states
        )  # fmt: skip

    def _class_name(self, state: CaseState) -> str | None:
        if state.class_code is None:
            return None
        kind = state.values.get("kind")
        return self.class_name(None if kind is None else str(kind), state.class_code)


def _fits(what: Find, state: CaseState) -> bool:
    """Return whether a case is what is searched, as a search of summaries has it."""
    values = state.values
    exact = {"kind": what.kind, "class": what.class_code, "department": what.department, "cell": what.cell}
    if what.number is not None and not state.case.startswith(what.number):
        return False
    if what.state and state.state not in what.state:
        return False
    if any(value is not None and values.get(name) != value for name, value in exact.items()):
        return False
    if what.bbox is None:
        return True
    place = place_of(state)
    west, south, east, north = what.bbox
    return place is not None and west <= place[0] <= east and south <= place[1] <= north
