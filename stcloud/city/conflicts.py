"""Conflicts of a city's plans: listed, grouped, compared with what was known, explained, decided.

Tested by `tests/city/test_conflicts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stcloud.city.plananswer import PlanAnswer
from stcloud.city.planquestion import GivenRules, PlanQuestion
from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.conflict.conflictchanges import changed_conflicts
from stcloud.paas.conflict.conflictgroups import GROUPS, GroupAreas, grouped_conflicts
from stcloud.paas.conflict.conflictreason import ConflictReason
from stcloud.paas.conflict.decisions import DECISION_LAYER, outcome_of
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.time import Instant, TimeSpan, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.reckoning import Reckoning
    from stcloud.paas.conflict.conflictrules import ConflictRules

__all__ = ["CityConflicts", "open_conflicts"]

_PREFIXES = ("unit", "community", "street", "district")
_IN = "in:"


@dataclass(frozen=True, repr=False)
class CityConflicts(PlanAnswer):
    """Where plans contradict each other; `City.conflicts` returns one.

    With a ``city``::

        conflicts = city.conflicts(["landuse", "farmland"], rules="plans.toml", at="2024-06-01")
        conflicts.by("department", "community").to_geopandas()
        conflicts.why(conflicts.to_records()[0]["conflict"])

    Columns of a row: ``conflict`` (its identity), ``rule``, ``kind``; of each side layer, department, key and use;
    ``from`` and ``to`` (half-open; null: no end is known); ``area_m2``, ``length_m``, ``distance_m``, ``vertical_m``;
    ``outcome``, ``decided_by``, ``decided_on``, ``reason``; ``st_geom``, in the city's CRS.
    """

    question: PlanQuestion = field(repr=False)

    @property
    def rules(self) -> ConflictRules:
        """The rules."""
        return self.question.rules

    def answer(self) -> Answer:
        """Return the conflicts, by rule, layers, keys and time, as an answer in every format.

        Raises
        ------
        InvalidInput
            ``bad-depth``: a range of heights ends below its start.
        """
        return self._answer

    @cached_property
    def _answer(self) -> Answer:
        return self.question.answer(*self.question.conflicts)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the conflicts as Arrow batches, in no order: memory holds the layers and a block, not the answer."""
        for rows in self.question.batches():
            yield from rows.to_batches()

    def by(self, *groups: str) -> Answer:
        """Return how many conflicts each group has, and their ``area_m2``.

        Parameters
        ----------
        groups
            ``department``, ``layer``, ``use``, ``rule``, ``kind``, ``outcome``; one of ``unit``, ``community``,
            ``street``, ``district`` of the city's grid or ``in:LAYER``, whose areas are as they were at the first
            instant of the conflict that is asked about. Areas are cut at their borders; what lies in none has a null.

        Raises
        ------
        InvalidInput
            ``unknown-group``, ``two-places``, ``which-grid``; ``layer-not-pinned``: the pin does not name the layer.
        NotFound
            ``unknown-layer``
        """
        columns = [column for group in groups for column in GROUPS.get(group, ())]
        places = [group for group in groups if group not in GROUPS]
        if len(places) > 1:
            raise InvalidInput(
                "two-places", f"conflicts are grouped by one layer of areas, and {' and '.join(places)} are two",
                hint="leave out one",
            )  # fmt: skip
        areas, pin = self._areas(places[0]) if places else (None, None)
        rows, facts = self.question.conflicts
        table = grouped_conflicts(rows, tuple(columns), areas, self.question.window)
        names = (*columns, *([areas.column] if areas else ()))
        answer = self.question.answer(table, facts, names)
        return answer if pin is None else Answer(
            answer.table, answer.lattice, facts, pin=self.question.pin.joined(pin), groups=names
        )  # fmt: skip

    def since(self, known_at: Instant | Pin) -> Answer:
        """Return what changed since an earlier recorded instant, or the pin of an answer.

        Columns are those of conflicts, with ``change`` (``new``, ``gone``, ``changed``) and ``differs``, which names
        the columns that do. What is gone is as it was.
        """
        before, _ = self.question.as_known(known_at).conflicts
        rows, facts = self.question.conflicts
        earlier = max(at_us for _, at_us in self.question.as_known(known_at).pin.layers)
        return self.question.answer(
            changed_conflicts(before, rows), {**facts, "since": self.question.zone.iso(earlier)}
        )

    def why(self, conflict: str) -> ConflictReason:
        """Return why there is a conflict: its rule, features, periods and numbers, and what was decided.

        Raises
        ------
        NotFound
            ``unknown-conflict``, with the nearest.
        """
        rows = self._of(conflict)
        rule = next(rule for rule in self.rules if rule.id == rows["rule"][0].as_py())
        return ConflictReason.of(rule, self.question.local(rows.drop_columns(["st_geom"])).to_pylist())

    def explain(self) -> str:
        """Return how conflicts are searched for, in lines."""
        lines = [
            f"layers {', '.join(self.question.layers)}",
            *(f"{name} {text}" for name, text in self.question.times.items()),
        ]
        lines += [f"rule {bound.rule.id}: {bound.rule.text}" for bound in self.question.applying]
        slivers = self.rules.slivers
        lines.append(
            f"slivers below {slivers.area_m2:g} m² or narrower than {slivers.width_m:g} m are left out"
        )
        lines += [
            f"read {plan.layer}: {len(plan):,} versions of {plan.department}" for plan in self.question.plans
        ]
        return "\n".join(
            [
                *lines,
                f"found {len(self):,} conflict{'' if len(self) == 1 else 's'}",
                f"slivers: {self.facts['slivers']}",
            ]
        )

    def decide(self, conflict: str, outcome: str, *, by: str, on: Instant, reason: str = "") -> Reckoning:
        """Record a decision about a conflict, as a row of the layer of decisions, and return the reckoning.

        Parameters
        ----------
        conflict
            Its identity.
        outcome
            The layer that prevails, or ``first``, ``second``, ``both`` or ``replan``.
        by, on, reason
            Who decided, since when it holds, and why.

        Raises
        ------
        NotFound
            ``unknown-conflict``
        InvalidInput
            ``unknown-outcome``, with the nearest.
        """
        row = self._of(conflict).select(["first_layer", "second_layer"]).to_pylist()[0]
        zone = self.question.zone
        decision = {
            "conflict": conflict, "outcome": outcome_of(outcome, row), "decided_by": by,
            "decided_on": zone.iso(instant_us(on, zone)), "reason": reason,
        }  # fmt: skip
        return self.question.city.load(
            self.question.decisions, [decision], definition=DECISION_LAYER, mode="changes", again=True
        )

    def _of(self, conflict: str) -> pa.Table:
        """Return the rows of a conflict."""
        rows, _ = self.question.conflicts
        own = rows.filter(pc.equal(rows["conflict"], conflict))
        if not len(own):
            known = pc.unique(rows["conflict"]).to_pylist()
            raise NotFound(
                "unknown-conflict", f"there is no conflict '{conflict}' in this answer",
                nearest=nearest(conflict, known[:50_000]),
            )  # fmt: skip
        return own

    def _areas(self, group: str) -> tuple[GroupAreas, Pin]:
        """Return the areas of a group, and as of when they were known."""
        length = None
        if group.startswith(_IN):
            name = group.removeprefix(_IN)
            column = f"in_{name}"
        elif group in _PREFIXES:
            name, column = self._grid(), group
            length = None if group == "unit" else self.question.city.grid(name).scheme.prefix_length(group)
        else:
            known = (*GROUPS, *_PREFIXES, "in:LAYER")
            near = nearest(group, known)
            raise InvalidInput(
                "unknown-group", f"conflicts are not grouped by '{group}'",
                hint=f"did you mean '{near[0]}'?" if near else f"groups are {', '.join(known)}",
            )  # fmt: skip
        features = self.question.city.features(name)
        answer = self.question.versions_of(features)
        table = answer.table.filter(answer.table["st_geom"].is_valid())
        names = np.array([key[:length] for key in table["st_key"].to_pylist()], object)
        shapes = np.asarray(shapely.from_wkb(table["st_geom"].to_numpy()), object)
        periods = micros(table["st_valid_from"], ALWAYS), micros(table["st_valid_to"], FOREVER)
        assert answer.pin is not None  # noqa: S101  (it was read at one recorded instant)
        return GroupAreas(column, names, shapes, *periods), answer.pin

    def _grid(self) -> str:
        grids = self.question.parts.grids.grids()
        if len(grids) != 1:
            raise InvalidInput(
                "which-grid", f"the city has {len(grids)} unit grids ({', '.join(grids)}), and one is needed",
                hint="group by in:LAYER",
            )  # fmt: skip
        return grids[0]


def open_conflicts(
    city: City,
    parts: CityParts,
    layers: Iterable[str],
    rules: GivenRules,
    *,
    at: Instant | None,
    during: TimeSpan | None,
    known_at: Instant | Pin | None,
    decisions: str,
) -> CityConflicts:
    """Return the conflicts of plans; see `City.conflicts`."""
    return CityConflicts(
        PlanQuestion.of(
            city, parts, layers, rules, at=at, during=during, known_at=known_at, decisions=decisions
        )
    )
