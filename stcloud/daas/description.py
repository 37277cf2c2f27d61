"""A description of a layer for people: its title, whose it is, under which licence, and how often it comes anew.

It lies beside the layer's definition, says nothing of how the layer is read, and may be edited without a load::

    layers/requests.about.toml

    title = "Service requests"
    keywords = ["311", "potholes"]
    owner = "Roads department"
    contact = "roads@example.org"
    licence = "CC-BY-4.0"
    update_cycle = "P1D"
    updated = "2026-11-29T08:00:00.000000+00:00"

It is written whole. A renamed layer keeps it, a copy of the city has it, and it goes with the layer.

Tested by `tests/daas/test_description.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from stcloud.daas.definition.document import digest_holds, toml_of, with_digest
from stcloud.daas.names import LayerNames
from stcloud.errors import FormatError, InvalidInput, nearest
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder

__all__ = ["FIELDS", "Description", "LayerDescriptions"]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_WAIT_S = 5.0
_UPDATED = "updated"
_READERS = {
    "title": "line_of", "description": "text_of", "themes": "words_of", "keywords": "words_of", "owner": "line_of",
    "contact": "contact_of", "licence": "licence_of", "update_cycle": "cycle_of", "lineage": "text_of",
}  # fmt: skip
"""What reads a field, in `describedvalue`."""
FIELDS = tuple(_READERS)
"""Names of the fields that people write."""


@dataclass(frozen=True, slots=True)
class Description:
    """What people wrote of a layer; a field that nobody wrote is None, or empty.

    Attributes
    ----------
    title, description
        Its name for people, one line; what it is, in some sentences.
    themes, keywords
        Subjects that it belongs to; further words by which it is sought.
    owner, contact
        The department that answers for it; an e-mail address or a URL.
    licence
        An SPDX identifier such as ``CC-BY-4.0``, or the URL of a licence.
    update_cycle
        How often it comes anew: a duration of ISO 8601, such as ``P1D``.
    lineage
        Where it comes from and how it was made.
    updated_us
        When it was written last, UTC microseconds.

    Examples
    --------
    >>> Description().described({"owner": "Roads", "licence": "cc-by-4.0"}, 0).licence
    'CC-BY-4.0'
    """

    title: str | None = None
    description: str | None = None
    themes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    owner: str | None = None
    contact: str | None = None
    licence: str | None = None
    update_cycle: str | None = None
    lineage: str | None = None
    updated_us: int | None = None

    @property
    def fields(self) -> dict[str, str | tuple[str, ...]]:
        """The fields that somebody wrote, by name."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in values.items() if value}

    def described(self, changes: Mapping[str, object], now_us: int) -> Description:
        """Return it with some fields written anew; None clears one.

        Raises
        ------
        InvalidInput
            ``no-such-field``, with the nearest names; ``bad-text``, ``bad-licence``, ``bad-contact``, ``bad-cycle``.
        """
        from stcloud.daas import describedvalue  # noqa: PLC0415  (who only reads needs none)

        empty = Description()
        read: dict[str, Any] = {}
        for name, value in changes.items():
            reader = _READERS.get(name)
            if reader is None:
                close = nearest(name, FIELDS)
                raise InvalidInput(
                    "no-such-field", f"a description has no field '{name}'",
                    hint="did you mean " + " or ".join(f"'{text}'" for text in close) + "?"
                    if close
                    else f"there are: {', '.join(FIELDS)}",
                )  # fmt: skip
            read[name] = (
                getattr(empty, name) if value is None else getattr(describedvalue, reader)(value, name)
            )
        return replace(self, **read, updated_us=now_us)

    def to_toml(self) -> str:
        """Return its document."""
        document: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in self.fields.items()
        }
        if self.updated_us is not None:
            at = _START + timedelta(microseconds=self.updated_us)
            document[_UPDATED] = at.isoformat(timespec="microseconds")
        return with_digest(toml_of(document))

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read its document; fields of newer versions are left out. ``name`` is what errors call it.

        Raises
        ------
        FormatError
            ``damaged-city``: it is not what was written.
        """
        if digest_holds(text) is False:
            raise _damaged(
                name, "has changed since it was written; after an edit on purpose delete its first line"
            )
        try:
            document = tomllib.loads(text)
            known = {field: value for field, value in document.items() if field in FIELDS}
            at = document.get(_UPDATED)
            updated_us = None if at is None else _us(at)
            described = cls().described(known, updated_us or 0)
        except InvalidInput as error:
            raise _damaged(name, f"cannot be read: {error.message}") from error
        except (tomllib.TOMLDecodeError, ValueError, TypeError) as error:
            raise _damaged(name, f"is not what stcloud writes: {error}") from error
        return cls(
            **{field.name: getattr(described, field.name) for field in fields(cls)}
            | {"updated_us": updated_us}
        )


class LayerDescriptions:
    """Descriptions of a city's layers.

    Parameters
    ----------
    folder, naming
        The city's folder, and the names of its layers.
    """

    def __init__(self, folder: Folder, naming: LayerNames) -> None:
        self._folder, self._naming = folder, naming
        self._read: dict[str, tuple[str, Description]] = {}

    def key(self, layer: str) -> tuple[str, str]:
        """Return where the description of a layer lies."""
        return "layers", f"{self._naming.folder_of(layer)}.about.toml"

    def of(self, layer: str) -> Description:
        """Return a layer's description, an empty one where nobody wrote any; `FormatError` ``damaged-city``."""
        key = self.key(layer)
        if not self._folder.exists(*key):
            return Description()
        text = self._folder.read_text(*key)
        path = "/".join(key)
        known = self._read.get(path)
        if known is None or known[0] != text:
            known = self._read[path] = (text, Description.from_toml(text, name=path))
        return known[1]

    def write(self, layer: str, changes: Mapping[str, object], clock: Clock) -> Description:
        """Write some fields of a layer's description anew, and return it; what `Description.described` raises.

        Raises
        ------
        Conflict
            ``locked``: another process on this machine writes descriptions for longer than some seconds.
        """
        Description().described(changes, 0)
        with self._folder.lock("descriptions", wait_s=_WAIT_S):
            before = self.of(layer)
            after = before.described(changes, clock())
            if after.fields != before.fields:
                self._folder.write_text(after.to_toml(), *self.key(layer))
                return after
        return before

    def forget(self, layer: str) -> None:
        """Delete a layer's description, if it has one."""
        if self._folder.exists(*self.key(layer)):
            self._folder.delete(*self.key(layer))


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - _START) // timedelta(microseconds=1)


def _damaged(name: str, why: str) -> FormatError:
    return FormatError("damaged-city", f"{name} {why}", hint="bring it back from a copy of the city")
