"""Why there is a conflict: its rule, its features, its periods and numbers, and what was decided.

Tested by `tests/city/test_conflicts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from stcloud.paas.conflict.conflictrules import ConflictRule
from stcloud.paas.conflict.decisions import FIRST, SECOND

__all__ = ["ConflictReason"]

_MEASURES = {
    "area_m2": "{:,.2f} m² are planned twice", "length_m": "{:,.2f} m are planned twice",
    "distance_m": "{:,.2f} m apart", "vertical_m": "{:,.2f} m apart in depth",
}  # fmt: skip
_OUTCOMES = {"both": "both stay", "replan": "to be planned anew"}


@dataclass(frozen=True, slots=True)
class ConflictReason:
    """Why there is a conflict; ``str`` of it reads as a person says it.

    Attributes
    ----------
    rule
        The rule.
    rows
        The conflict in each of its periods, instants on the city's clock.
    """

    rule: ConflictRule
    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, rule: ConflictRule, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Return the reason of the rows of one conflict."""
        return cls(rule, tuple(rows))

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        first = self.rows[0]
        yield f"conflict {first['conflict']}"
        yield f"rule {self.rule.id}: {self.rule.text}"
        for side in (FIRST, SECOND):
            use = "" if first[f"{side}_use"] is None else f", use {first[f'{side}_use']}"
            yield f"{side}: {first[f'{side}_layer']} {first[side]} of {first[f'{side}_department']}{use}"
        for row in self.rows:
            period = f"from {_day(row['from'])} to {_day(row['to'])}"
            measures = [text.format(row[name]) for name, text in _MEASURES.items() if row[name] is not None]
            yield f"{period}: {', '.join(measures)}"
        yield self._decided(first)

    @staticmethod
    def _decided(row: Mapping[str, Any]) -> str:
        if row["outcome"] is None:
            return "open: nothing was decided"
        outcome = _OUTCOMES.get(row["outcome"]) or f"{row[row['outcome'] + '_layer']} prevails"
        reason = f": {row['reason']}" if row["reason"] else ""
        return f"decided by {row['decided_by']}, since {_day(row['decided_on'])}: {outcome}{reason}"


def _day(at: Any) -> str:
    return ".." if at is None else str(at.isoformat()[:16].removesuffix("T00:00"))
