"""Rows of features for the compiler: what was there and believed, measured, grouped by cells, beginnings, columns.

Tested by `tests/conformance/test_engines.py` and `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.feature import Ends
from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.iaas.engine.model import Fetch, Files, Relation, Stage
from stcloud.iaas.table.table import File
from stcloud.paas.query.compile.added_columns import BeginningBin, Naming, Representative, since
from stcloud.paas.query.compile.compilation import LAYER
from stcloud.paas.query.compile.event_rows import cell_of
from stcloud.paas.query.compile.row_kinds import FEATURES
from stcloud.paas.query.condition.known import KnownByEnds
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.plan import By, FeatureGroup, Rows, Summary, by_name
from stcloud.paas.query.plan.resolved import Resolved, Writing
from stcloud.paas.query.plan.row_source import Adding
from stcloud.paas.query.plan.size import SIZES, Measuring
from stcloud.paas.query.resolve.feature_stages import Window, relations_of, stages_of
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.resolver import Resolution
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import column, select
from stcloud.space import CellSize
from stcloud.time import Binning

__all__ = ["FeatureRows"]


class FeatureRows:
    """The features of one version of a layer, as a resolved plan asks for them.

    Parameters
    ----------
    resolved, layer, configuration
        The plan, the layer and its city.

    Raises
    ------
    InvalidInput
        ``which-time``: the query has neither an instant nor a time.
    """

    regions: tuple[Region, ...] = ()
    counts_in_memory = False

    def __init__(self, resolved: Resolution, layer: Features, configuration: CityConfiguration) -> None:
        self._resolved, self._layer, self._zone = resolved, layer, configuration.zone
        self.attributes: Mapping[str, Attribute] = FEATURES.own_columns(layer) | {
            attribute.name: attribute for attribute in layer.attributes
        }
        self.writing = Writing(Binder(), LAYER)
        limits = [condition.limits for condition in resolved.conditions]
        self._window = _window(limits, resolved.ends, layer.name)
        self._areas = [area for limit in limits for area in limit.areas]
        self.relations: Mapping[str, Relation] = relations_of(layer.snapshot, resolved.ends)

    @property
    def files(self) -> Files:
        """The layer's files that may be read."""
        files = self.relations[LAYER]
        assert isinstance(files, Files)  # noqa: S101  (for the type checker)
        return files

    @property
    def wants(self) -> Callable[[File], bool]:
        """Tells of a file, or of a row group described like one, whether it may hold a wanted row."""
        first = self.fetch((), ())[0]
        return first.wants if isinstance(first, Fetch) else _all

    @property
    def bounded(self) -> tuple[str, ...]:
        """Columns whose bounds that looks at."""
        first = self.fetch((), ())[0]
        return first.bounded if isinstance(first, Fetch) else ()

    def settles(self, condition: Resolved) -> bool:
        """Tell whether a condition keeps all rows within its limits: no others are fetched."""
        return condition.limits_exact

    def fetch(self, columns: Sequence[str], _: Sequence[Resolved]) -> list[Stage]:
        """Return the stages that fetch columns of rows that were there, were believed and touch all areas."""
        return stages_of(columns or ["st_key"], self._window, self._areas)

    def table(self) -> None:
        """Return None: which rows were believed is in another table."""
        return

    def given(self, looked_at: frozenset[str]) -> list[Adding]:
        """Return what measures the sizes that are looked at."""
        sizes = tuple(name for name in SIZES if name in looked_at)
        return [Measuring(sizes)] if sizes else []

    def grouping(self, goal: Summary) -> list[Adding]:
        """Return what gives rows the bins in which they began, and the features that held them."""
        bins: list[Adding] = [BeginningBin(by, self._zone) for by in goal.by if isinstance(by, Binning)]
        held: list[Adding] = [
            Naming(by_name(group), holders) for group, holders in self._resolved.holders.items()
        ]
        return [*bins, Representative(self._window.after_us), *held] if held else bins

    def group(self, by: By) -> exp.Expression:
        """Return what rows are grouped by."""
        if isinstance(by, CellSize):
            return cell_of(by)
        if isinstance(by, Binning):
            return column(since(by), LAYER)
        if isinstance(by, FeatureGroup):
            return column(by_name(by), LAYER)
        assert isinstance(by, Attribute)  # noqa: S101  (only events have units)
        return column(by.stored, LAYER)

    def joins(self, _: Summary) -> list[exp.Join]:
        """Return none: only events have duty grids."""
        return []

    @property
    def row_names(self) -> tuple[str, ...]:
        """Stored names of the columns that rows are given with."""
        own = [attribute.stored for attribute in self._layer.attributes]
        return (*FEATURES.own[:-1], *own, FEATURES.own[-1])

    def rows(self, source: exp.Expression, where: Sequence[exp.Expression], _: Rows) -> exp.Query:
        """Return the statement that gives rows, in no order: who shows them orders them."""
        return select({name: column(name, LAYER) for name in self.row_names}, source, where=where)


def _window(limits: Sequence[Limits], ends: Ends, layer: str) -> Window:
    """Return when features must have been there for all conditions."""
    windows = [limit.valid for limit in limits if limit.valid is not None]
    known = next(limit.believed_us for limit in limits if limit.believed_us is not None)
    if not windows:
        raise InvalidInput(
            "which-time", f"'{layer}' holds features: it was not said when they were there",
            hint="ask as_of(\"2024-01-01\"), or when(\"2024\")",
            in_shell="ask --as-of 2024-01-01, or --when 2024",
        )  # fmt: skip
    after, before = max(low for low, _ in windows), min(high for _, high in windows)
    return Window(after, before, KnownByEnds(known, ends))


def _all(_: object) -> bool:
    return True
