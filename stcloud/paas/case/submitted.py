"""Submissions: actions as their senders give them, before the log takes or refuses them.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Entry, Medium, PrivateValue
from stcloud.paas.case.action import PRIVATE, Action, Scalar

__all__ = ["CaseMedium", "Submission", "action_of", "entry_of"]


@dataclass(frozen=True, slots=True)
class CaseMedium:
    """A photo or a recording that belongs to an action: digest (SHA-256), what it shows, where it is kept.

    ``taken_us``, ``lon`` and ``lat`` say when and where it was taken.
    """

    digest: str
    use: str
    key: str
    taken_us: int | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An action as its sender gives it.

    Attributes
    ----------
    case, name
        Number of the case, and the action.
    id
        The sender's identity of the action: sent again, it is no second one.
    actor, role, post, department
        Who acts, and as what.
    happened_us
        When it happened; None: now.
    expected
        Number of the last action that the sender knows of; None: whatever the last one is.
    lon, lat
        Where the actor was, degrees.
    fields
        What the action states.
    private
        Persons and free texts by name: ``reporter``, ``phone``, ``description``, or a field that takes a note. They
        are kept apart from the log, which holds references.
    person
        An identity of the person that the private values are about, by which they can be erased.
    media
        Photos and recordings that are kept already.
    """

    case: str
    name: str
    id: str
    actor: str
    role: str
    post: str | None = None
    department: str | None = None
    happened_us: int | None = None
    expected: int | None = None
    lon: float | None = None
    lat: float | None = None
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    person: str | None = None
    media: tuple[CaseMedium, ...] = ()

    def __post_init__(self) -> None:
        _check_types(self)
        both = sorted(set(self.fields) & set(self.private))
        if both:
            raise InvalidInput(
                "stated-twice", f"{self.name}: {', '.join(both)} is given as a code and as a private text",
                hint="give one of them",
            )  # fmt: skip
        for name, value in self.private.items():
            if not value.strip():
                raise InvalidInput(
                    "empty-text", f"{self.name}: the private text '{name}' is empty", hint="leave it out"
                )

    def action(self, seq: int, happened_us: int, takes: frozenset[str]) -> Action:
        """Return the action; private texts that it ``takes`` as fields become references."""
        notes = {name: self._ref(name, seq) for name in self.private if name in takes}
        return Action(
            self.case, seq, self.id, self.name, happened_us, 0, self.actor, self.role, self.post, self.department,
            self.lon, self.lat, {**self.fields, **{name: f"{PRIVATE}{ref}" for name, ref in notes.items()}},
        )  # fmt: skip

    def private_values(self, seq: int) -> tuple[PrivateValue, ...]:
        """Return the private texts, as they are kept apart."""
        return tuple(
            PrivateValue(
                ref=self._ref(name, seq), case=self.case, seq=seq, field=name, value=text, person=self.person
            )
            for name, text in self.private.items()
        )

    def media_rows(self, seq: int) -> tuple[Medium, ...]:
        """Return the media, as rows of the log."""
        return tuple(
            Medium(
                digest=each.digest, case=self.case, seq=seq, use=each.use, key=each.key, taken_us=each.taken_us,
                lon=each.lon, lat=each.lat,
            )
            for each in self.media
        )  # fmt: skip

    def _ref(self, name: str, seq: int) -> str:
        return f"{self.case}/{seq}/{name}"


def _check_types(submission: Submission) -> None:
    """Refuse values of types that no sender should send: `InvalidInput` ``bad-value``."""
    kinds: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
        ("case", str, "a text"), ("name", str, "a text"), ("id", str, "a text"), ("actor", str, "a text"),
        ("role", str, "a text"), ("post", (str, NoneType), "a text"), ("department", (str, NoneType), "a text"),
        ("happened_us", (int, NoneType), "an instant"), ("expected", (int, NoneType), "an integer"),
        ("lon", (int, float, NoneType), "a number"), ("lat", (int, float, NoneType), "a number"),
        ("fields", Mapping, "names and values"), ("private", Mapping, "names and texts"),
        ("person", (str, NoneType), "a text"),
    )  # fmt: skip
    for name, kind, words in kinds:
        value = getattr(submission, name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _bad_value(name, value, words)
    for name, value in submission.private.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise _bad_value(f"the private text '{name}'", value, "a text")
    for name, value in submission.fields.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float | NoneType):
            raise _bad_value(str(name), value, "a text, a number, true or false")


def _bad_value(name: str, value: object, words: str) -> InvalidInput:
    return InvalidInput("bad-value", f"{name} cannot be {value!r:.80}", hint=f"give {words}")


def entry_of(action: Action) -> Entry:
    """Return an action as the store keeps it; the store records it."""
    return Entry(
        case=action.case, seq=action.seq, id=action.id, name=action.name, actor=action.actor, role=action.role,
        post=action.post, department=action.department, happened_us=action.happened_us, lon=action.lon,
        lat=action.lat, fields=action.fields,
    )  # fmt: skip


def action_of(entry: Entry) -> Action:
    """Return an entry of the store as an action."""
    happened_us = entry.recorded_us if entry.happened_us is None else entry.happened_us
    return Action(
        entry.case, entry.seq, entry.id, entry.name, happened_us, entry.recorded_us, entry.actor, entry.role,
        entry.post, entry.department, entry.lon, entry.lat, entry.fields,
    )  # fmt: skip
