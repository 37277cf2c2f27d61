"""What all rules of standing questions have: a closed TOML or JSON document with a name, a time and a table.

The table says what a rule looks at, and so its kind: ``[question]`` rows of a layer, ``[cases]`` cases of a log.

Tested by `tests/paas/standing/test_standingrule.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.daas.definition.document import toml_of
from stcloud.errors import InvalidDefinition
from stcloud.paas.episode.episoderule import length_us

__all__ = ["RuleDocument", "json_document", "toml_document"]

_NAMING = {"id", "title"}


class RuleDocument(Closed):
    """A rule of standing questions.

    Attributes
    ----------
    table
        Name of the table that says what it looks at.
    attributes
        Keys of attributes that are called otherwise in a document.
    id, title
        Name of the rule, and what people call such an incident.
    lateness
        How late what raises an alert may come for the alert not to be called late.
    since, until
        ``from``, ``to``: the valid time that the rule looks at; None: from the time when the rule is added, for ever.
    """

    table: ClassVar[str]
    attributes: ClassVar[Mapping[str, str]] = {"since": "from", "until": "to"}

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    title: str = ""
    lateness: str = "0h"
    since: Annotated[str | None, Field(alias="from")] = None
    until: Annotated[str | None, Field(alias="to")] = None

    @field_validator("lateness")
    @classmethod
    def _length(cls, text: str) -> str:
        length_us(text)
        return text

    @property
    @abstractmethod
    def layer(self) -> str:
        """What is looked at, as alerts name it: a layer, or ``cases:`` and a log of cases."""

    @property
    @abstractmethod
    def threshold(self) -> float:
        """What a count or a value is compared with."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The rule in a line."""

    @property
    def lateness_us(self) -> int:
        """How late what raises an alert may come, microseconds."""
        return length_us(self.lateness)

    @classmethod
    def keys(cls, place: tuple[int | str, ...]) -> tuple[str, ...]:
        """Return the keys that are known at a place of the document."""
        return () if place else tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with all faults, their keys and the nearest valid key.
        """
        return cls.from_document(toml_document(text, name), name=name)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Self:
        """Read a JSON document; `InvalidDefinition` ``not-json``, ``invalid-definition``."""
        return cls.from_document(json_document(text, name), name=name)

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, name: str) -> Self:
        """Return the rule of a document's keys and values; `InvalidDefinition` ``invalid-definition``."""
        wrong = [each for each in cls.attributes if isinstance(document, Mapping) and each in document]
        if wrong:  # an attribute, not its key
            raise InvalidDefinition(
                "invalid-definition", name,
                faults=[f"{each}: unknown key; did you mean '{cls.attributes[each]}'?" for each in wrong],
            )  # fmt: skip
        with definition_faults(name, cls.keys):
            return cls.model_validate(document)

    def to_toml(self) -> str:
        """Return the rule as a TOML document that reads back as an equal rule."""
        return toml_of(self._document())

    def to_json(self) -> str:
        """Return the rule as a JSON document that reads back as an equal rule."""
        return json.dumps(self._document(), ensure_ascii=False, indent=2) + "\n"

    def digest(self) -> str:
        """Return a digest of what the rule means, 16 hexadecimal digits; names do not affect it."""
        meaning = {name: value for name, value in self._document().items() if name not in _NAMING}
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _document(self) -> dict[str, object]:
        own = self.model_dump(mode="json", exclude_defaults=True, by_alias=True, exclude={self.table})
        looked_at: Closed = getattr(self, self.table)
        return {**own, self.table: looked_at.model_dump(mode="json", exclude_defaults=True)}


def toml_document(text: str, name: str) -> dict[str, Any]:
    """Return what a TOML document has; `InvalidDefinition` ``not-toml`` with the line."""
    with definition_faults(name, lambda _: ()):
        return tomllib.loads(text)


def json_document(text: str, name: str) -> Any:
    """Return what a JSON document has; `InvalidDefinition` ``not-json``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition("not-json", f"{name} is not JSON: {error}") from error
