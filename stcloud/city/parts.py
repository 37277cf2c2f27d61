"""What a city is made of: folder, catalogue, grids, engine and memory, until it is closed.

Tested by ``tests/city/test_city.py``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stcloud.city import below
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.store.folder import Folder
from stcloud.paas.cache import Cache, city_closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from stcloud.city.calendar import CityCalendar
    from stcloud.city.classes import CityClasses
    from stcloud.daas.catalogue import Catalogue, Layer
    from stcloud.iaas.engine.model import Engine
    from stcloud.iaas.store.arrays import ArrayFolder
    from stcloud.paas.grid import Indexer
    from stcloud.paas.grid.geometries import GeometryReader
    from stcloud.paas.query import Features
    from stcloud.paas.scene.scenes import Scenes
    from stcloud.space import GivenCRS

__all__ = ["CityParts"]

_MOST_ANSWERS, _MOST_ANSWER_BYTES = 32, 1 << 26


class CityParts:
    """The parts of one city, shared by its threads; each is refused once the city was closed.

    Parameters
    ----------
    folder, configuration
        Where the city lies, and its configuration.
    engine
        An engine, or the name of one to be started when first needed.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(
        self,
        folder: Folder,
        configuration: CityConfiguration,
        engine: str | Engine,
        clock: Clock = system_clock,
    ) -> None:
        self._folder, self._clock = folder, clock
        self._classes: CityClasses | None = None
        self._calendar: CityCalendar | None = None
        self._catalogue: Catalogue | None = None
        self._configuration = configuration
        self._wanted = engine
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.memory = Cache()
        self.answers = Cache(most=_MOST_ANSWERS, most_bytes=_MOST_ANSWER_BYTES)

    @property
    def folder(self) -> Folder:
        """Where the city lies; `InvalidInput` ``city-closed``."""
        self._refuse_closed()
        return self._folder

    @property
    def clock(self) -> Clock:
        """Returns the present instant, UTC microseconds."""
        return self._clock

    @property
    def catalogue(self) -> Catalogue:
        """The city's layers; `InvalidInput` ``city-closed``."""
        with self._lock:
            self._refuse_closed()
            if self._catalogue is None:
                self._catalogue = below.Catalogue(self._folder, self._configuration)
            return self._catalogue

    @property
    def grids(self) -> Indexer:
        """The city's grids and the indexes on them; `InvalidInput` ``city-closed``."""
        return below.Indexer(self.catalogue, self.folder, self._configuration, self.memory)

    @property
    def classes(self) -> CityClasses:
        """The city's classes of components and matters."""
        if self._classes is None:
            self._classes = below.CityClasses(self._folder, self._configuration, self._clock)
        return self._classes

    @property
    def calendar(self) -> CityCalendar:
        """The city's working and free days."""
        if self._calendar is None:
            self._calendar = below.CityCalendar(self._folder, self._configuration, self._clock)
        return self._calendar

    def features(self, layer: Layer) -> Features:
        """Return a layer of features, ready for queries; `InvalidInput` ``not-features``."""
        if not layer.layer_kind.versioned:
            raise InvalidInput("not-features", f"layer '{layer.name}' holds events", hint="ask it with query")
        cache = below.IndexCache(self.memory, self.joins(layer.name))
        table = self.catalogue.features(layer.name)
        return below.Features.of(layer, table, self._configuration, self.engine, cache, self.classes.coded)

    def scenes(self, layer: Layer) -> Scenes:
        """Return a layer of scenes, and how their cells are weighed; `InvalidInput` ``not-scenes``."""
        catalogue = self.catalogue
        source = below.CellSource(
            self._configuration, self.memory, self.grids,
            lambda name: self.features(catalogue.layer(name)), self.pixels,
        )  # fmt: skip
        return below.Scenes.of(
            layer, below.arrays_of(catalogue.table(layer.name)), self._configuration, source
        )

    def joins(self, layer: str) -> ArrayFolder:
        """Return where indexes are kept that joins made of a layer."""
        return self.folder.arrays("index", f"{self.catalogue.naming.folder_of(layer)}.join")

    def pixels(self, layer: str) -> ArrayFolder:
        """Return where weights of a layer's cells on the grids of rasters are kept."""
        return self.folder.arrays("index", f"{self.catalogue.naming.folder_of(layer)}.pixels")

    def geometries(
        self, crs: GivenCRS | None, source_crs: GivenCRS | None, tell: Callable[[str], object] | None
    ) -> GeometryReader:
        """Return what reads geometry of layers, files and frames in a metric CRS; None: the city's."""
        metric = self._configuration.lattice.crs if crs is None else below.crs_text(crs)
        below.require_metric(metric)
        return below.GeometryReader(metric, self.catalogue, below.crs_text(source_crs), tell)

    @property
    def wanted_engine(self) -> str | Engine:
        """The engine, or the name of one that is started when first needed."""
        return self._wanted

    @property
    def engine(self) -> Engine:
        """The engine, started when first needed; `InvalidInput` ``city-closed``."""
        with self._lock:
            self._refuse_closed()
            if self._engine is None:
                self._engine = below.start(self._wanted) if isinstance(self._wanted, str) else self._wanted
            return self._engine

    def close(self) -> None:
        """Let go of what is kept in memory, and of the engine unless the caller brought it; twice does no harm."""
        with self._lock:
            before, self._closed, engine, self._engine = self._closed, True, self._engine, None
        self.memory.close()
        self.answers.close()
        if not before:
            self._folder.leave()
        if engine is not None and isinstance(self._wanted, str):
            engine.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise city_closed()
