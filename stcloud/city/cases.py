"""A city's cases: a log is opened, acted on, and published as a layer.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from stcloud.city.caseimport import CasesImported, import_layer
from stcloud.city.caselogs import CasePlaces, create_case_log, degrees, open_case_log
from stcloud.city.casemedia import GivenMedia
from stcloud.city.casereader import CaseReader
from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.records import Audit, Erased, PrivateValue, StoredRule
from stcloud.paas.case.action import Scalar
from stcloud.paas.case.caselog import Accepted
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.published import PublishedCases
from stcloud.paas.case.requested import RequestColumns
from stcloud.paas.case.stated import stated_fields
from stcloud.paas.case.submitted import Submission
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.reckoning import Reckoning
    from stcloud.iaas.clock import Clock
    from stcloud.iaas.records.outbox import Outbox

__all__ = ["Cases", "open_cases"]


class Cases(CaseReader):
    """A log of cases of a city; `City.cases` returns one. Close it, or use it in a ``with`` statement.

    What may be seen of it is in `CaseReader`: here it is acted on.
    """

    def __enter__(self) -> Self:
        """Return the cases themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        self.close()

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
            key, rules = uuid.uuid4().hex if id is None else id, self._log.rules
            stated = self._fields(fields, rules) | place
            return self._log.open(
                lambda chosen: Submission(
                    case=chosen, name=action, id=key, actor=actor, role=role, post=post, department=department,
                    happened_us=when_us, fields=stated, private=private or {}, person=person, media=kept,
                ),
                number, self.zone, rules,
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
            in ``context["legal"]``; ``action-id-reused``, ``happened-later``, ``unusable-media``; ``not-a-place``:
            ``at`` is not where the city's CRS is used, as when latitude comes first.
        Conflict
            ``case-changed``: another was faster; ``context["state"]`` is what the case is now.
        """
        lon, lat = (None, None) if at is None else degrees(at, self._places.configuration.crs)
        when_us = None if happened is None else instant_us(happened, self.zone)
        kept = self._places.media(media or {}, when_us, at)
        with self._log.records.hold():
            rules = self._log.rules
            return self._log.submit(Submission(
                case=number, name=action, id=uuid.uuid4().hex if id is None else id, actor=actor, role=role,
                post=post, department=department, happened_us=when_us, expected=expected, lon=lon, lat=lat,
                fields=self._fields(fields, rules), private=private or {}, person=person, media=kept,
            ), rules)  # fmt: skip

    def act_each(self, submissions: Iterable[Submission]) -> Iterator[Accepted | StcloudError]:
        """Submit actions one by one; give for each what became of it, or why it was refused."""
        return self._log.submit_each(submissions)

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
        return import_layer(self._city, self._log, self.name, layer, columns, actor)

    def publish(self, layer: str | None = None) -> Reckoning | None:
        """Load the cases, as they are known now, into a layer of events; None: there is no case.

        Parameters
        ----------
        layer
            Name of the layer; None: that of the log, with ``-cases``.
        """
        log, name = self._log, f"{self.name}-cases" if layer is None else layer
        known_us = log.records.pin()
        published = PublishedCases(log.rules.known_at(known_us), self.name)
        batches = published.batches(log.records, known_us)
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

    def _fields(self, stated: Mapping[str, Any] | None, rules: CaseRules) -> dict[str, Scalar]:
        if stated is not None and not isinstance(stated, Mapping):
            raise InvalidInput("bad-value", f"fields cannot be {stated!r:.80}", hint="give names and values")
        fields = stated_fields(rules.workflows.values(), stated or {}, self.zone)
        self._places.check_class(fields)
        return fields


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
