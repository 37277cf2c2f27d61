"""From a plan about a layer of features to stages: what stood and was believed, measured, kept, summed."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlglot import exp

from stcloud.daas.charter import Charter
from stcloud.daas.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.engine import Fetch, Files, Refine, Sql, Stage
from stcloud.paas.query.belief import Window, relations_of, stages_of
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.compile import LAYER, Compiled, cell_of, stage_as_layer
from stcloud.paas.query.features import Features
from stcloud.paas.query.label import FEATURE_ROWS, own_columns
from stcloud.paas.query.measure.summary import given, summed
from stcloud.paas.query.place.sieve import Sited
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.plan import AsOf, By, Duties, In, InUnits, Known, OnDuty, Part, Plan, Summary, by_name
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.relating import Related
from stcloud.paas.query.size import SIZES, Measuring
from stcloud.paas.query.sql import column, select
from stcloud.space import Level
from stcloud.time import Bin

__all__ = ["compile_features"]

_LEAST_US = 1


def compile_features(plan: Plan, layer: Features, charter: Charter) -> Compiled:
    """Compile a plan over one version of a layer of features; reads its ends, nothing else.

    Raises
    ------
    InvalidInput
        ``which-time``: neither an instant nor a time was asked for; ``unknown-group``.
    """
    return _Compilation(plan, layer, charter).compiled()


class _Compilation:
    def __init__(self, plan: Plan, layer: Features, charter: Charter) -> None:
        self._plan, self._goal = plan, plan[-1]
        self._layer, self._charter = layer, charter
        self._columns = own_columns(layer) | {one.name: one for one in layer.attributes}
        self._binder = Binder()

    def compiled(self) -> Compiled:
        self._refuse()
        predicates = [one for one in self._plan if isinstance(one, Predicate)]
        sieves = [sieve for one in predicates if (sieve := one.sieve()) is not None]
        last = self._last()
        looked_at = {one.name for one in last.find_all(exp.Column)} | {
            name for one in sieves for name in one.columns
        }
        measured = tuple(name for name in SIZES if name in looked_at)
        stored = set(self._layer.snapshot.schema.names)
        names = sorted(looked_at & stored | ({"st_geom"} if measured else set())) or ["st_key"]
        stages = stages_of(self._layer.snapshot, names, self._window(), self._areas())
        if measured:
            step = Measuring(measured)
            stages.append(Refine(step, step.adds))
        stages += [*map(Refine, sieves), Sql(last, self._binder.values_of(last))]
        relations = relations_of(self._layer.snapshot)
        files = relations["layer"]
        assert isinstance(files, Files)  # noqa: S101  (for the type checker)
        fetch = next((one for one in stages if isinstance(one, Fetch)), None)
        return Compiled(
            _nested(stages), relations, files, tuple(names), (), (), fetch.wants if fetch else _all,
            fetch.bounded if fetch else (),
        )  # fmt: skip

    def _last(self) -> exp.Select:
        goal = self._goal
        if isinstance(goal, Summary):
            groups = {f"g{at}": self._group(one) for at, one in enumerate(goal.by)}
            taken = groups | given(goal, self._columns, self._charter.zone, self._binder)
            chosen = select(taken, stage_as_layer(), where=self._conditions())
            return summed(goal, self._columns, self._charter.zone, chosen)
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
        if isinstance(by, Bin | Part | Duties | In):
            raise Unsupported(
                "events-only", f"features cannot be counted by '{by_name(by)}': it is of events",
                hint="count features by cells, as cell:1km, or by columns",
            )  # fmt: skip
        return column(by.stored, LAYER)

    def _window(self) -> Window:
        """Return when features must have stood for all that was asked."""
        known = next(one.at_us for one in self._plan if isinstance(one, Known))
        windows = [(one.at_us, one.at_us + _LEAST_US) for one in self._plan if isinstance(one, AsOf)]
        asked = [one.window for one in self._plan if isinstance(one, Related)]
        windows += [
            (ALWAYS if low is None else low, FOREVER if high is None else high) for low, high in asked
        ]
        if not windows:
            raise InvalidInput(
                "which-time", f"'{self._layer.name}' holds features: it was not said when they were there",
                hint="as_of an instant (--as-of 2024-01-01), or when a time (--when 2024)",
            )  # fmt: skip
        return Window(max(low for low, _ in windows), min(high for _, high in windows), known)

    def _refuse(self) -> None:
        """Refuse what only events are asked: it would be left unheeded."""
        others = [one for one in self._plan if isinstance(one, Sited | InUnits | OnDuty)]
        if others:
            raise Unsupported(
                "events-only", f"features of '{self._layer.name}' cannot be asked for by '{others[0]}'",
                hint="ask where with areas and cells: bbox:…, wkt:…, cell:…, file:…",
            )  # fmt: skip

    def _areas(self) -> list[BaseGeometry]:
        """Return areas that all features asked for touch: places, and boxes around what filters write."""
        lattice = self._charter.lattice
        places = [one.outline(lattice) for one in self._plan if isinstance(one, Place)]
        filters = [one for one in self._plan if isinstance(one, Predicate)]
        return [*places, *(shapely.box(*box) for one in filters for box in one.boxes())]


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
