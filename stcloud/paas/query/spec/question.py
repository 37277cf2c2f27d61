"""Questions as documents: small TOML or JSON files that can be saved and asked again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import field_validator

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.daas.definition.document import toml_of
from stcloud.errors import InvalidDefinition
from stcloud.time import instant_text

if TYPE_CHECKING:
    from stcloud.paas.query.answer.answer import Answer
    from stcloud.paas.query.answer.vector_tile import VectorTile
    from stcloud.paas.query.run.wholegroups import WholeGroups
    from stcloud.paas.query.spec.linkedviews import GroupKeywords
    from stcloud.paas.query.spec.query import Query

__all__ = ["Question"]

_VERSION = 1


class Question(Closed):
    """A question about a layer as a document, with fields named like the options of the command line.

    Parameters
    ----------
    layer
        Name of the layer.
    version
        Version of the document's format; a document without it has version 1.
    what, where, when, weekdays, hours, months, seasons, days, calendar, relation, now, as_of, known_at, grid_at
        As for the methods of `Query` (``grid_at``: `Query.restated`). All of ``what`` must hold; the values of
        ``where`` and ``when`` are alternatives.
    by, measure, until, having, compare, rated_at, order, limit, after
        As for `Query.measure`. Without any of the first five and without ``count`` the answer is rows.
        ``compare`` may also be ``where:PLACE``, ``as-of:INSTANT`` or ``known-at:INSTANT``, also with a pin: the same
        question about another place or instant, or as it was known then.
    group
        Groups of an answer whose rows are kept, as for `Query.of_group`; all must hold.
    crs
        CRS of geometry in ``what`` and ``where``; None: longitude and latitude.
    count
        Count the rows.

    A bare text is one name or value, and instants may be dates and datetimes, which a document writes as text.

    Examples
    --------
    >>> question = Question(layer="requests", when="2024-03", by="week")
    >>> print(question.to_toml())
    version = 1
    layer = "requests"
    when = ["2024-03"]
    by = ["week"]
    <BLANKLINE>
    >>> Question.from_toml(question.to_toml(), name="march.toml") == question
    True
    """

    version: int = _VERSION
    layer: str
    what: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    weekdays: str | None = None
    hours: str | None = None
    months: str | None = None
    seasons: str | None = None
    days: str | None = None
    calendar: str | None = None
    relation: str | None = None
    now: str | None = None
    as_of: str | None = None
    known_at: str | None = None
    grid_at: str | None = None
    group: tuple[str, ...] = ()
    crs: str | None = None
    by: tuple[str, ...] = ()
    measure: tuple[str, ...] = ()
    count: bool = False
    until: str | None = None
    having: str | None = None
    compare: str | None = None
    rated_at: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    after: str | None = None

    @field_validator(
        "what", "where", "when", "group", "by", "measure", "order",
        mode="before", json_schema_input_type=str | tuple[str, ...],
    )  # fmt: skip
    @classmethod
    def _names(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("version", "limit", mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        if isinstance(given, str | bool):
            raise ValueError(f"{given!r} is no whole number")  # noqa: TRY004  (what pydantic reports)
        return given

    @field_validator("count", mode="before")
    @classmethod
    def _truths(cls, given: Any) -> Any:
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            raise ValueError(f"{given!r} is neither true nor false")  # noqa: TRY004  (what pydantic reports)
        return given

    @field_validator("now", "as_of", "known_at", "grid_at", "until", "rated_at", mode="before")
    @classmethod
    def _instants(cls, given: Any) -> Any:
        return instant_text(given) if isinstance(given, date | np.datetime64) else given

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a question; ``name`` is what to call it in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with every fault; ``unknown-version``.
        """
        with definition_faults(name, lambda _: cls.model_fields):
            document = tomllib.loads(text)
        return cls._validated(document, name)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Self:
        """Read a question; ``name`` is what to call it in errors.

        Raises
        ------
        InvalidDefinition
            ``not-json``; ``invalid-definition`` with every fault.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidDefinition("not-json", f"{name} is not JSON: {error}") from error
        return cls._validated(document, name)

    @classmethod
    def _validated(cls, document: Any, name: str) -> Self:
        version = document.get("version", 1) if isinstance(document, dict) else 1
        if isinstance(version, int) and version.bit_length() < 64 and not 1 <= version <= _VERSION:
            raise InvalidDefinition(
                "unknown-version", f"{name} is a question of version {version}; known is up to version {_VERSION}",
                hint="upgrade stcloud, or write the question anew",
            )  # fmt: skip
        with definition_faults(name, lambda _: cls.model_fields):
            return cls.model_validate(document)

    @classmethod
    def published_schema(cls) -> str:
        """Return the JSON schema of the documents, which `docs/reference/question.schema.json` publishes."""
        schema = cls.model_json_schema()
        schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "stcloud question"}
        schema["description"] = "What is asked of a layer of a city, in the words of the command line."
        return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"

    def to_toml(self) -> str:
        """Return a TOML document that reads back as an equal question."""
        return toml_of(self._document())

    def to_json(self) -> str:
        """Return a JSON document that reads back as an equal question."""
        return json.dumps(self._document(), ensure_ascii=False, indent=2) + "\n"

    @property
    def summed(self) -> bool:
        """Whether the answer is measures of groups instead of rows."""
        return bool(self.by or self.measure or self.count or self.until or self.having or self.compare)

    def narrow(self, asked: Query, read: Callable[[str], Any] = str) -> Query:
        """Narrow a question about all of a layer to this one.

        Parameters
        ----------
        asked
            About all of the layer.
        read
            Returns what a place is, such as the areas of ``file:…``: this room reads no files.
        """
        asked = asked.what(*self.what, crs=self.crs) if self.what else asked
        asked = asked.where(*map(read, self.where), crs=self.crs) if self.where else asked
        again = {name: getattr(self, name) for name in _AGAIN if getattr(self, name) is not None}
        asked = asked.when(*self.when, **again, now=self.now) if self.when or again else asked
        asked = asked if self.as_of is None else asked.as_of(self.as_of)
        asked = asked if self.known_at is None else asked.known_at(self.known_at)
        asked = asked if self.grid_at is None else asked.restated(self.grid_at)
        return asked.of_group(*self.group) if self.group else asked

    def answer(self, asked: Query, read: Callable[[str], Any] = str) -> Answer:
        """Return the rows or measures of a narrowed question; ``read``: as for `narrow`."""
        if not self.summed:
            return asked.rows(self.limit, order=self.order, after=self.after)
        return asked.measure(
            *self.measure, by=self.by, until=self.until, having=self.having, order=self.order, limit=self.limit,
            after=self.after, rated_at=self.rated_at, compare=self._other(asked, read),
        )  # fmt: skip

    def tile(
        self, asked: Query, place: tuple[int, int, int], read: Callable[[str], Any] = str, **drawing: Any
    ) -> VectorTile:
        """Return what of the answer of a narrowed question lies on a tile, zoom, column, row: groups, or rows.

        Groups have all fields of the answer, those of a comparison among them. A page of rows is no part of a tile:
        it has all rows, whatever `order`, `limit` and `after` say. ``read``: as for `narrow`; ``drawing``: columns,
        clusters and name, as for `Query.vector_tile`.
        """
        if not self.by:
            return asked.vector_tile(*place, **drawing)
        chosen = self._chosen(asked, read)
        return asked.vector_tile(*place, by=self.by, measures=self.measure, **chosen, **drawing)

    def whole_groups(self, asked: Query, read: Callable[[str], Any] = str) -> WholeGroups:
        """Return the groups of a narrowed question that have a place; see `LinkedQuery.whole_groups`."""
        return asked.whole_groups(self.by, self.measure, **self._chosen(asked, read))

    def _chosen(self, asked: Query, read: Callable[[str], Any]) -> GroupKeywords:
        return {
            "until": self.until, "having": self.having, "order": self.order, "limit": self.limit,
            "rated_at": self.rated_at, "compare": self._other(asked, read),
        }  # fmt: skip

    def _other(self, query: Query, read: Callable[[str], Any]) -> str | Query | None:
        """Return what is put beside: an earlier period, or the same question of another place or instant."""
        form, colon, rest = (self.compare or "").partition(":")
        if not colon or form not in _OTHERS:
            return self.compare
        there = self.model_copy(update={_OTHERS[form]: (rest,) if form == "where" else rest})
        return there.narrow(replace(query, conditions=(), known=None), read)

    def _document(self) -> dict[str, Any]:
        fields: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        return {"version": self.version, **fields}


_OTHERS = {"where": "where", "as-of": "as_of", "known-at": "known_at"}
_AGAIN: Iterable[str] = ("weekdays", "hours", "months", "seasons", "days", "calendar", "relation")
