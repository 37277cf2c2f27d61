"""The plans of a city: where they contradict each other, and what is decided.

Tested by `tests/city/test_conflicts.py` and `tests/city/test_blueprint.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stcloud.city import below
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    from stcloud.city.blueprint import CityBlueprint
    from stcloud.city.conflicts import CityConflicts
    from stcloud.city.planquestion import GivenRules
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.time import Instant, TimeSpan

__all__ = ["CityPlans"]


class CityPlans(OpenedCity):
    """Plans, and what becomes of them."""

    def conflicts(
        self, layers: Iterable[str], *, rules: GivenRules, at: Instant | None = None, during: TimeSpan | None = None,
        known_at: Instant | Pin | None = None, decisions: str = "conflict-decisions",
    ) -> CityConflicts:  # fmt: skip
        """Return where plans that are valid at the same time contradict each other, area by area.

        Parameters
        ----------
        layers, rules
            Layers of features, two or more; a table of rules: its TOML or CSV file, or its keys and values.
        at, during
            Conflicts that hold at an instant, or in some part of a span; neither: at any time.
        known_at
            As it was known at this recorded instant, or at the pin of an answer.
        decisions
            The layer of decisions, if there is one.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-layer``; ``two-layers-needed``, ``not-features``, ``at-or-during``, ``no-rule``,
            ``unknown-use``, ``no-use-column``, ``no-depth-columns``; `InvalidDefinition` ``not-toml``,
            ``invalid-definition``.
        """
        return below.open_conflicts(
            self._city, self._parts, layers, rules, at=at, during=during, known_at=known_at,
            decisions=decisions,
        )  # fmt: skip

    def blueprint(
        self, layers: Iterable[str], *, rules: GivenRules, at: Instant, known_at: Instant | Pin | None = None,
        decisions: str = "conflict-decisions",
    ) -> CityBlueprint:  # fmt: skip
        """Return plans as they are at an instant after the decisions: what is settled, cut, open, planned anew.

        Parameters and errors are those of `conflicts`.
        """
        return below.open_blueprint(
            self._city, self._parts, layers, rules, at=at, known_at=known_at, decisions=decisions
        )
