"""Deliveries: several sources for one layer, loaded in order, each in a commit of its own.

Tested by `tests/saas/cli/test_load.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from stcloud.daas.catalogue import Catalogue, read_definition
from stcloud.daas.complete_to import CompleteTo
from stcloud.daas.definition import Definition
from stcloud.daas.load.draft import Drafted, Options, draft
from stcloud.daas.load.limit import Limit
from stcloud.daas.load.loader import Loader
from stcloud.daas.load.request import LoadRequest
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.job import Cancelled, Job
from stcloud.iaas.source.memory.spooling import ready
from stcloud.iaas.source.protocol import Reading, geometry_column
from stcloud.iaas.source.sourcefile import SourceFile
from stcloud.iaas.store.folder import Folder, check_name
from stcloud.space import same_crs
from stcloud.time import Instant

__all__ = ["Given", "LoadSequence", "LoadTerms", "drafted", "spool"]

Given: TypeAlias = str | os.PathLike[str] | Definition | None
"""A definition as a caller names it."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class LoadTerms:
    """What the caller of a load states for all of its files.

    Parameters
    ----------
    definition, options
        How to read them: a definition, options that one is made of, or both.
    mode, valid_from, valid_to, allow_missing, empty
        As of `LoadRequest`.
    limit
        How many rejected rows make a file's load fail as a whole.
    again
        Load even what the ledger knows.
    keep_going
        Try the files that follow one that failed.
    complete_to
        Until when their rows are complete; None: nothing is stated.
    """

    definition: Given
    options: Options
    mode: str | None
    valid_from: Instant | None
    valid_to: Instant | None
    allow_missing: str | Iterable[str]
    limit: Limit
    again: bool
    empty: bool
    keep_going: bool
    complete_to: Instant | None = None

    @property
    def dated(self) -> bool:
        """Whether a valid period is stated: the layer is one of features."""
        return self.valid_from is not None or self.mode == "snapshot"


@dataclass(slots=True)
class LoadSequence:
    """Sources on their way into one layer; the caller holds the layer's lock.

    Parameters
    ----------
    loader, layer, terms, job
        What loads, where to, what is stated, and who watches.
    on_loaded, on_failed
        Called with each reckoning when it is there, and with the error of each file after the first that failed.
    """

    loader: Loader
    layer: str
    terms: LoadTerms
    job: Job
    on_loaded: Callable[[Reckoning], None] | None = None
    on_failed: Callable[[StcloudError], None] | None = None
    loaded: list[Reckoning] = field(default_factory=list)
    failures: list[StcloudError] = field(default_factory=list)
    _count: int = 0
    _definition: Definition | None = None

    def run(self, sources: Sequence[object]) -> None:
        """Load sources in order, to the end or to the first that fails; `InvalidInput` ``no-source`` for none.

        A source is the path of a file, or an object in memory, which is spooled to a file while it is loaded.
        """
        if not sources:
            raise InvalidInput("no-source", f"no source file was named to load into '{self.layer}'")
        self._count = len(sources)
        folder, name = self.loader.folder, f"{self.loader.catalogue.lock_name(self.layer)}.spool"
        folder.discard_staging(name)
        for given in sources:
            subject = (
                SourceFile.of(given).name if isinstance(given, str | os.PathLike) else type(given).__name__
            )
            tell = partial(self.job.named(subject).tell, "spool")
            try:
                with ready(
                    given, partial(folder.staging, name), tell, self.terms.options.source_format
                ) as source:
                    subject = source.name
                    parts = source.parts(self.terms.options.source_layer)
                    self._count += len(parts) - 1
                    for part, table in parts:
                        subject = part.name
                        self._keep(self._load(part, table))
            except Cancelled:
                raise
            except StcloudError as error:
                self._fail(subject, error)
                if not self.terms.keep_going:
                    return

    def reckonings(self) -> list[Reckoning]:
        """Return the reckonings of the files.

        Raises
        ------
        StcloudError
            The first failure; of several files its message says which were loaded, and its context has their
            ``reckonings`` and the other ``failures``.
        """
        if not self.failures:
            return self.loaded
        first, *others = self.failures
        if self._count > 1:
            first.append(self._outcome())
        first.context = {**first.context, "reckonings": tuple(self.loaded), "failures": tuple(others)}
        raise first

    def _keep(self, reckoning: Reckoning) -> None:
        self.loaded.append(reckoning)
        if self.on_loaded is not None:
            self.on_loaded(reckoning)

    def _fail(self, subject: str, error: StcloudError) -> None:
        if self._count > 1 and subject not in error.message:
            error.prefix(subject)
        error.context.setdefault("source", subject)
        if self.failures and self.on_failed is not None:
            self.on_failed(error)
        self.failures.append(error)

    def _load(self, source: SourceFile, table: str | None) -> Reckoning:
        """Load a file, or the table of it that is named."""
        terms, loader = self.terms, self.loader
        if self._definition is None:
            self._definition = self._chosen(source, replace(terms.options, source_layer=table))
        zone = loader.configuration.zone
        request = LoadRequest.of(
            self._definition, terms.mode, terms.valid_from, terms.valid_to, zone, terms.allow_missing,
            empty=terms.empty,
        )  # fmt: skip
        complete_to = None if terms.complete_to is None else CompleteTo.read(terms.complete_to, zone)
        request = replace(request, source_layer=table, complete_to=complete_to)
        return loader.load(
            self.layer, source, self._definition, request, terms.limit, self.job, again=terms.again
        )

    def _chosen(self, source: SourceFile, options: Options) -> Definition:
        """Return the definition of all files: the one that is named or saved, or one drafted from this file."""
        terms, catalogue = self.terms, self.loader.catalogue
        known = terms.definition is not None or catalogue.table(self.layer).exists
        if options.given or (terms.dated and not known):
            return drafted(
                catalogue, self.layer, source, terms.definition, options, dated=terms.dated
            ).definition
        return catalogue.definition_for(self.layer, self._fitting(source, terms.definition))

    def _fitting(self, source: SourceFile, given: Given) -> Given:
        """Return a bundled definition with the CRS that a file declares: the definition's own is an example."""
        if not isinstance(given, str) or given.endswith(".toml"):
            return given
        named = read_definition(given)
        if named.space.column is None:
            return named
        catalogue = self.loader.catalogue
        if catalogue.table(self.layer).exists:  # what was fitted to the first file is saved
            saved = catalogue.definition_for(self.layer, None)
            fitted = Options(crs=saved.space.crs).stated(named) if saved.space.crs else named
            if fitted.digest() == saved.digest():
                return saved
        reading = named.read
        opened = source.open(Reading(reading.format, reading.encoding, reading.delimiter, reading.layer))
        if opened.crs is None or geometry_column(opened) != named.space.column:
            return named
        return (
            named if same_crs(opened.crs, named.space.declared_crs) else Options(crs=opened.crs).stated(named)
        )

    def _outcome(self) -> str:
        names = [reckoning.source for reckoning in self.loaded]
        listed = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return f"{len(names)} of {self._count} files {'was' if len(names) == 1 else 'were'} loaded" + (
            f" ({listed})" if names else ""
        )


@contextlib.contextmanager
def spool(catalogue: Catalogue, folder: Folder, layer: str, wait_s: float) -> Iterator[Path]:
    """Give an empty folder for a source in memory, while the layer's lock is held."""
    with (
        catalogue.locked(layer, wait_s=wait_s),
        folder.staging(f"{catalogue.lock_name(layer)}.spool") as place,
    ):
        yield place


def drafted(
    catalogue: Catalogue, layer: str, source: SourceFile, definition: Given, options: Options, *, dated: bool
) -> Drafted:
    """Return the definition for a load whose user gives options instead of one, or besides the saved one.

    Raises
    ------
    InvalidInput
        ``other-definition``: options and definition disagree; or what `draft` raises.
    """
    if definition is not None or catalogue.table(layer).exists:
        named = None if definition is None else options.stated(read_definition(definition))
        known = catalogue.definition_for(layer, named)
        options.refuse_other(known, layer)
        return Drafted(known, fresh=False)
    made = draft(source, options, check_name(layer), dated=dated)
    # Which layer of a file is meant counts for this load; another file may call it otherwise.
    return Drafted(made.model_copy(update={"read": made.read.model_copy(update={"layer": None})}), fresh=True)
