"""Options that give names and values.

Tested by `tests/saas/cli/test_case.py` and `tests/saas/cli/test_caseevaluate.py`.
"""

from __future__ import annotations

from stcloud.errors import InvalidInput

__all__ = ["read_pairs"]


def read_pairs(stated: list[str] | None, option: str) -> dict[str, str]:
    """Return what ``NAME=VALUE`` options say; `InvalidInput` ``unreadable-field``."""
    pairs: dict[str, str] = {}
    for text in stated or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or name.strip() in pairs:
            reason = "it is given twice" if equals and name.strip() in pairs else "it is no NAME=VALUE"
            raise InvalidInput(
                "unreadable-field",
                f"cannot read {option} '{text}': {reason}",
                hint=f"write {option} NAME=VALUE",
            )
        pairs[name.strip()] = value
    return pairs
