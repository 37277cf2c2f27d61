"""What every open city has: its parts and its clock, how it shows itself, and its end.

Tested by `tests/city/test_city.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from stcloud.city import below
from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.job import Job
from stcloud.iaas.store.folder import Folder
from stcloud.late import plugin

if TYPE_CHECKING:
    from stcloud.city.blueprint import CityBlueprint
    from stcloud.city.calendar import CityCalendar
    from stcloud.city.city import City
    from stcloud.city.classes import CityClasses
    from stcloud.city.conflicts import CityConflicts
    from stcloud.city.copying import CopiedCity
    from stcloud.city.keywords import DescriptionKeywords
    from stcloud.city.planquestion import GivenRules
    from stcloud.city.standing import CityStanding
    from stcloud.daas.audit import Finding
    from stcloud.daas.catalogue import Catalogue
    from stcloud.daas.description import Description
    from stcloud.daas.quality import LayerQuality
    from stcloud.iaas.engine.model import Engine
    from stcloud.iaas.store.traffic import Traffic
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.time import Instant, TimeSpan

__all__ = ["OpenedCity"]


class OpenedCity:
    """A city that is open, of which `stcloud.City` has the methods that people call.

    Parameters
    ----------
    folder, configuration
        Where it lies, and its configuration.
    engine
        An engine, or the name of one to be started when first needed.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(
        self, folder: Folder, configuration: CityConfiguration, *, engine: str | Engine = "duckdb",
        clock: Clock = system_clock,
    ) -> None:  # fmt: skip
        self.configuration = configuration
        self._clock = clock
        self._parts = CityParts(folder, configuration, engine, clock)
        self._standing: CityStanding | None = None

    @property
    def traffic(self) -> Traffic:
        """Requests to the city's bucket since it was opened, and bytes; all zero where it lies in a folder."""
        return self._parts.folder.store.traffic

    def __repr__(self) -> str:
        return "\n  ".join(below.city_lines(self._parts, self.configuration))

    def _repr_html_(self) -> str:
        return below.city_html(self._parts, self.configuration)

    def __enter__(self) -> Self:
        """Return the city itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the city."""
        self._parts.close()

    @property
    def name(self) -> str:
        """Name of the city."""
        return self.configuration.name

    @property
    def classes(self) -> CityClasses:
        """Classes of components and matters: ``city.classes.table()``, and ``extend`` with the city's own."""
        return self._parts.classes

    @property
    def calendar(self) -> CityCalendar:
        """Working and free days: ``city.calendar.days()``, and ``publish`` with the city's own."""
        return self._parts.calendar

    @property
    def standing(self) -> CityStanding:
        """Standing questions: ``add`` a rule, ``run``, and ask for ``alerts``, ``why`` and ``why_not``."""
        if self._standing is None:
            self._standing = below.CityStanding(cast("City", self), self._parts)
        return self._standing

    def conflicts(
        self, layers: Iterable[str], *, rules: GivenRules, at: Instant | None = None, during: TimeSpan | None = None,
        known_at: Instant | Pin | None = None, decisions: str = "conflict-decisions",
    ) -> CityConflicts:  # fmt: skip
        """Return where plans that are valid at the same time contradict each other, area by area.

        Parameters
        ----------
        layers, rules
            Layers of features, two or more; a table of rules: its TOML or CSV file, or its keys and values.
        at, during
            Conflicts that hold at an instant, or in some part of a span; neither: at any time.
        known_at
            As it was known at this recorded instant, or at the pin of an answer.
        decisions
            The layer of decisions, if there is one.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-layer``; ``two-layers-needed``, ``not-features``, ``at-or-during``, ``no-rule``,
            ``unknown-use``, ``no-use-column``, ``no-depth-columns``; `InvalidDefinition` ``not-toml``,
            ``invalid-definition``.
        """
        return below.open_conflicts(
            cast("City", self), self._parts, layers, rules, at=at, during=during, known_at=known_at,
            decisions=decisions,
        )  # fmt: skip

    def blueprint(
        self, layers: Iterable[str], *, rules: GivenRules, at: Instant, known_at: Instant | Pin | None = None,
        decisions: str = "conflict-decisions",
    ) -> CityBlueprint:  # fmt: skip
        """Return plans as they are at an instant after the decisions: what is settled, cut, open, planned anew.

        Parameters and errors are those of `conflicts`.
        """
        return below.open_blueprint(
            cast("City", self), self._parts, layers, rules, at=at, known_at=known_at, decisions=decisions
        )

    @property
    def engine(self) -> Engine:
        """Engine that runs the city's queries; it is started when it is first needed."""
        return self._parts.engine

    def describe(self, layer: str, **fields: Unpack[DescriptionKeywords]) -> Description:
        """Write some fields of a layer's description, for people, and return it; no load is needed.

        Fields are ``title``, ``description``, ``themes``, ``keywords``, ``owner``, ``contact``, ``licence``,
        ``update_cycle`` and ``lineage``, as in ``city.describe("requests", owner="Roads department",
        licence="CC-BY-4.0")``. None clears a field; those that are left out stay. `Layer.description` has them.

        Raises
        ------
        NotFound
            ``unknown-layer``
        InvalidInput
            ``no-such-field``, with the nearest names; ``bad-licence``: no SPDX identifier and no URL;
            ``bad-contact``: no e-mail address and no URL; ``bad-cycle``: no duration of ISO 8601; ``bad-text``.
        """
        self._catalogue.layer(layer)
        return self._catalogue.descriptions.write(layer, fields, self._clock)

    def quality(self, layer: str, known_at: Instant | None = None) -> LayerQuality:
        """Return how good a layer's rows are: how many, unplaced, rejected, until when complete, how late recorded.

        ``known_at``: as it was known at this recorded instant; None: now. Reads the ledger and, of the events of the
        last year, two columns; of a past instant columns of all rows. `NotFound` ``unknown-layer``.
        """
        known_us = None if known_at is None else below.instant_us(known_at, self.configuration.zone)
        return below.quality_of(self._catalogue.layer(layer), known_us)

    def copy_to(
        self, target: str | os.PathLike[str], *, store_options: Mapping[str, str] | None = None,
        cases: str | None = None, job: Job | None = None,
    ) -> CopiedCity:  # fmt: skip
        """Copy the city to a new folder or an address in a bucket; called again after a failure, it goes on there.

        Loads and queries may run at the same time. Every file of rows is compared with its digests as it is read,
        and what arrived with what was sent.

        Parameters
        ----------
        target, store_options
            A folder, ``s3://bucket/city``, ``az://container/city`` or ``gs://bucket/city``, where there is nothing;
            options of the bucket as for `stcloud.open`.
        cases
            ``postgresql://user@host/database``, to which logs of cases are carried over that are files here; a
            bucket needs it. Logs in a database stay there, and both cities have them.
        job
            Reports progress; can cancel.

        Raises
        ------
        Conflict
            ``city-exists``: something else is there; ``records-exist``: the database has another log of that name.
        InvalidInput
            ``database-needed``: logs of cases are files, and none can lie in a bucket.
        FormatError
            ``damaged-table``, ``missing-file``, ``damaged-records``, ``damaged-city``: a file here is damaged.
        StorageError
            ``copy-differs``: the target has something else than what was sent; ``read-only``.
        """
        place = Folder.at(target, store_options)
        try:
            return below.CityCopy(self._parts, self.configuration, place, cases).run(job or Job())
        finally:
            place.leave()

    def check(self, layer: str | None = None) -> list[Finding]:
        """Check the files of one layer, or of the whole city, for damage; return a finding for each check.

        A file that cannot be read is a fault of its check. Raises `StorageError` ``no-permission`` if a file may not
        be read.
        """
        parts = self._parts
        check = below.CityCheck(parts.folder, parts.catalogue, self.configuration, parts.engine, self._clock)
        return list(check.city() if layer is None else check.known_layer(layer))

    def vacuum(self, *, retain_hours: float = 24, force: bool = False) -> int:
        """Delete files that have not been part of a table for ``retain_hours`` hours; return how many.

        Loads and queries may run at the same time, and no history is lost. Less than one hour needs ``force``,
        because running queries may then fail; without it: `InvalidInput` ``retention-too-short``.
        """
        return below.vacuum_city(self._catalogue, self._parts.folder, retain_hours=retain_hours, force=force)

    @property
    def parts(self) -> CityParts:
        """What the city is made of, for who shows no more than a part of it."""
        return self._parts

    @property
    def _catalogue(self) -> Catalogue:
        return self._parts.catalogue

    def close(self) -> None:
        """Free the memory and close the engine, unless the caller passed it; may be called twice.

        The city cannot be used afterwards: `InvalidInput` ``city-closed``.
        """
        self._parts.close()

    def console(self, *, height_px: int = 640, **state: Any) -> Any:
        """Return the console of the city for a cell of a notebook; it asks this process, and nothing else.

        Parameters
        ----------
        height_px
            Height of the cell, pixels.
        state
            What is shown at first: ``layer``, ``when``, ``where``, ``what``, ``by``, ``known``, ``board`` …

        Raises
        ------
        MissingExtra
            ``notebook-needed``
        """
        return plugin("stcloud.notebook", "console")(self, height_px=height_px, **state)
