"""A city's cases: one log, its rules, and what is done with them.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from stcloud.city.caseimport import CasesImported, import_requests, refuse_other_workflow
from stcloud.city.caselogs import CasePlaces, create_case_log, degrees, open_case_log
from stcloud.city.casemedia import GivenMedia
from stcloud.city.parts import CityParts
from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.clock import Clock
from stcloud.iaas.records import Audit, CaseSummary, Erased, Find, Medium, PrivateValue, StoredRule
from stcloud.paas.case.action import Action, Scalar
from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.caselog import Accepted, CaseLog, InboxCase
from stcloud.paas.case.legality import legal
from stcloud.paas.case.published import PublishedCases
from stcloud.paas.case.requested import RequestColumns, import_of
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.stated import stated_fields
from stcloud.paas.case.submitted import Submission
from stcloud.time import Instant, Zone, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.daas.ledger import Reckoning
    from stcloud.iaas.records.outbox import Outbox

__all__ = ["CasePage", "Cases", "open_cases"]

_PAGE = 100


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases that were searched for, and the cursor of the next page; None: there is none."""

    cases: tuple[CaseSummary, ...]
    next: str | None


class Cases:
    """A log of cases of a city; `City.cases` returns one. Close it, or use it in a ``with`` statement.

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

    def __enter__(self) -> Self:
        """Return the cases themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        self.close()

    @property
    def zone(self) -> Zone:
        """The city's time zone."""
        return self._city.configuration.zone

    @property
    def workflow(self) -> str:
        """Key of the workflow that cases begin with now."""
        return self._log.rules.workflow(self._log.now_us()).key

    @property
    def outbox(self) -> Outbox:
        """Notices of actions that wait to be delivered."""
        return self._log.records.outbox

    @property
    def address(self) -> str:
        """Where the log is kept, without a password."""
        return self._log.records.address

    def open(
        self, *, number: str | None = None, action: str = "report", at: tuple[float, float] | None = None,
        actor: str, role: str, post: str | None = None, department: str | None = None,
        happened: Instant | None = None, id: str | None = None,  # noqa: A002
        fields: Mapping[str, Any] | None = None, private: Mapping[str, str] | None = None,
        person: str | None = None, media: GivenMedia | None = None,
    ) -> Accepted:  # fmt: skip
        """Open a case; other arguments and errors are those of `act`.

        Parameters
        ----------
        number, action
            Its number, None: the next one of the day, such as ``20240304-0007``; the action that opens it.
        at
            Where it is: longitude and latitude, degrees. If the city has one unit grid, the code of the cell that
            contained the place when it happened is kept, too.
        """
        when_us = None if happened is None else instant_us(happened, self.zone)
        place = {} if at is None else self._places.fields(at, when_us)
        kept = self._places.media(media or {}, when_us, at)
        with self._log.records.hold():
            known = None if id is None else self._log.records.entry(id)
            if known is not None and number in (None, known.case):
                number = known.case
            key = uuid.uuid4().hex if id is None else id
            stated = self._fields(fields) | place
            return self._log.open(
                lambda chosen: Submission(
                    case=chosen, name=action, id=key, actor=actor, role=role, post=post, department=department,
                    happened_us=when_us, fields=stated, private=private or {}, person=person, media=kept,
                ),
                number, self.zone,
            )  # fmt: skip

    def act(
        self, number: str, action: str, *, actor: str, role: str, post: str | None = None,
        department: str | None = None, happened: Instant | None = None, expected: int | None = None,
        id: str | None = None, at: tuple[float, float] | None = None,  # noqa: A002
        fields: Mapping[str, Any] | None = None, private: Mapping[str, str] | None = None,
        person: str | None = None, media: GivenMedia | None = None,
    ) -> Accepted:  # fmt: skip
        """Do something with a case; all that follows for linked cases is done with it, or nothing.

        Parameters
        ----------
        number, action
            The case, and the action as its workflow names it.
        actor, role, post, department
            Who acts, and as what.
        happened
            When; None: now. Never later than now.
        expected
            Number of the last action that the actor knows of; None: act on whatever the case is now.
        id
            The actor's identity of the action: sent again, it is no second one. None: a new one.
        at
            Where the actor was: longitude and latitude, degrees.
        fields
            What the action states: texts of numbers and instants are read as the workflow has their types.
        private, person
            Persons and free texts by name, kept apart from the log; whom they are about.
        media
            Files, or their bytes, by what they show (``near``, ``before`` …): kept in the city, the log has digests.

        Raises
        ------
        InvalidInput
            The kind of the refusal (``illegal-action``, ``wrong-role``, ``missing-field`` …), with the legal actions
            in ``context["legal"]``; ``action-id-reused``, ``happened-later``, ``unusable-media``.
        Conflict
            ``case-changed``: another was faster; ``context["state"]`` is what the case is now.
        """
        lon, lat = (None, None) if at is None else degrees(at)
        when_us = None if happened is None else instant_us(happened, self.zone)
        kept = self._places.media(media or {}, when_us, at)
        with self._log.records.hold():
            return self._log.submit(Submission(
                case=number, name=action, id=uuid.uuid4().hex if id is None else id, actor=actor, role=role,
                post=post, department=department, happened_us=when_us, expected=expected, lon=lon, lat=lat,
                fields=self._fields(fields), private=private or {}, person=person, media=kept,
            ))  # fmt: skip

    def media(self, number: str) -> list[Medium]:
        """Return the photos and recordings of a case; each is the file ``key`` in the city's folder."""
        return self._log.records.media(number)

    def class_name(self, kind: str | None, code: str) -> str | None:
        """Return the name of a class in the city's language; None: it has none, or several."""
        return self._places.class_name(kind, code)

    def act_each(self, submissions: Iterable[Submission]) -> Iterator[Accepted | StcloudError]:
        """Submit actions one by one; give for each what became of it, or why it was refused."""
        return self._log.submit_each(submissions)

    def state(self, number: str, *, at: Instant | None = None, known_at: Instant | None = None) -> CaseState:
        """Return a case as it was at an instant, None: now or by ``known_at``, as known at another.

        Raises
        ------
        NotFound
            ``unknown-case``.
        """
        return self._log.state(number, at_us=self._instant(at), known_us=self._instant(known_at))

    def actions(self, number: str, *, known_at: Instant | None = None) -> list[Action]:
        """Return the log of a case; `NotFound` ``unknown-case``."""
        return self._log.actions(number, self._instant(known_at))

    def states(self, *, at: Instant | None = None, known_at: Instant | None = None) -> Iterator[CaseState]:
        """Give all cases, in order of their numbers, as they were at an instant, as known at another.

        Nothing is recorded later at or before the instant that is named, so that the same is given for ever.
        """
        known_us = self.pin(known_at)
        return self._log.states(known_us, at_us=self._instant(at))

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

    def import_layer(
        self, layer: str, *, columns: RequestColumns | None = None, actor: str = "import"
    ) -> CasesImported:
        """Import the requests of a layer: new ones are opened, changed ones get the actions that say so.

        Parameters
        ----------
        layer
            A layer of events.
        columns
            Which columns say how a request went; None: they are known of its bundled definition, and what its file
            lacks of class, department, channel and deadline is not known.
        actor
            Who imports.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-layer``; ``unknown-import``, ``unknown-column``; ``other-workflow``: the log is of another one.
        """
        refuse_other_workflow(self._log, self.name)
        query, subject = self._city.query(layer), self._city.layer(layer)
        known = {attribute.name for attribute in subject.attributes}
        chosen = import_of(subject.definition.source).among(known) if columns is None else columns
        return import_requests(query, subject, self._city.configuration.crs, chosen, self._log, actor)

    def publish(self, layer: str | None = None) -> Reckoning | None:
        """Load the cases, as they are known now, into a layer of events; None: there is no case.

        Parameters
        ----------
        layer
            Name of the layer; None: that of the log, with ``-cases``.
        """
        name = f"{self.name}-cases" if layer is None else layer
        known_us = self._log.records.pin()
        published = PublishedCases(self._log.rules.known_at(known_us), self.name)
        batches = published.batches(self._log.states(known_us, at_us=known_us), known_us)
        first = next(batches, None)
        if first is None:
            return None
        reader = pa.RecordBatchReader.from_batches(published.schema, chain([first], batches))
        definition = published.definition(name, self.zone.name)
        self._places.widen(name, definition)
        return self._city.load(name, reader, definition=definition)

    def add_rule(self, kind: str, body: str, *, valid_from: Instant | None = None) -> StoredRule:
        """Add a rule of the log: a workflow, clocks, a calendar or filing conditions.

        It is known from now on, and valid from an instant on; None: since ever. Cases keep what they are pinned to.

        Raises
        ------
        InvalidInput, InvalidDefinition
            ``unknown-rule-kind``; what the kind refuses.
        """
        valid_us = None if valid_from is None else instant_us(valid_from, self.zone)
        return self._places.add_rule(self._log, kind, body, valid_us)

    def rules(self) -> list[StoredRule]:
        """Return the rules of the log, in the order in which they became known."""
        return list(self._log.rules)

    def private(self, number: str, *, who: str, why: str) -> list[PrivateValue]:
        """Return the persons and free texts of a case; who reads them, and why, is written down."""
        return self._log.records.private(Audit(who=who, why=why), case=number)

    def readings(self) -> list[dict[str, str | int]]:
        """Return who read persons and free texts, when, and why."""
        return self._log.records.readings()

    def erase(
        self, *, who: str, why: str, number: str | None = None, person: str | None = None,
        before: Instant | None = None,
    ) -> Erased:  # fmt: skip
        """Remove persons and free texts for good, of a case, of a person, or recorded before an instant.

        Log, states and clocks stay the same to the byte.
        """
        return self._log.records.erase(
            Audit(who=who, why=why), case=number, person=person, before_us=self._instant(before)
        )

    def close(self) -> None:
        """Close the log; may be called twice."""
        self._log.records.close()

    def _fields(self, stated: Mapping[str, Any] | None) -> dict[str, Scalar]:
        if stated is not None and not isinstance(stated, Mapping):
            raise InvalidInput("bad-value", f"fields cannot be {stated!r:.80}", hint="give names and values")
        fields = stated_fields(self._log.rules.workflows.values(), stated or {}, self.zone)
        self._places.check_class(fields)
        return fields

    def _instant(self, instant: Instant | None) -> int | None:
        return None if instant is None else instant_us(instant, self.zone)


def open_cases(
    city: City,
    parts: CityParts,
    clock: Clock,
    name: str,
    *,
    create: str | None,
    clocks: str | None,
    url: str | None,
) -> Cases:
    """Return a log of cases of a city; see `City.cases`."""
    configuration = city.configuration
    if create is not None:
        create_case_log(parts.folder, configuration, name, clock, workflow=create, clocks=clocks, url=url)
    elif clocks is not None or url is not None:
        raise InvalidInput(
            "workflow-needed", "clocks and url are of a log that is made", hint="give its workflow: create=…",
            in_shell="make the log: stcloud case create",
        )  # fmt: skip
    log = open_case_log(parts, configuration, name, clock)
    return Cases(city, name, log, CasePlaces(parts, configuration))
