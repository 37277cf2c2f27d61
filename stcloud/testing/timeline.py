"""A feature layer as it should be: what is believed of each key on each day, one dictionary after each load.

Time is a handful of days, each a number; a load goes over every key and every day it speaks of, one after another,
and a new dictionary is kept. Nothing is shared with `stcloud.daas.table.timeline`. What a city answers must equal
what `Chronicle` answers, for every day as every load left it.

Tested by `tests/daas/table/test_timeline.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

__all__ = ["Chronicle", "Counts"]

Key: TypeAlias = Hashable
Content: TypeAlias = Hashable
Day: TypeAlias = int


class _Gone:
    """Content of a statement that says a key is not there."""


_GONE = _Gone()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load should come to, as in a reckoning.

    Attributes
    ----------
    accepted
        Rows whose key was believed to be there on no day of their period.
    updated
        Rows that change something, and whose key was believed to be there on some day of their period.
    unchanged
        Rows that change nothing.
    rejected
        Rows appended although their key was believed to be there on some day of their period.
    ended
        Keys that a snapshot lacks, believed to be there on some day of its period.
    overridden
        Pieces (periods of one key and content, as long as can be) believed before a snapshot, of which the snapshot
        ends days that a row of ``changes`` or ``append`` had stated. A piece that only grows is not ended.
    """

    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    ended: int = 0
    overridden: int = 0


@dataclass(frozen=True, slots=True)
class _Belief:
    content: Content
    load: int  # the one that made it so


_Beliefs: TypeAlias = dict[tuple[Key, Day], _Belief]
_Statements: TypeAlias = dict[tuple[Key, Day], Content]


class Chronicle:
    """One feature layer: what was believed of every key and day, after every load.

    Parameters
    ----------
    days
        How many there are, from 0. The last one stands for all time from then on: no period ends with it or
        after it, but at ``None``, an end that is not known.

    Notes
    -----
    Loads have the numbers 1, 2, 3, … in the order of being recorded; 0 is before them all. Keys and contents are
    whatever can be hashed; equal contents are equal.

    Examples
    --------
    >>> layer = Chronicle(10)
    >>> layer.snapshot(5, {"a": "red"})
    Counts(accepted=1, updated=0, unchanged=0, rejected=0, ended=0, overridden=0)
    >>> layer.snapshot(2, {"a": "red", "b": "blue"}).accepted  # of days 2 to 4
    2
    >>> layer.pieces()["a"], layer.pieces()["b"]
    ([(2, None, 'red')], [(2, 5, 'blue')])
    >>> layer.as_of(5), layer.as_of(4, known_at=1)
    ({'a': 'red'}, {})
    """

    def __init__(self, days: int) -> None:
        self.days = range(days)
        self._after: list[_Beliefs] = [{}]
        self._modes: list[str] = [""]
        self._snapshots: dict[int, Day] = {}  # the instants of loads
        self._undos: dict[int, int] = {}  # the loads that loads undo

    @property
    def loads(self) -> int:
        """The number of the newest load."""
        return len(self._after) - 1

    def as_of(self, day: Day, known_at: int | None = None) -> dict[Key, Content]:
        """Return the content of each key that was believed to be there on a day.

        Parameters
        ----------
        day
            Of valid time.
        known_at
            As this load left it; None: as the newest did.
        """
        believed = self._after[self.loads if known_at is None else known_at]
        return {key: belief.content for (key, at), belief in believed.items() if at == day}

    def pieces(self, known_at: int | None = None) -> dict[Key, list[tuple[Day, Day | None, Content]]]:
        """Return periods ``[from, to)`` and content of each key, as long as can be, in order of time."""
        pieces: dict[Key, list[tuple[Day, Day | None, Content]]] = defaultdict(list)
        for day in self.days:
            until = None if day == self.days[-1] else day + 1
            for key, content in self.as_of(day, known_at).items():
                last = pieces[key][-1] if pieces[key] else None
                if last is not None and last[1:] == (day, content):
                    pieces[key][-1] = (last[0], until, content)
                else:
                    pieces[key].append((day, until, content))
        return dict(pieces)

    def snapshot(self, at: Day, contents: Mapping[Key, Content]) -> Counts:
        """Record that from a day on, until that of the next known snapshot, the layer was exactly this."""
        until = min((day for day in self._known_snapshots() if day > at), default=None)
        keys = {key for key, _ in self._after[-1]} | set(contents)
        lacking = [key for key in keys - set(contents) if self._there(self._after[-1], key, at, until)]
        before = self.pieces()
        stated = {(key, day): contents.get(key, _GONE) for key in keys for day in self._period(at, until)}
        self._record("snapshot", stated)
        self._snapshots[self.loads] = at
        overridden = sum(self._ends(key, piece) for key in before for piece in before[key])
        counts = self._counts([(key, at, until) for key in contents])
        return replace(counts, ended=len(lacking), overridden=overridden)

    def changes(
        self, rows: Iterable[tuple[Key, Day, Day | None, Content]], *, mode: str = "changes"
    ) -> Counts:
        """Record rows of key, period ``[from, to)`` and content; periods of one key do not overlap."""
        rows = list(rows)
        stated = {
            (key, day): content for key, start, end, content in rows for day in self._period(start, end)
        }
        self._record(mode, stated)
        return self._counts([(key, start, end) for key, start, end, _ in rows])

    def append(self, rows: Iterable[tuple[Key, Day, Day | None, Content]]) -> Counts:
        """Record those of the rows whose key is believed to be there on no day of their period."""
        rows = list(rows)
        fresh = [row for row in rows if not self._there(self._after[-1], *row[:3])]
        counts = self.changes(fresh, mode="append")
        return Counts(accepted=counts.accepted, rejected=len(rows) - len(fresh))

    def delete(self, rows: Iterable[tuple[Key, Day, Day | None]]) -> Counts:
        """Record rows of key and period ``[from, to)`` during which it was not there."""
        rows = list(rows)
        self._record(
            "delete", {(key, day): _GONE for key, start, end in rows for day in self._period(start, end)}
        )
        return self._counts(rows)

    def undo(self, load: int) -> Counts:
        """Record the reverse of a load: where it changed what was believed and that stands, the former comes back.

        Notes
        -----
        It stands where the content is the one that the load gave, whoever stated it once more. A snapshot that was
        undone is not known to later snapshots; if that is undone as well, it is known again.
        """
        before, made, now = self._after[load - 1], self._after[load], dict(self._after[-1])
        for place in before.keys() | made.keys():
            changed = _content(before, place) != _content(made, place)
            if changed and _content(now, place) == _content(made, place):
                now.pop(place, None)
                if place in before:
                    now[place] = before[place]
        self._keep("undo", now)
        self._undos[self.loads] = load
        return Counts()

    def stands(self, load: int) -> bool:
        """Tell whether a load is not undone."""
        return not any(undone == load and self.stands(number) for number, undone in self._undos.items())

    def _known_snapshots(self) -> list[Day]:
        return [at for load, at in self._snapshots.items() if self.stands(load)]

    def _period(self, start: Day, end: Day | None) -> range:
        return range(start, self.days.stop if end is None else end)

    def _record(self, mode: str, stated: _Statements) -> None:
        now = dict(self._after[-1])
        for place, content in stated.items():
            if content == _GONE:
                now.pop(place, None)
            elif _content(now, place) != content:
                now[place] = _Belief(content, self.loads + 1)
        self._keep(mode, now)

    def _keep(self, mode: str, now: _Beliefs) -> None:
        self._after.append(now)
        self._modes.append(mode)

    def _there(self, believed: _Beliefs, key: Key, start: Day, end: Day | None) -> bool:
        return any((key, day) in believed for day in self._period(start, end))

    def _counts(self, rows: Iterable[tuple[Key, Day, Day | None]]) -> Counts:
        before, now = self._after[-2:]
        accepted = updated = unchanged = 0
        for key, start, end in rows:
            places = [(key, day) for day in self._period(start, end)]
            if all(_content(before, place) == _content(now, place) for place in places):
                unchanged += 1
            elif self._there(before, key, start, end):
                updated += 1
            else:
                accepted += 1
        return Counts(accepted, updated, unchanged)

    def _ends(self, key: Key, piece: tuple[Day, Day | None, Content]) -> bool:
        """Tell whether the newest load ends days of a piece that rows of changes had stated."""
        before, now = self._after[-2:]
        places = [(key, day) for day in self._period(*piece[:2])]
        return any(
            self._modes[before[place].load] in {"changes", "append"}
            and _content(now, place) != _content(before, place)
            for place in places
        )


def _content(believed: _Beliefs, place: tuple[Key, Day]) -> Content:
    return believed[place].content if place in believed else _GONE
