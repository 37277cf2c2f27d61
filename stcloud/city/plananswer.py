"""What conflicts and the blueprint of plans have in common: an answer that is made when it is first looked at.

Tested by `tests/city/test_conflicts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stcloud.paas.query.answer.answerview import AnswerView

if TYPE_CHECKING:
    from stcloud.paas.query.answer.pin import Pin

__all__ = ["PlanAnswer"]


class PlanAnswer(AnswerView):
    """An answer about plans."""

    @property
    def facts(self) -> Mapping[str, str]:
        """How the question was understood, and what was left out."""
        return self.answer().facts

    @property
    def pin(self) -> Pin | None:
        """Recorded instant of each layer that was read: with ``known_at`` of it the answer is the same for ever."""
        return self.answer().pin
