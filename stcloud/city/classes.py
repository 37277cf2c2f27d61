"""The classes of a city: those that come with stcloud, and its own.

Its own are a list of which every version stays: ``classes/0001.csv``, ``classes/0002.csv``, each with the instant at
which it was recorded in its first line. A version is the whole list.

Tested by `tests/city/test_classes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.daas.definition.document import digest_holds, with_digest
from stcloud.errors import Conflict, FormatError, NotFound
from stcloud.iaas.store.folder import Folder, read_text
from stcloud.paas.case.classes.bundled import bundled_classes
from stcloud.paas.case.classes.coding import coded_columns

if TYPE_CHECKING:
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.daas.definition import Definition
    from stcloud.iaas.clock import Clock
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.paas.query.answer.coded import CodedColumns

__all__ = ["CityClasses"]

_FOLDER = "classes"
_KEY = re.compile(rf"{_FOLDER}/([0-9]{{4}})\.csv")
_RECORDED = re.compile(r"# recorded (\S+)\n")


class CityClasses:
    """A city's classes of components and matters.

    Parameters
    ----------
    folder, configuration
        Where the city lies, and its configuration.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(self, folder: Folder, configuration: CityConfiguration, clock: Clock) -> None:
        self._folder, self._configuration, self._clock = folder, configuration, clock
        self._read: dict[str, ClassTable] = {}

    def table(self, known_at: int | None = None) -> ClassTable:
        """Return the classes as they were known at an instant.

        Parameters
        ----------
        known_at
            UTC microseconds; None: as they are known now.

        Raises
        ------
        FormatError
            ``damaged-city``: a version of the list was changed since it was written.
        """
        newest = ""
        for key, recorded_us in self._versions():
            newest = key if known_at is None or recorded_us <= known_at else newest
        if not newest:
            return bundled_classes()
        if newest not in self._read:
            self._read[newest] = bundled_classes().extended(self._text(newest), newest)
        return self._read[newest]

    def extend(self, source: str | Path) -> ClassTable:
        """Make a list the city's own classes, beside those that come with stcloud; it replaces the list before it.

        Parameters
        ----------
        source
            A CSV file with the columns of the bundled tables.

        Returns
        -------
        All classes of the city.

        Raises
        ------
        NotFound
            ``unknown-source``: there is no such file.
        InvalidDefinition
            ``invalid-classes``, with the faults of all rows; nothing is written.
        Conflict
            ``classes-changed``: somebody else did the same at this moment.
        """
        path = Path(source)
        if not path.is_file():
            raise NotFound("unknown-source", f"there is no file {path}")
        text = read_text(path)
        table = bundled_classes().extended(text, str(path))
        versions = list(self._versions())
        recorded_us = max(self._clock(), versions[-1][1] + 1 if versions else 0)
        body = f"# recorded {_iso(recorded_us)}\n{text if text.endswith(chr(10)) else text + chr(10)}"
        if not self._folder.put_text(with_digest(body), _FOLDER, f"{len(versions) + 1:04d}.csv"):
            raise Conflict(
                "classes-changed", "somebody else gave the city classes at this moment", hint="try again"
            )
        return table

    def coded(self, definition: Definition) -> CodedColumns:
        """Return the columns of a layer that hold codes of classes, by its definition."""
        return coded_columns(definition, self.table, self._configuration.language or "en")

    def _versions(self) -> Iterator[tuple[str, int]]:
        """Give the key of each version and the instant at which it was recorded, oldest first."""
        for key in sorted(filter(_KEY.fullmatch, self._folder.children(_FOLDER).keys)):
            text = self._folder.read_text(*key.split("/"))
            recorded = _RECORDED.search(text)
            if recorded is None or digest_holds(text) is False:
                raise FormatError(
                    "damaged-city", f"{key} has changed since it was written",
                    hint="bring it back from a copy; if it was edited on purpose, delete its line with the digest",
                )  # fmt: skip
            yield key, _us(recorded[1])

    def _text(self, key: str) -> str:
        return self._folder.read_text(*key.split("/"))


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000).isoformat()


def _us(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond
