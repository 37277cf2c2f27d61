"""What comes into a city: loads, how they are undone, and the rows that they rejected.

Tested by `tests/city/test_load_keywords.py` and `tests/city/test_city.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Unpack, overload

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S, GivenDefinition, GivenEngine, LoadKeywords, Names, Source
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.daas.load.draft import Drafted
    from stcloud.daas.load.event_load import Mode
    from stcloud.daas.load.feature_load import FeatureMode
    from stcloud.daas.reckoning import Reckoning
    from stcloud.errors import StcloudError
    from stcloud.iaas.job import Job
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = ["CityLoads"]


class CityLoads(OpenedCity):
    """Loads of files, and of rows in memory."""

    @overload
    def load(self, layer: str, source: Source, /, **keywords: Unpack[LoadKeywords]) -> Reckoning: ...

    @overload
    def load(
        self, layer: str, first: Source, second: Source, /, *more: Source, **keywords: Unpack[LoadKeywords]
    ) -> list[Reckoning]: ...

    @overload
    def load(
        self, layer: str, /, *sources: Source, **keywords: Unpack[LoadKeywords]
    ) -> Reckoning | list[Reckoning]: ...

    def load(
        self, layer: str, *sources: Source, definition: GivenDefinition = None, engine: GivenEngine = None,
        mode: Mode | FeatureMode | None = None, valid_from: Instant | None = None, valid_to: Instant | None = None,
        complete_to: Instant | None = None, max_rejected: str | int = "5%", again: bool = False,
        allow_missing: str | Iterable[str] = (), empty: bool = False, keep_going: bool = False, dry_run: bool = False,
        on_loaded: Callable[[Reckoning], None] | None = None, on_failed: Callable[[StcloudError], None] | None = None,
        job: Job | None = None, wait_s: float = LOCK_WAIT_S, key: Names = None, time: str | None = None,
        time_formats: Names = None, lon: str | None = None, lat: str | None = None, x: str | None = None,
        y: str | None = None, crs: GivenCRS | None = None, datum: str | None = None, zone: str | None = None,
        encoding: str | None = None, source_layer: str | None = None, source_format: str | None = None,
        mover: str | None = None,
    ) -> Reckoning | list[Reckoning]:  # fmt: skip
        """Load files, or rows in memory, into a layer, each source in one atomic and idempotent commit.

        Parameters
        ----------
        layer, sources
            Name of the layer, which the first load creates; files, their folders and patterns, frames of pandas and
            GeoPandas, Arrow streams, GeoJSON features, records, file objects (`docs/reference/files.md`).
        definition
            A bundled definition's name, a TOML file or a `Definition`. The first load needs it, or enough of the
            keywords from ``key`` on, which state what a file does not, and from which one is derived.
        mode, valid_from, valid_to
            ``changes`` (default for events), ``append``, ``delete``; for features also ``snapshot`` (their default).
            The valid period is half-open; without a zone of their own its ends are in the city's.
        complete_to
            Until when a source has all that happened, if not now: a date (its end), an instant, ``latest-day``.
        max_rejected
            Maximum of rejected rows, a number or a share (``"5%"``); beyond it a file is not loaded at all.
        again, allow_missing, empty
            Load a source again; columns that it may lack, which become null; accept a snapshot without rows.
        keep_going, on_loaded, on_failed, dry_run
            Continue after an error and raise it at the end; called with each reckoning, with each later error. Write
            nothing to the city: read, check and reckon, in a temporary folder.
        job, wait_s, engine
            Reports progress and can cancel; seconds to wait for another load; a cluster to do the work (``sc://…``).
        key, time, time_formats
            Columns that identify a row; the column of its time, and how it is written (``iso``, ``%d/%m/%Y`` …).
        lon, lat, x, y, crs, datum
            Columns of coordinates, degrees or metres, and what they refer to.
        zone, encoding, source_layer, source_format, mover
            Time zone; encoding; which layer of the file (``*``: all tables of a zip); format; whose fix a row is.

        Returns
        -------
        The reckoning of the source; of several (a folder, a pattern) a list. ``known``: it was loaded before.

        Raises
        ------
        InvalidInput, Conflict
            The call or a file is wrong; another writer was faster. The message names the files that were loaded.
        """
        terms = below.LoadTerms(
            definition, below.Options.of(locals()), mode, valid_from, valid_to, allow_missing,
            below.Limit.parse(str(max_rejected)), again, empty, keep_going, complete_to,
        )  # fmt: skip
        watchers = below.Watchers(on_loaded, on_failed, job)
        loaded = self._changes(wait_s).load(layer, sources, terms, watchers, dry_run=dry_run, engine=engine)
        alone = len(sources) == 1 and not (below.is_of_several(sources[0]) or below.is_pattern(source_layer))
        return loaded[0] if alone else loaded

    def undo(self, layer: str, load: str, *, wait_s: float = LOCK_WAIT_S) -> Reckoning:
        """Undo a load and return the reckoning; history is kept, and its file may be loaded again.

        Content of the load that is still current is replaced by what it had replaced; later changes stay.

        Raises `NotFound` ``unknown-layer``, ``unknown-load``; `InvalidInput` ``undone-already``.
        """
        return self._changes(wait_s).undo(layer, load)

    def draft(
        self, layer: str, source: Source, *, definition: GivenDefinition = None, dated: bool = False,
        key: Names = None, time: str | None = None, time_formats: Names = None, lon: str | None = None,
        lat: str | None = None, x: str | None = None, y: str | None = None, crs: GivenCRS | None = None,
        datum: str | None = None, zone: str | None = None, encoding: str | None = None,
        source_layer: str | None = None, source_format: str | None = None, mover: str | None = None,
    ) -> Drafted:  # fmt: skip
        """Return the definition that a load with these options would use, without loading.

        The keywords from ``key`` on are as for `load`. If there is a ``definition``, or one saved with the layer,
        they must agree with it (`InvalidInput` ``other-definition``), except for the CRS, which they may set.
        ``dated`` says that a valid period is given, so the layer has features.
        """
        options = below.Options.of(locals())
        return self._changes(LOCK_WAIT_S).draft(layer, source, definition, options, dated=dated)

    def rejected(self, layer: str, *, load: str | None = None) -> pa.Table:
        """Return the rejected rows of a layer's loads: load, layer, source, row, field, value, reason, status.

        With a ``load``: its rows as they were in the source, to be mended. `InvalidInput` ``rows-not-kept``.

        The status is ``loaded``, or ``refused`` if the load was refused as a whole because too many rows were
        rejected. `NotFound` ``unknown-layer``.
        """
        return self._catalogue.rejected(layer, load)
