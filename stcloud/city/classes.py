"""The classes of a city: those that come with stcloud, and its own.

Its own are a list of which every version stays: ``classes/0001.csv``, ``classes/0002.csv``.

Tested by `tests/city/test_classes.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.city.keptlist import KeptList
from stcloud.errors import Conflict, NotFound
from stcloud.iaas.store.folder import Folder, read_text
from stcloud.paas.case import classes
from stcloud.paas.case.classes.coding import coded_columns

if TYPE_CHECKING:
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.daas.definition import Definition
    from stcloud.iaas.clock import Clock
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.paas.query.answer.coded import CodedColumns

__all__ = ["CityClasses"]


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
        self._configuration = configuration
        self._kept = KeptList(folder, "classes", ".csv", clock)
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
        version = self._kept.known_at(known_at)
        if version is None:
            return classes.bundled_classes()
        if version.key not in self._read:
            self._read[version.key] = classes.bundled_classes().extended(version.text, version.key)
        return self._read[version.key]

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
        table = classes.bundled_classes().extended(text, str(path))
        if not self._kept.append(text):
            raise Conflict(
                "classes-changed", "somebody else gave the city classes at this moment", hint="try again"
            )
        return table

    def coded(self, definition: Definition) -> CodedColumns:
        """Return the columns of a layer that hold codes of classes, by its definition."""
        return coded_columns(definition, self.table, self._configuration.language or "en")
