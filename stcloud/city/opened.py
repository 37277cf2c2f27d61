"""What every open city has: its parts and its clock, how it shows itself, and its end.

Tested by `tests/city/test_city.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.job import Job
from stcloud.iaas.store.folder import Folder
from stcloud.late import plugin

if TYPE_CHECKING:
    from stcloud.city.blueprint import CityBlueprint
    from stcloud.city.calendar import CityCalendar
    from stcloud.city.carriedtable import CarriedTotals
    from stcloud.city.carrying import GivenVersion
    from stcloud.city.catalogueentries import CatalogueEntries
    from stcloud.city.city import City
    from stcloud.city.classes import CityClasses
    from stcloud.city.conflicts import CityConflicts
    from stcloud.city.copying import CopiedCity
    from stcloud.city.exchange import CityExchange, GivenSince
    from stcloud.city.indicators import CityIndicators
    from stcloud.city.keywords import DescriptionKeywords, Names
    from stcloud.city.planquestion import GivenRules
    from stcloud.city.standing import CityStanding
    from stcloud.daas.audit import Finding
    from stcloud.daas.catalogue import Catalogue
    from stcloud.daas.description import Description
    from stcloud.daas.exchange.packing import Packed
    from stcloud.daas.exchange.receiving import ReceivedParcel
    from stcloud.daas.quality import LayerQuality
    from stcloud.iaas.engine.model import Engine
    from stcloud.iaas.store.traffic import Traffic
    from stcloud.paas.query.answer.pin import GivenKnown, Pin
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
    def indicators(self) -> CityIndicators:
        """Indicators: ``define`` them, and ask for ``values``, a ``composite`` and ``rank``."""
        return below.CityIndicators(cast("City", self), self._parts.folder, self._clock)

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
            ``bad-contact``: no e-mail address and no URL; ``bad-cycle``: no duration of ISO 8601; ``bad-text``;
            ``received-layer``: its owner describes it.
        """
        self._catalogue.layer(layer)
        below.refuse_received(self._catalogue, layer)
        return self._catalogue.descriptions.write(layer, fields, self._clock)

    def quality(self, layer: str, known_at: Instant | None = None) -> LayerQuality:
        """Return how good a layer's rows are: how many, unplaced, rejected, until when complete, how late recorded.

        ``known_at``: as it was known at this recorded instant; None: now. Reads the ledger and, of the events of the
        last year, two columns; of a past instant columns of all rows. `NotFound` ``unknown-layer``.
        """
        chosen = self._catalogue.layer(layer)
        known_us = None if known_at is None else below.instant_us(known_at, self.configuration.zone)
        return below.quality_of(chosen, None if known_us is None else chosen.axis_us(known_us))

    def pack(
        self, *layers: str, to: str | os.PathLike[str], since: GivenSince = None, until: Instant | Pin | None = None,
        key: str | os.PathLike[str] | None = None,
    ) -> Packed:  # fmt: skip
        """Write a package of what was recorded of layers in ``(since, until]``, for another city to receive.

        Parameters
        ----------
        layers, to
            Names of layers of events and features; the file, ``NAME.stpack``, which is replaced.
        since, until
            Recorded instants or pins; ``since`` may also be the file of the package before. None: from the beginning,
            and until now.
        key
            A file with a private key of Ed25519 (PEM), which signs it; None: it is not signed.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``no-package``, ``no-key-file``
        InvalidInput
            ``changed-past``: the package before tells another past; ``purged-since``: rows of it were removed;
            ``nothing-to-pack``, ``several-owners``, ``unknown-format``, ``unreadable-key``.
        """
        return self._exchange(0.0).pack(layers, to, since, until, key)

    def receive(
        self, source: str | os.PathLike[str], *, as_layer: str | None = None,
        trust: str | os.PathLike[str] | None = None, anew: bool = False, wait_s: float = LOCK_WAIT_S,
    ) -> list[ReceivedParcel]:  # fmt: skip
        """Receive packages of another city, each once and in order; return what became of each layer.

        Parameters
        ----------
        source
            A package, a folder of packages, or the address (http, https) of one or of an index of them.
        as_layer
            What a layer is called here that is received for the first time; None: as its owner calls it.
        trust
            A file with the public key (PEM) that packages of the layer must be signed with from now on.
        anew
            Let a package from the beginning replace a layer whose past is another one.
        wait_s
            As for `City.load`.

        Raises
        ------
        FormatError
            ``damaged-package``, ``newer-package``
        Conflict
            ``missing-package``: one before it was not received; ``changed-past``; ``locked``.
        InvalidInput
            ``own-layer``, ``other-origin``, ``unfit-package``, ``unsigned-package``, ``wrong-signature``, and what is
            wrong with an address.
        """
        return self._exchange(wait_s).receive(source, as_layer=as_layer, trust=trust, anew=anew)

    def catalogue(self, words: str = "") -> CatalogueEntries:
        """Return what the city holds: layers with themes, owners, what came when, and how late it is.

        Parameters
        ----------
        words
            Only layers in whose name, title, description, themes, keywords, owner or origin all of these occur, in
            any case; empty: all.

        Reads the ledger, the logs of all layers and their descriptions, and no rows.
        """
        return below.catalogue_entries(self._parts, self.configuration, self._clock, words)

    def _exchange(self, wait_s: float) -> CityExchange:
        return below.CityExchange(self._parts, self.configuration, self._clock, wait_s)

    def carry(
        self, totals: Any, from_: GivenVersion, to: GivenVersion, weights: str | None = None, *,
        key: str | None = None, values: Names = (), whole: bool = False, known_at: GivenKnown | None = None,
    ) -> CarriedTotals:  # fmt: skip
        """Carry totals by area from one version of a layer to another, or to another layer; nothing is lost.

        Parameters
        ----------
        totals
            Numbers that add up, by area: a file, a DataFrame, an Arrow table, columns by name, or records.
        from_, to
            A layer of areas at an instant: ``("communities", 2015)``, ``"communities@2015-06-01"``.
        weights
            What totals are spread by within their areas: None: by area; ``buildings.population``, a column of a layer
            of features (as they were at the instant of ``from_``) or of events; ``buildings`` alone counts each one.
        key, values
            Column with the areas' keys, None: that of the layer; columns of totals, by default all others.
        whole
            Carry whole numbers in whole numbers, by largest remainder.
        known_at
            Areas and weights as they were known at a recorded instant, or at the pin of earlier totals.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``unknown-source``, ``unknown-column``; ``unknown-feature``: a total is of no area.
        InvalidInput
            ``no-version``, ``no-areas``, ``which-key``, ``no-totals``, ``missing-key``, ``repeated-key``,
            ``wrong-type``, ``not-whole``, ``negative-weight``, ``no-weights``;
            ``overlapping-areas``: a total would count twice.
        """
        named = (values,) if isinstance(values, str) else tuple(values or ())
        return below.carry_totals(
            cast("City", self),
            totals,
            from_,
            to,
            weights,
            key=key,
            values=named,
            whole=whole,
            known_at=known_at,
        )

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
