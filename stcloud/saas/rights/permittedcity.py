"""What a principal may see of a city, with the methods of the city.

The law: an answer is that of a city that never held what is forbidden.

Tested by `tests/saas/rights/test_permitted.py` and `tests/saas/rights/test_permittedcity.py`.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from stcloud.city import City
from stcloud.city.parts import CityParts
from stcloud.iaas.engine.duck import Duck
from stcloud.saas.rights.counted import CountedQuery, only_counts
from stcloud.saas.rights.grants import not_permitted
from stcloud.saas.rights.permittedcatalogue import PermittedCatalogue
from stcloud.saas.rights.readcases import read_cases
from stcloud.saas.rights.readfolder import ReadFolder

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.city.episodes import CityEpisodes, GivenRule
    from stcloud.city.evaluating import CaseEvaluation
    from stcloud.city.exchange import CityExchange
    from stcloud.city.situation import Situation
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.exchange.packing import Packed
    from stcloud.daas.reckoning import Reckoning
    from stcloud.iaas.engine.model import Engine
    from stcloud.paas.grid import UnitGrid
    from stcloud.paas.movement import TrackQuery
    from stcloud.paas.query import Query
    from stcloud.paas.scene.scenes import Scenes
    from stcloud.paas.series import SeriesQuery
    from stcloud.saas.rights.grants import Grants
    from stcloud.saas.rights.rule import Right

__all__ = ["PermittedCity"]


class _PermittedParts(CityParts):
    """The parts of a city as a principal may see them.

    The engine is the city's; but where there may be copies, an engine elsewhere cannot read them: it is one of this
    process then.
    """

    def __init__(self, whole: City, grants: Grants, own: Path) -> None:
        folder = whole.parts.folder
        read = ReadFolder(folder.root, folder.mount, own=own, has_log=grants.shows_cases)
        copies = any(rule.limits_rows for rule in grants.rules)
        self._asks_itself = copies and not _is_here(whole.parts.wanted_engine)
        super().__init__(read, whole.configuration, "duckdb", whole.parts.clock)
        self._whole = whole
        self._permitted = PermittedCatalogue(whole, read, grants)

    @property
    def catalogue(self) -> PermittedCatalogue:
        """The layers that may be seen; `InvalidInput` ``city-closed``."""
        self._refuse_closed()
        return self._permitted

    @property
    def engine(self) -> Engine:
        """The engine of the whole city, or one of this process."""
        if self._asks_itself:
            return super().engine
        self._refuse_closed()
        return self._whole.engine

    def close(self) -> None:
        """Let go of what is kept in memory, and of an engine of its own; the city and its engine stay open."""
        with self._lock:
            self._closed, own, self._engine = True, self._engine, None
        self.memory.close()
        self.answers.close()
        if own is not None:
            own.close()


def _is_here(engine: str | Engine) -> bool:
    """Tell whether an engine runs in this process, and so reads what it has on its disk."""
    return engine == "duckdb" or isinstance(engine, Duck)


class PermittedCity(City):
    """A city as a principal may see it.

    It has the methods of `stcloud.City` that read. Layers that may not be seen are absent; of layers of which less
    than all may be seen there is no more than that. Methods that write raise `InvalidInput` ``not-permitted``, but
    for `load`, `undo` and `rejected` where they are granted.

    Parameters
    ----------
    whole
        The city with all that it has; it stays open.
    grants
        What the principal may do.
    folder
        Where copies of what may be seen are kept, for nobody but this process; None: a new temporary folder.
    """

    def __init__(self, whole: City, grants: Grants, folder: Path | None = None) -> None:
        self._temporary = (
            None if folder is not None else tempfile.TemporaryDirectory(prefix="stcloud-rights-")
        )
        self._own = Path(self._temporary.name) if self._temporary is not None else Path(folder or "")
        super().__init__(whole.parts.folder, whole.configuration, clock=whole.parts.clock)
        self._whole, self.grants = whole, grants
        self._parts = self._permitted = _PermittedParts(whole, grants, self._own)
        self._reading: PermittedCity | None = None

    def may(self, right: Right, layer: str) -> bool:
        """Tell whether something may be done with a layer."""
        return self.grants.may(right, layer)

    def reads_all_rows(self, layer: str) -> bool:
        """Tell whether a layer may be read with all of its rows, be columns hidden or values masked."""
        rule = self.grants.of(layer)
        return rule is not None and rule.allows("read") and not rule.selects_rows

    def layer(self, name: str) -> Layer:
        """Return a layer that may be seen; `NotFound` ``unknown-layer``."""
        layer = self._catalogue.layer(name)
        return super().layer(name) if self._reads(layer.name) else layer

    def query(self, layer: str) -> Query:
        """Start a query about a layer; of one of which only counts may be seen, it gives no rows."""
        query = super().query(layer)
        return query if self._reads(layer) else CountedQuery(query.subject)

    def _reads(self, layer: str) -> bool:
        return self.grants.may("read", layer)

    def _readable(self) -> City:
        """Return the city without layers of which only counts may be seen."""
        if self._reading is None:
            self._reading = PermittedCity(self._whole, self.grants.reading(), self._own / "read")
        return self._reading

    def scenes(self, name: str) -> Scenes:
        """Return a layer of scenes; `InvalidInput` ``not-permitted``: only counts of it may be seen."""
        self._require_read(name)
        return super().scenes(name)

    def series(self, layer: str) -> SeriesQuery:
        """Start a question about readings; `InvalidInput` ``not-permitted``: only counts of them may be seen."""
        self._require_read(layer)
        return super().series(layer)

    def tracks(self, layer: str) -> TrackQuery:
        """Start a question about movers; `InvalidInput` ``not-permitted``: only counts of their fixes may be seen."""
        self._require_read(layer)
        return super().tracks(layer)

    def episodes(self, layer: str, rule: GivenRule) -> CityEpisodes:
        """Return the episodes of a rule; `InvalidInput` ``not-permitted``: only counts of readings may be seen."""
        self._require_read(layer)
        return super().episodes(layer, rule)

    def grid(self, layer: str) -> UnitGrid:
        """Return a unit grid; `InvalidInput` ``not-permitted``: only counts of its cells may be seen."""
        self._require_read(layer)
        return super().grid(layer)

    def evaluate(self, layer: str, **options: Any) -> CaseEvaluation:
        """Evaluate a layer of cases; `InvalidInput` ``not-permitted``: only counts of them may be seen."""
        self._require_read(layer)
        return super().evaluate(layer, **options)

    def situation(self, point: Any, *given: Any, **keywords: Any) -> Situation:
        """Return what may be read of a place, as `stcloud.City.situation` does."""
        if self.grants.seen == ("read",):
            return super().situation(point, *given, **keywords)
        return self._readable().situation(point, *given, **keywords)

    def cases(self, log: str, **keywords: Any) -> Any:
        """Open a log of cases that may be read; without the right to act, what changes it is refused.

        Who may act on it has the log of the whole city. None is made: `InvalidInput` ``not-permitted``.
        """
        if keywords:
            raise not_permitted("no log of cases may be made")
        if self.grants.may_with_cases("act", log) and self.grants.of_cases(log) is not None:
            return self._whole.cases(log)
        return read_cases(self, self._parts, log, self._clock)

    def reading_cases(self, log: str) -> Any:
        """Open a log of cases to be read alone, beside the layers that may be seen; errors are those of `cases`."""
        return read_cases(self, self._parts, log, self._clock)

    def load(self, layer: str, *sources: Any, **keywords: Any) -> Any:
        """Load into a layer of the whole city, as `stcloud.City.load` does, where that is granted."""
        self._require("load", layer, "nothing may be loaded into it")
        return self._whole.load(layer, *sources, **keywords)

    def check_load(self, layer: str) -> None:
        """Refuse a layer that may not be loaded into, or is not there; it need not be one that may be seen.

        Raises `NotFound` ``unknown-layer``, ``renamed-layer``; `InvalidInput` ``not-permitted``.
        """
        self._require("load", layer, "nothing may be loaded into it")
        if layer not in self._whole.parts.catalogue.names():
            self._catalogue.layer(layer)

    def undo(self, layer: str, load: str, **keywords: Any) -> Reckoning:
        """Undo a load of a layer that may be administered."""
        self._require("administer", layer, "none of its loads may be undone")
        return self._whole.undo(layer, load, **keywords)

    def rejected(self, layer: str, **keywords: Any) -> pa.Table:
        """Return the rejected rows of a layer that may be administered."""
        self._require("administer", layer, "its rejected rows may not be seen")
        return self._whole.rejected(layer, **keywords)

    def draft(self, layer: str, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a draft looks at files, and at definitions as they are."""
        raise not_permitted(f"no definition of '{layer}' may be drafted")

    def index(self, events: str, *_: Any, **__: Any) -> NoReturn:
        """Refuse to change the city."""
        self._refuse_change("indexed", events)

    def describe(self, layer: str, *_: Any, **__: Any) -> NoReturn:
        """Refuse to change the city."""
        self._refuse_change("described", layer)

    def rename(self, layer: str, *_: Any, **__: Any) -> NoReturn:
        """Refuse to change the city."""
        self._refuse_change("renamed", layer)

    def purge(self, layer: str, *_: Any, **__: Any) -> NoReturn:
        """Refuse to change the city."""
        self._refuse_change("purged", layer)

    def delete(self, layer: str, **_: Any) -> NoReturn:
        """Refuse to change the city."""
        self._refuse_change("deleted", layer)

    def vacuum(self, **_: Any) -> NoReturn:
        """Refuse to change the city."""
        raise not_permitted("no files of the city may be deleted")

    def check(self, *_: Any) -> NoReturn:
        """Refuse: a check reads all that there is."""
        raise not_permitted("the files of the city may not be checked")

    def pack(self, *layers: str, **keywords: Any) -> Packed:
        """Write a package of what may be read of layers, as `stcloud.City.pack` does.

        Raises `InvalidInput` ``not-permitted``: only counts of one may be seen.
        """
        for layer in layers:
            self._require_read(layer)
        return super().pack(*layers, **keywords)

    def receive(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse to change the city."""
        raise not_permitted("no packages may be received")

    def _exchange(self, wait_s: float) -> CityExchange:
        exchange = super()._exchange(wait_s)
        return replace(exchange, view=self._permitted.catalogue.view)

    def copy_to(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a copy has all that there is."""
        raise not_permitted("the city may not be copied")

    def renew(self) -> None:
        """Bring copies up to date; what was purged, and what was of layers that are gone, lies in none of them."""
        self._permitted.catalogue.renew_copies()
        if self._reading is not None:
            self._reading.renew()

    def close(self) -> None:
        """Let go of copies and memory; the whole city stays open."""
        if self._reading is not None:
            self._reading.close()
        self._parts.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __exit__(self, *_: object) -> None:
        """Let go of copies and memory."""
        self.close()

    def _require_read(self, layer: str) -> None:
        """Refuse what only counts may be seen of; what may not be seen at all is absent, as everywhere."""
        if self.grants.of(layer) is not None and not self._reads(layer):
            self._catalogue.layer(layer)
            raise only_counts(layer)

    def _require(self, right: Right, layer: str, consequence: str) -> None:
        if not self.grants.may(right, layer):
            self._catalogue.layer(layer)
            raise not_permitted(f"layer '{layer}' is not yours to change: {consequence}")

    def _refuse_change(self, done: str, layer: str) -> NoReturn:
        self._catalogue.layer(layer)
        raise not_permitted(f"layer '{layer}' may not be {done}")
