"""The blueprint of a city's plans: what is left of each after all decisions.

Tested by `tests/city/test_blueprint.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from stcloud.city.plananswer import PlanAnswer
from stcloud.city.planquestion import GivenRules, PlanQuestion
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.conflict.blueprint import blueprint_pieces
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.time import Instant

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts

__all__ = ["CityBlueprint", "open_blueprint"]

_GROUPS = ("state", "department", "layer", "use")


@dataclass(frozen=True, repr=False)
class CityBlueprint(PlanAnswer):
    """Plans after decisions, as pieces; `City.blueprint` returns one.

    Columns of a row: ``piece`` (layer, feature and state), ``layer``, ``department``, ``feature`` (its key), ``use``,
    ``state`` (``cut``, ``replan``, ``open``, ``settled``), ``conflicts`` (their identities, by ``;``), ``area_m2``
    or, of lines, ``length_m``, and ``st_geom``, in the city's CRS.
    """

    question: PlanQuestion = field(repr=False)

    def answer(self) -> Answer:
        """Return the pieces, by layer, feature and state, as an answer in every format."""
        return self._answer

    @cached_property
    def _answer(self) -> Answer:
        rows, facts = self.question.conflicts
        rules = [bound.rule for bound in self.question.applying]
        return self.question.answer(blueprint_pieces(self.question.plans, rows, rules), facts)

    def by(self, *groups: str) -> Answer:
        """Return how many pieces each group has, their ``area_m2`` and ``length_m``.

        Parameters
        ----------
        groups
            ``state``, ``department``, ``layer``, ``use``.

        Raises
        ------
        InvalidInput
            ``unknown-group``
        """
        for group in groups:
            if group not in _GROUPS:
                near = nearest(group, _GROUPS)
                raise InvalidInput(
                    "unknown-group", f"a blueprint is not grouped by '{group}'",
                    hint=f"did you mean '{near[0]}'?" if near else f"groups are {', '.join(_GROUPS)}",
                )  # fmt: skip
        answer = self.answer()
        sums = answer.table.group_by([*groups]).aggregate(
            [("piece", "count"), ("area_m2", "sum"), ("length_m", "sum")]
        )
        sums = sums.select([*groups, "piece_count", "area_m2_sum", "length_m_sum"])
        sums = sums.rename_columns([*groups, "pieces", "area_m2", "length_m"])
        sums = sums.sort_by([(group, "ascending") for group in groups]) if groups else sums
        return self.question.answer(sums, answer.facts, groups)


def open_blueprint(
    city: City,
    parts: CityParts,
    layers: Iterable[str],
    rules: GivenRules,
    *,
    at: Instant,
    known_at: Instant | Pin | None,
    decisions: str,
) -> CityBlueprint:
    """Return the blueprint of plans; see `City.blueprint`."""
    return CityBlueprint(
        PlanQuestion.of(
            city, parts, layers, rules, at=at, during=None, known_at=known_at, decisions=decisions
        )
    )
