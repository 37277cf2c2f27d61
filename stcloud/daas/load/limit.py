"""How many rejected rows a load may have before it fails as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Refusal

__all__ = ["Limit", "refuse_cut_off", "refuse_too_many"]

_SAMPLES = 3
_SHOWN = 80
_CUT_ROW = "cut-row"
_REMEDIES = {
    "inexact-key": "the file keeps its key as a float, which holds 15 digits: store it as text or as an integer",
    "time-out-of-range": "where it means that there is none, declare it: open = [\"9999-12-31\"], or null = [...]",
    "inexact-number": "the layer keeps the column as a number, which holds 15 digits: load it into a new layer",
    "conflicting-key": "rows of one key differ: add a column to --key that tells them apart, or state in a "
    'definition which one counts: duplicates = "last", "first" or "keep"',
    "outside-crs": "the places are not where the CRS of the file or of the city is used: is it the right city, --crs "
    "or order of coordinates?",
    "undecodable-text": "state the file's encoding, e.g. --encoding gb18030 or --encoding latin-1",
}  # fmt: skip


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


def refuse_too_many(limit: Limit, refusals: Sequence[Refusal], read: int, name: str) -> None:
    """Raise ``too-many-rejected``; the error's context has the ``refusals``."""
    if not limit.exceeded(rejected=len(refusals), read=read):
        return
    shown = [(f"row {refusal.row}: {refusal.reason}", refusal) for refusal in refusals[:_SAMPLES]]
    samples = "; ".join(
        f"{text} in {refusal.field!r}: {_shown(refusal.value)}" if refusal.field else text
        for text, refusal in shown
    )
    raise InvalidInput(
        "too-many-rejected",
        f"{len(refusals):,} of {read:,} rows of {name} are rejected, more than allowed; "
        f"nothing was loaded ({samples})",
        hint=_REMEDIES.get(refusals[0].reason, "mend the file or the definition, or raise --max-rejected"),
        refusals=tuple(refusals),
    )


def refuse_cut_off(refusals: Sequence[Refusal], name: str) -> None:
    """Refuse a snapshot that breaks off in a row: it would end every feature of the part that did not arrive.

    `InvalidInput` ``cut-off-snapshot``.
    """
    cut = next((refusal for refusal in refusals if refusal.reason.startswith(_CUT_ROW)), None)
    if cut is not None:
        raise InvalidInput(
            "cut-off-snapshot",
            f"{name} breaks off in row {cut.row:,}, so it is not whole: as a snapshot it would end every feature "
            "that did not arrive; nothing was loaded",
            hint="get the whole file; if that last line is no row of it, delete it",
        )


def _shown(value: object) -> str:
    """Return a value as a message shows it, cut where it is long, as geometry is; the quarantine has it whole."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
