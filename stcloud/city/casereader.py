"""What may be seen of a city's cases: states, actions, clocks, facts, searches; nothing here changes the log.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import pyarrow as pa

from stcloud.city.caselist import CaseLister, CaseListing
from stcloud.city.caselogs import CasePlaces
from stcloud.city.dispatch import Roles, duplicates_of, responsible_for
from stcloud.errors import InvalidInput, nearest
from stcloud.iaas.records import Audit, CaseSummary, Find, Medium, StoredRule
from stcloud.paas.case.action import Action
from stcloud.paas.case.actionform import ActionForm, action_forms
from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.caselog import CaseLog, InboxCase
from stcloud.paas.case.duplicate import Duplicate, Reach
from stcloud.paas.case.legality import legal
from stcloud.paas.case.responsible import Responsibility
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.workflow import Workflow
from stcloud.time import Instant, Zone, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.evaluating import CaseEvaluation, EvaluationKeywords

__all__ = ["CasePage", "CaseReader"]

_PAGE = 100


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases that were searched for, and the cursor of the next page; None: there is none."""

    cases: tuple[CaseSummary, ...]
    next: str | None


class CaseReader:
    """A log of cases of a city, to be read.

    Parameters
    ----------
    city
        The city.
    name
        Name of the log.
    log
        The log.
    places
        Finds the unit cell of a place.
    """

    def __init__(self, city: City, name: str, log: CaseLog, places: CasePlaces) -> None:
        self._city, self.name, self._log, self._places = city, name, log, places

    def __repr__(self) -> str:
        return f"Cases '{self.name}' of city '{self._city.name}' ({', '.join(self._log.rules.workflows)})"

    @property
    def zone(self) -> Zone:
        """The city's time zone."""
        return self._city.configuration.zone

    @property
    def workflow(self) -> str:
        """Key of the workflow that cases begin with now."""
        return self._log.rules.workflow(self._log.now_us()).key

    @property
    def workflows(self) -> Mapping[str, Workflow]:
        """All workflows that were ever in force, by key, in the order in which they became known."""
        return self._log.rules.workflows

    def media(self, number: str) -> list[Medium]:
        """Return the photos and recordings of a case; each is the file ``key`` in the city's folder."""
        return self._log.records.media(number)

    def class_name(self, kind: str | None, code: str) -> str | None:
        """Return the name of a class in the city's language; None: it has none, or several."""
        return self._places.class_name(kind, code)

    def state(self, number: str, *, at: Instant | None = None, known_at: Instant | None = None) -> CaseState:
        """Return a case as it was at an instant, None: now or by ``known_at``, as known at another.

        Raises
        ------
        NotFound
            ``unknown-case``.
        """
        return self._log.state(number, at_us=self._instant(at), known_us=self._instant(known_at))

    def states_of(self, numbers: Iterable[str]) -> dict[str, CaseState]:
        """Return those of some cases that there are, after their last action, by number."""
        return self._log.states_of(numbers)

    def actions(self, number: str, *, known_at: Instant | None = None) -> list[Action]:
        """Return the log of a case; `NotFound` ``unknown-case``."""
        return self._log.actions(number, self._instant(known_at))

    def states(self, *, at: Instant | None = None, known_at: Instant | None = None) -> Iterator[CaseState]:
        """Give all cases, in order of their numbers, as they were at an instant, as known at another.

        Nothing is recorded later at or before the instant that is named, so that the same is given for ever.
        """
        known_us = self.pin(known_at)
        return self._log.states(known_us, at_us=self._instant(at))

    def facts(self, *, at: Instant | None = None, known_at: Instant | None = None) -> pa.RecordBatchReader:
        """Return what evaluation reads, a row for each case, as it was at an instant, as known at another.

        Parameters
        ----------
        at
            The instant; None: ``known_at``.
        known_at
            What was known then; None: now.

        Returns
        -------
        A reader of Arrow batches whose schema says of every column what it is.
        """
        return self._log.facts(self.pin(known_at), at_us=self._instant(at))

    def evaluate(self, **options: Unpack[EvaluationKeywords]) -> CaseEvaluation:
        """Evaluate the cases: indicators by area, department or post, each of which opens into its cases.

        Parameters
        ----------
        options
            See `EvaluationKeywords`. Without any: all cases, as they are now, by the usual policies.

        Raises
        ------
        NotFound, InvalidInput
            As `EvaluationPlan.of`: ``unknown-indicator``, ``unknown-policy``, ``unknown-group``, ``unreadable-time``;
            ``future-instant``; ``which-grid``, ``which-duty-grids``: the city has none, or several.

        Examples
        --------
        ``cases.evaluate(by="street", period="2024-03", known_at="2024-04-01")``: March by streets, as it was known on
        the first of April. ``.cases("on_time_closing_rate", "difference", street="340201001")`` are the late ones.
        """
        from stcloud.city.evaluatedcases import evaluate_log  # noqa: PLC0415  (slow to import)

        return evaluate_log(self._places.parts, self._city, self._log, self.name, options)

    def pin(self, instant: Instant | None = None) -> int:
        """Return an instant up to which nothing will be recorded any more; `InvalidInput` ``future-instant``."""
        return self._log.records.pin(self._instant(instant))

    def find(
        self, what: Find | None = None, *, limit: int = _PAGE, after: str | None = None, reader: Audit | None = None
    ) -> CasePage:  # fmt: skip
        """Search cases by number, class, place, state, department, deadline or text; all conditions must hold.

        ``reader``: who searches persons and free texts, too, and why; what matches is written down as read.

        Raises
        ------
        InvalidInput
            ``bad-search``, ``bad-cursor``, ``no-reason``.
        """
        cases, cursor = self._log.find(what or Find(), limit=limit, cursor=after, reader=reader)
        return CasePage(tuple(cases), cursor)

    def inbox(
        self, role: str, *, department: str | None = None, limit: int = _PAGE, after: str | None = None
    ) -> tuple[list[InboxCase], str | None]:
        """Return cases that a role can do something with, in order of their numbers, with what it may do.

        Returns
        -------
        The cases, and the cursor of the next page; None: there is none. A page may have fewer cases than ``limit``.
        """
        return self._log.inbox(role, department=department, limit=limit, cursor=after)

    def listed(
        self, what: Find | None = None, *, role: str | None = None, at: Instant | None = None,
        known_at: Instant | None = None, limit: int = _PAGE, after: str | None = None,
    ) -> CaseListing:  # fmt: skip
        """Return cases with their places, clocks and last actions, as they are, or were at an instant.

        Parameters
        ----------
        what
            Which; None: all. With ``at`` or ``known_at`` no text, deadline and order.
        role
            Whose: those that it can do something with, with what it may do.
        at, known_at
            As for `states`; without both as they are now. Cases of the past are read from the whole log.
        limit, after
            Cases of a page, and the cursor of the page before.

        Raises
        ------
        InvalidInput
            ``bad-search``: a role or a state that the workflow has not, among others; ``bad-cursor``.
        """
        chosen, lister = what or Find(), CaseLister(self._log, self.class_name)
        workflows = self._log.rules.workflows.values()
        if role is not None:
            _require_known("role", [role], [name for each in workflows for name in each.definition.roles])
        _require_known("state", chosen.state, [name for each in workflows for name in each.states])
        if at is None and known_at is None:
            return lister.now(chosen, role, limit, after)
        return lister.past(chosen, role, self._instant(at), self.pin(known_at), limit, after)

    def forms(self, number: str | None, role: str) -> tuple[ActionForm, ...]:
        """Return the forms of what a role may do with a case, None: of what opens one, with the fields of each."""
        if number is None:
            workflow, state = self._log.rules.workflow(self._log.now_us()), None
        else:
            state = self._log.state(number)
            workflow = self._log.rules.workflows[state.workflow]
        return action_forms(workflow, state.state if state else None, legal(workflow, state, role))

    def linked(self, number: str) -> list[str]:
        """Return the numbers of the cases that are linked to a case as its duplicates or its parts."""
        return self._log.records.linked(number)

    def legal(self, number: str, role: str) -> tuple[str, ...]:
        """Return what a role may do with a case, as far as it can be judged before the action is stated."""
        state = self._log.state(number)
        return legal(self._log.rules.workflows[state.workflow], state, role)

    def clocks(
        self, numbers: str | Iterable[str], *, at: Instant | None = None, known_at: Instant | None = None,
        rules: str | None = None,
    ) -> list[CaseClock]:  # fmt: skip
        """Return the clocks of cases at an instant, as known at another: the whole case's first, then its stages'.

        Parameters
        ----------
        numbers
            Cases.
        at
            The instant; None: now.
        known_at
            What was known then; None: now.
        rules
            Digest of the clocks that they are restated under; None: those that each is pinned to.

        Raises
        ------
        NotFound
            ``unknown-case``, ``unknown-rule``.
        """
        at_us = self._log.now_us() if at is None else instant_us(at, self.zone)
        known_us = self._instant(known_at)
        chosen = [numbers] if isinstance(numbers, str) else list(numbers)
        states = [self._log.state(number, at_us=at_us, known_us=known_us) for number in chosen]
        known = self._log.rules if known_us is None else self._log.rules.known_at(known_us)
        return case_clocks(states, known, at_us, clocks=rules)

    def duplicates(
        self, number: str, within_m: float = 50.0, days: float = 3.0, *, at: Instant | None = None,
        known_at: Instant | None = None,
    ) -> list[Duplicate]:  # fmt: skip
        """Return the probable duplicates of a case, the most probable first, each with its score and why.

        Parameters
        ----------
        number
            The case.
        within_m, days
            How far a duplicate may be, metres in the city's plane, and days between the reports or since its end.
        at, known_at
            As for `state`.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-case``; ``no-place``: where the case is, is not known; ``bad-reach``.
        """
        reach = Reach(within_m, days)
        return duplicates_of(self._city, self._log, number, reach, self._instant(at), self._instant(known_at))

    def responsible(
        self, what: str | tuple[float, float], class_code: str | None = None, *, kind: str | None = None,
        at: Instant | None = None, known_at: Instant | None = None, layers: Roles | None = None,
    ) -> Responsibility:  # fmt: skip
        """Return the departments and duty grids of a case, or of a class at a place; each source is named.

        Parameters
        ----------
        what
            Number of a case; or longitude and latitude, degrees.
        class_code, kind
            Class of the component or matter; None: that of the case.
        at, known_at
            As for `state`.
        layers
            Names of layers by the parts that they play, where definitions do not say; as for `City.situation`.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-case``, ``unknown-layer``; ``not-a-place``, ``unknown-role``.
        """
        instants = {"at_us": self._instant(at), "known_us": self._instant(known_at)}
        return responsible_for(self._city, self._log, what, class_code, kind=kind, layers=layers, **instants)

    def rules(self) -> list[StoredRule]:
        """Return the rules of the log, in the order in which they became known."""
        return list(self._log.rules)

    def _instant(self, instant: Instant | None) -> int | None:
        return None if instant is None else instant_us(instant, self.zone)


def _require_known(what: str, names: Iterable[str], known: list[str]) -> None:
    """Refuse names that the workflows of a log have not: `InvalidInput` ``bad-search``."""
    for name in names:
        if name not in known:
            close = nearest(name, known)
            raise InvalidInput(
                "bad-search", f"the workflow has no {what} '{name[:80]}'",
                hint=f"did you mean '{close[0]}'?" if close else f"it has {', '.join(dict.fromkeys(known))}",
            )  # fmt: skip
