"""What became of the messages of a feed, batch by batch and in all.

Tested by `tests/saas/feed/test_listener.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from stcloud.daas.reckoning import Reckoning

__all__ = ["BatchOutcome", "FeedCounts"]

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of one batch.

    Parameters
    ----------
    messages
        That were taken.
    reckonings
        Of its loads: most often one.
    repeated
        Messages that the layer had already: they came again.
    overtaken
        Rows that were left out, since a later message of their key was applied before.
    quarantined
        Messages that are in quarantine as a whole.
    lag_s
        From when its first message was sent to when the last load was recorded; None: the transport does not say.
    alerts, problem
        How many alerts the city's standing questions raised; why they could not be asked, None: they could.
    """

    messages: int
    reckonings: tuple[Reckoning, ...]
    repeated: int = 0
    overtaken: int = 0
    quarantined: int = 0
    lag_s: float | None = None
    alerts: int = 0
    problem: str | None = None

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return sum(reckoning.read for reckoning in self.reckonings if not reckoning.known)

    @property
    def stored(self) -> int:
        """Rows that are new in the layer, or changed it."""
        return sum(each.accepted + each.updated for each in self.reckonings if not each.known)

    @property
    def rejected(self) -> int:
        """Rows that are in quarantine, and messages that are."""
        return sum(reckoning.rejected for reckoning in self.reckonings if not reckoning.known)

    def line(self) -> str:
        """Return it in one line for people."""
        counted = {"message": self.messages, "row": self.rows}
        parts = [f"{number:,} {name}{'' if number == 1 else 's'}" for name, number in counted.items()]
        parts += [f"{self.stored:,} stored"]
        others = {"rejected": self.rejected, "repeated": self.repeated, "overtaken": self.overtaken}
        others["alert" if self.alerts == 1 else "alerts"] = self.alerts
        parts += [f"{number:,} {name}" for name, number in others.items() if number]
        parts += [] if self.lag_s is None else [f"{self.lag_s:.1f} s behind"]
        return ", ".join(parts)


@dataclass(slots=True)
class FeedCounts:
    """What became of all messages since the listener began; ``lag_s`` is the last, ``most_lag_s`` the greatest."""

    batches: int = 0
    messages: int = 0
    rows: int = 0
    stored: int = 0
    rejected: int = 0
    quarantined: int = 0
    repeated: int = 0
    overtaken: int = 0
    alerts: int = 0
    lag_s: float | None = None
    most_lag_s: float | None = None

    def add(self, outcome: BatchOutcome) -> None:
        """Count a batch."""
        self.batches += 1
        for name in (
            "messages",
            "rows",
            "stored",
            "rejected",
            "quarantined",
            "repeated",
            "overtaken",
            "alerts",
        ):
            setattr(self, name, getattr(self, name) + getattr(outcome, name))
        if outcome.lag_s is not None:
            self.lag_s = outcome.lag_s
            self.most_lag_s = max(outcome.lag_s, self.most_lag_s or 0.0)

    def to_record(self) -> dict[str, int | float | None]:
        """Return the counts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def lag_s(recorded_us: int, sent_us: int | None) -> float | None:
    """Return the seconds between two instants; None where the first is not known."""
    return None if sent_us is None else round((recorded_us - sent_us) / _SECOND_US, 3)
