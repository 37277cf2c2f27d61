"""How many rejected rows a load may have before it fails as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from stcloud.errors import InvalidInput

__all__ = ["Limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rows may be rejected before the whole load fails: a number of rows, or a share of those read.

    >>> Limit.parse("5%").exceeded(rejected=6, read=100)
    True
    >>> Limit.parse("6").exceeded(rejected=6, read=10)
    False
    """

    rows: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``N`` or ``P%``."""
        try:
            if text.strip().endswith("%"):
                share = float(text.strip()[:-1]) / 100
                if 0 <= share <= 1:
                    return cls(share=share)
            elif int(text) >= 0:
                return cls(rows=int(text))
        except ValueError:
            pass
        raise InvalidInput("bad-limit", f"{text!r} is no limit of rejected rows", hint="write e.g. 100 or 5%")

    def exceeded(self, *, rejected: int, read: int) -> bool:
        """Tell whether so many rejected rows are too many."""
        return rejected > (self.rows if self.rows is not None else (self.share or 0.0) * read)
