"""The facade: a city in a folder, its layers, loads and questions. It composes and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from stcloud.daas.audit import Finding, audit
from stcloud.daas.catalogue import Catalogue, Layer
from stcloud.daas.charter import Charter
from stcloud.daas.definition import Definition, EventDefinition, FeatureDefinition
from stcloud.daas.draft import Options, draft
from stcloud.daas.ingest import Ingest, Mode, load_id
from stcloud.daas.ledger import Reckoning
from stcloud.daas.limit import Limit
from stcloud.daas.place import refuse_other_crs
from stcloud.daas.revision import FeatureMode, Revision
from stcloud.daas.told import Told
from stcloud.daas.undo import undo
from stcloud.errors import Conflict, InvalidInput, NotFound
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.duck import Duck
from stcloud.iaas.engine import Engine
from stcloud.iaas.folder import Folder, check_name, check_place, storage_errors
from stcloud.iaas.job import Job
from stcloud.iaas.source import Reading, fingerprint, geometry_column, open_source, watch
from stcloud.iaas.spark import Spark
from stcloud.paas.query import Features, Query, Subject

__all__ = ["City", "create", "open"]

_LOCK_WAIT_S = 600.0


def create(path: str | os.PathLike[str], *, crs: str, zone: str, name: str | None = None) -> City:
    """Make a new city in an empty or absent folder.

    Parameters
    ----------
    path
        The folder.
    crs
        The city's metric CRS, e.g. ``"EPSG:32618"``: distances and cells are in its metres.
    zone
        IANA time zone, e.g. ``"America/New_York"``: local times are read and shown in it.
    name
        What the city is called; default: the folder's name.

    Raises
    ------
    InvalidInput
        ``metric-crs-needed`` (the hint proposes some), ``unknown-crs``, ``unknown-zone``; ``bad-name``: a table
        cannot lie in a folder of this name.
    Conflict
        ``city-exists``: there is a city or something else in the folder.
    """
    root = Path(path)
    check_place(root)
    charter = Charter.found(name or root.resolve().name, crs, zone)
    with storage_errors(f"create {root}"):
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise Conflict("city-exists", f"{root} is not empty", hint="choose another folder")
        root.mkdir(parents=True, exist_ok=True)
    Folder(root).write_text(charter.to_toml(), "city.toml")
    return City(Folder(root), charter)


def open(  # noqa: A001  (st.open reads as it should)
    path: str | os.PathLike[str], *, engine: str | Engine = "duckdb", clock: Clock = system_clock
) -> City:
    """Open a city.

    Parameters
    ----------
    path
        Its folder.
    engine
        ``"duckdb"``, the URL of a Spark Connect endpoint (``"sc://host:port"``), or an engine.
    clock
        Tells the present instant in UTC microseconds; loads are recorded at it.

    Raises
    ------
    NotFound
        ``no-city``.
    FormatError
        ``newer-city``, ``damaged-city``.
    """
    folder = Folder(Path(path))
    check_place(folder.root)
    if not folder.path("city.toml").is_file():
        raise NotFound(
            "no-city", f"there is no city in {path}", hint=f"make one: stcloud create {path} --crs … --zone …"
        )
    return City(folder, Charter.from_toml(folder.read_text("city.toml")), engine=engine, clock=clock)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A definition, and whether it was derived just now."""

    definition: Definition
    fresh: bool


class City:
    """A city: layers, loads, questions. Made by `stcloud.create` and `stcloud.open`."""

    def __init__(
        self,
        folder: Folder,
        charter: Charter,
        *,
        engine: str | Engine = "duckdb",
        clock: Clock = system_clock,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._wanted = engine
        self._engine: Engine | None = None
        self.charter = charter
        self._catalogue = Catalogue(folder, charter)

    @property
    def name(self) -> str:
        """What the city is called."""
        return self.charter.name

    @property
    def engine(self) -> Engine:
        """The engine that runs the city's questions; started when first needed."""
        if self._engine is None:
            self._engine = _engine(self._wanted) if isinstance(self._wanted, str) else self._wanted
        return self._engine

    def layers(self) -> tuple[Layer, ...]:
        """Return the city's layers, by name."""
        return tuple(self.layer(name) for name in self._catalogue.names())

    def layer(self, name: str) -> Layer:
        """Return a layer; one of features can be asked (`Features`).

        Raises
        ------
        NotFound
            ``unknown-layer``, with the nearest names.
        """
        found = self._catalogue.layer(name)
        return found if found.kind == "event" else self._features(found)

    def features(self, name: str) -> Features:
        """Return a layer of features: ``as_of``, ``between``, ``history``, ``diff``, ``lineage``, ``timeline``.

        Raises
        ------
        NotFound
            ``unknown-layer``, with the nearest names.
        InvalidInput
            ``not-features``: it is a layer of events.
        """
        found = self._catalogue.layer(name)
        if found.kind == "event":
            raise InvalidInput("not-features", f"layer '{name}' holds events", hint="ask it with query")
        return self._features(found)

    def _features(self, found: Layer) -> Features:
        return Features.of(found, self._catalogue.features(found.name), self.charter, self.engine)

    def query(self, layer: str) -> Query:
        """Start a question about a layer; chain ``what``, ``where``, ``when``, ``known_at``, then ask.

        >>> # city.query("requests").when("2025-02").count(by=["week"])
        """
        found = self._catalogue.layer(layer)
        if found.kind != "event":
            raise InvalidInput(
                "not-events", f"layer '{layer}' holds features", hint="ask it with as_of, between or history"
            )
        return Query(Subject(found, self.charter, self.engine))

    def load(
        self,
        layer: str,
        *sources: str | os.PathLike[str],
        definition: str | os.PathLike[str] | Definition | None = None,
        mode: Mode | FeatureMode | None = None,
        valid_from: str | None = None,
        valid_to: str | None = None,
        max_rejected: str | int = "5%",
        again: bool = False,
        job: Job | None = None,
        wait_s: float = _LOCK_WAIT_S,
        **said: Any,
    ) -> list[Reckoning]:
        """Load source files into a layer, each in one atomic, idempotent commit.

        Parameters
        ----------
        layer, sources
            Name of the layer, made by the first load; files of all formats that `docs/reference/files.md` lists.
        definition
            How to read them: a bundled definition's name, a TOML file, or a `Definition`. Needed by the first
            load only, unless ``said`` says enough; later loads use what the city saved.
        mode
            Events: ``changes`` (the default), ``append``, ``delete``. Features: ``snapshot`` (the default), and the
            same three for a period; see `docs/explanation/time-stamped-layers.md`.
        valid_from, valid_to
            The valid period that is stated of features, half-open; text in the city's zone, as for `Query.when`.
        max_rejected
            A number of rows or a share (``"5%"``) of rejected rows beyond which a file is not loaded at all.
        again, job, wait_s
            Load even what the ledger knows; told of progress (``file: step``), and may cancel; seconds to wait for
            another load.
        said
            Fields of `stcloud.daas.draft.Options`, of which a first load's definition is derived.

        Returns
        -------
        A reckoning per source; ``known`` where the ledger had the load already and nothing was done.

        Raises
        ------
        InvalidInput, InvalidDefinition
            The file, the definition or the call is wrong; nothing was written.
        Conflict
            ``locked``, ``concurrent-commit``: another writer was faster; nothing was written.
        """
        check_name(layer)
        limit = Limit.parse(str(max_rejected))
        if not sources:
            raise InvalidInput("no-source", f"no source file was named to load into '{layer}'")
        if said:
            dated = valid_from is not None or mode == "snapshot"
            definition = self.draft(layer, sources[0], definition=definition, dated=dated, **said).definition
        with self._folder.lock(f"layer-{layer}", wait_s=wait_s):
            chosen = self._catalogue.definition_for(layer, definition)
            told = Told.of(chosen, mode, valid_from, valid_to, self.charter.zone)
            load = _when_overtaken(self._load_one)
            return [load(layer, Path(one), chosen, told, limit, job or Job(), again=again) for one in sources]

    def _load_one(
        self,
        layer: str,
        path: Path,
        definition: Definition,
        told: Told,
        limit: Limit,
        job: Job,
        *,
        again: bool,
    ) -> Reckoning:
        job = job.named(path.name)
        reading = definition.read
        source = open_source(
            path, Reading(reading.format, reading.encoding, reading.delimiter, reading.layer)
        )
        job.tell("open", 0, path.stat().st_size)
        refuse_other_crs(source.crs, geometry_column(source), definition.space, path.name)
        unchanged = watch(path)
        told = told.dated(definition, path.name, self.charter.zone)
        load = load_id(fingerprint(path), definition, told.mode, *told.period)
        with storage_errors(f"load {path}"), self._folder.staging(f"layer-{layer}") as staging:
            earlier, count = self._catalogue.recovered(layer, load)
            if earlier and not again:
                return earlier[-1]
            with self._catalogue.founding(layer, definition):
                return self._ingest(layer, definition, told, limit).run(
                    source,
                    name=path.name,
                    load=f"{load}.{count + 1}" if count else load,
                    now_us=self._clock(),
                    staging=staging,
                    job=job,
                    unchanged=unchanged,
                )

    def _ingest(self, layer: str, definition: Definition, told: Told, limit: Limit) -> Ingest | Revision:
        known, lattice, zone = self._catalogue, self.charter.lattice, self.charter.zone
        if isinstance(definition, FeatureDefinition):
            return Revision(
                known.features(layer), definition, lattice, zone, known.ledger, known.quarantine,
                cast("FeatureMode", told.mode), limit, told.valid_from_us, told.valid_to_us,
            )  # fmt: skip
        return Ingest(
            known.events(layer), cast("EventDefinition", definition), lattice, zone, known.ledger,
            known.quarantine, cast("Mode", told.mode), limit,
        )  # fmt: skip

    def undo(self, layer: str, load: str, *, wait_s: float = _LOCK_WAIT_S) -> Reckoning:
        """Take back a load of a feature layer: its reverse is recorded, history stays.

        Where the layer still says what the load said, it says again what it said before.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``unknown-load``
        InvalidInput
            ``undone-already``, ``not-features``
        """
        self.features(layer)
        with self._folder.lock(f"layer-{layer}", wait_s=wait_s), storage_errors(f"take back {load}"):
            return undo(self._catalogue.features(layer), self._catalogue.ledger, load, self._clock())

    def draft(
        self,
        layer: str,
        source: str | os.PathLike[str],
        *,
        definition: str | os.PathLike[str] | Definition | None = None,
        dated: bool = False,
        **said: Any,
    ) -> Drafted:
        """Return the definition for a load whose user gives options instead of one, or besides the saved one.

        Parameters
        ----------
        layer, source
            What is to be loaded where.
        definition
            A definition named besides; then the options must agree with it.
        dated
            True when a valid period is stated: the layer is one of features.
        said
            Fields of `stcloud.daas.draft.Options`.

        Raises
        ------
        InvalidInput
            ``other-definition``, or what `draft` raises.
        """
        named: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
        }
        options = Options(**named)
        if definition is not None or self._catalogue.table(layer).exists:
            known = self._catalogue.definition_for(layer, definition)
            options.refuse_other(known, layer)
            return Drafted(known, fresh=False)
        return Drafted(draft(Path(source), options, check_name(layer), dated=dated), fresh=True)

    def rejected(self, layer: str) -> pa.Table:
        """Return the rejected rows of a layer's loads: load, layer, source, row, field, value, reason."""
        return self._catalogue.quarantine.rows(self._catalogue.layer(layer).loads)

    def check(self, layer: str | None = None) -> list[Finding]:
        """Check that what lies on disk is whole, for one layer or all; a finding per check."""
        layers = self.layers() if layer is None else (self.layer(layer),)
        return [finding for one in layers for finding in audit(one, self.charter.lattice, self.engine)]

    def vacuum(self, *, retain_hours: int = 24) -> int:
        """Delete files that nobody has needed for ``retain_hours`` hours; return how many."""
        return sum(
            self._catalogue.table(one.name).table.vacuum(retain_hours=retain_hours) for one in self.layers()
        )

    def delete(self, layer: str, *, wait_s: float = _LOCK_WAIT_S) -> None:
        """Delete a layer's table and definition; the ledger stays. `NotFound` ``unknown-layer``."""
        with self._folder.lock(f"layer-{check_name(layer)}", wait_s=wait_s):
            self._catalogue.delete(layer, self._clock())

    def close(self) -> None:
        """Let go of the engine."""
        if self._engine is not None:
            self._engine.close()


def _when_overtaken(load: Callable[..., Reckoning]) -> Callable[..., Reckoning]:
    """Do a load anew when a writer without the lock (another machine, say) committed meanwhile."""

    def overtaken(error: BaseException) -> bool:
        return isinstance(error, Conflict) and error.kind == "concurrent-commit"

    return retry(
        retry=retry_if_exception(overtaken),
        stop=stop_after_attempt(3),
        wait=wait_random(0.05, 0.5),
        reraise=True,
    )(load)


def _engine(wanted: str) -> Engine:
    if wanted == "duckdb":
        return Duck()
    if wanted.startswith("sc://"):
        return Spark(wanted)
    raise InvalidInput(
        "unknown-engine", f"there is no engine {wanted!r}", hint="use duckdb or sc://host:port"
    )
