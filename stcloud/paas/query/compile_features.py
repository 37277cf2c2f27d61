"""From a plan about a layer of features to stages: what stood and was believed, measured, kept, summed."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlglot import exp

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.iaas.engine.model import Fetch, Files, Refine, Sql, Stage
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.compile import LAYER, Compiled, cell_of, stage_as_layer
from stcloud.paas.query.condition.period import Related, asked_window
from stcloud.paas.query.feature_stages import Window, relations_of, stages_of
from stcloud.paas.query.features import Features
from stcloud.paas.query.label import FEATURE_ROWS, own_columns
from stcloud.paas.query.measure.summary import given, summed
from stcloud.paas.query.place.refine import Naming
from stcloud.paas.query.place.touch import LOOKED_AT, Touch, Touched
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.plan import By, FeatureGroup, Known, Summary, by_name
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.representative import BeginningBin, Representative, since
from stcloud.paas.query.resolve.resolver import Resolution
from stcloud.paas.query.size import SIZES, Measuring
from stcloud.paas.query.sql import column, select
from stcloud.space import Level
from stcloud.time import Bin

__all__ = ["compile_features"]


def compile_features(resolved: Resolution, layer: Features, configuration: CityConfiguration) -> Compiled:
    """Compile a resolved plan over one version of a layer of features; reads nothing.

    Raises
    ------
    InvalidInput
        ``which-time``: neither an instant nor a time was asked for; ``unknown-group``.
    """
    return _Compilation(resolved, layer, configuration).compiled()


class _Compilation:
    def __init__(self, resolved: Resolution, layer: Features, configuration: CityConfiguration) -> None:
        assert resolved.ends is not None  # noqa: S101  (features have them)
        self._plan, self._goal = resolved.steps, resolved.steps[-1]
        self._holders, self._ends = resolved.holders, resolved.ends
        self._layer, self._configuration = layer, configuration
        self._columns = own_columns(layer) | {one.name: one for one in layer.attributes}
        self._binder = Binder()

    def compiled(self) -> Compiled:
        predicates = [one for one in self._plan if isinstance(one, Predicate)]
        masks = [mask for one in predicates if (mask := one.mask()) is not None]
        last = self._last()
        looked_at = {one.name for one in last.find_all(exp.Column)} | {
            name for one in masks for name in one.columns
        }
        window, measured = self._window(), tuple(name for name in SIZES if name in looked_at)
        needed = looked_at | {"st_geom"} if measured else looked_at
        before, by_place = self._placed(window)
        after, by_group = self._grouped(window)
        stored = set(self._layer.snapshot.schema.names)
        names = sorted((needed | by_place | by_group) & stored) or ["st_key"]
        sizes = [Refine(one, one.adds) for one in [Measuring(measured)] if measured]
        stages = stages_of(self._ends, names, window, self._areas())
        stages += [*before, *sizes, *map(Refine, masks), *after, Sql(last, self._binder.values_of(last))]
        relations = relations_of(self._layer.snapshot, self._ends)
        files = relations["layer"]
        assert isinstance(files, Files)  # noqa: S101  (for the type checker)
        fetch = next((one for one in stages if isinstance(one, Fetch)), None)
        return Compiled(
            _nested(stages), relations, files, tuple(names), (), (), fetch.wants if fetch else _all,
            fetch.bounded if fetch else (),
        )  # fmt: skip

    def _placed(self, window: Window) -> tuple[list[Stage], set[str]]:
        """Return what tells which features lie where they were asked for, and the columns that it looks at."""
        touched = tuple(one.formula for one in self._plan if isinstance(one, Touched))
        if not touched:
            return [], set()
        return [Refine(Touch(touched, window.after_us, window.before_us))], set(LOOKED_AT)

    def _grouped(self, window: Window) -> tuple[list[Stage], set[str]]:
        """Return what adds the columns of groups that are not stored, and the columns that it looks at."""
        by = self._goal.by if isinstance(self._goal, Summary) else ()
        steps: list[BeginningBin | Representative | Naming] = [
            BeginningBin(one, self._configuration.zone) for one in by if isinstance(one, Bin)
        ]
        held = [Naming(by_name(group), holders) for group, holders in self._holders.items()]
        steps += [Representative(window.after_us), *held] if held else []
        return [Refine(one, one.adds) for one in steps], {name for one in steps for name in one.columns}

    def _last(self) -> exp.Select:
        goal = self._goal
        if isinstance(goal, Summary):
            groups = {f"g{at}": self._group(one) for at, one in enumerate(goal.by)}
            taken = groups | given(goal, self._columns, self._configuration.zone, self._binder)
            chosen = select(taken, stage_as_layer(), where=self._conditions())
            return summed(goal, self._columns, self._configuration.zone, chosen)
        names = [*FEATURE_ROWS[:-1], *(one.stored for one in self._layer.attributes), FEATURE_ROWS[-1]]
        return select(
            {name: column(name, LAYER) for name in names}, stage_as_layer(), where=self._conditions()
        )

    def _conditions(self) -> list[exp.Expression]:
        found: list[exp.Expression] = []
        for one in self._plan:
            if isinstance(one, Predicate):
                found += one.sql(self._binder, LAYER)
            elif isinstance(one, Related):
                found.append(
                    one.sql(column("st_valid_from", LAYER), column("st_valid_to", LAYER), self._binder)
                )
        return found

    def _group(self, by: By) -> exp.Expression:
        if isinstance(by, Level):
            return cell_of(by)
        if isinstance(by, Bin):
            return column(since(by), LAYER)
        if isinstance(by, FeatureGroup):
            return column(by_name(by), LAYER)
        assert isinstance(by, Attribute)  # noqa: S101  (units are asked of events only)
        return column(by.stored, LAYER)

    def _window(self) -> Window:
        """Return when features must have stood for all that was asked."""
        known = next(step for step in self._plan if isinstance(step, Known))
        asked = asked_window(self._plan)
        if asked is None:
            raise InvalidInput(
                "which-time", f"'{self._layer.name}' holds features: it was not said when they were there",
                hint="ask as_of(\"2024-01-01\"), or when(\"2024\")",
                in_shell="ask --as-of 2024-01-01, or --when 2024",
            )  # fmt: skip
        return Window(*asked, known)

    def _areas(self) -> list[BaseGeometry]:
        """Return areas that all features asked for touch: places, and boxes around what else is said of where."""
        lattice = self._configuration.lattice
        places = [one.outline(lattice) for one in self._plan if isinstance(one, Place)]
        filters = [one for one in self._plan if isinstance(one, Predicate)]
        touched = [one.area for one in self._plan if isinstance(one, Touched)]
        boxes = [shapely.box(*box) for one in filters for box in one.boxes()]
        return [*places, *boxes, *(one for one in touched if one is not None)]


def _nested(stages: list[Stage]) -> tuple[Stage, ...]:
    """Return the stages, two statements that follow each other as one."""
    first, last = stages[0], stages[-1]
    if len(stages) > 2 or not isinstance(first, Sql) or not isinstance(last, Sql):
        return tuple(stages)
    alias = exp.TableAlias(this=exp.to_identifier(LAYER, quoted=True))
    for one in list(last.query.find_all(exp.Table)):
        one.replace(exp.Subquery(this=first.query, alias=alias))
    return (Sql(last.query, {**first.values, **last.values}),)


def _all(_: object) -> bool:
    return True
