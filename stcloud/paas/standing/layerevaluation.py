"""All rules of a layer, load by load: what a load brings is put to the rules that it may meet.

Each load is one recorded instant, and loads are taken in their order. What a load changes of a group is followed
anew, from the samples that are kept of it; where they do not reach back far enough, the rows of the group are read
from the layer, as they were known at that instant. So what is kept decides how fast it is, and never what comes out.

Laws: **alerts are a function of log and rules**; **what is kept does not matter**: with nothing kept, the same.

Tested by `tests/paas/standing/test_layerevaluation.py` and `tests/city/test_standing.py`.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.iaas.conversion import whole_numbers
from stcloud.paas.standing.alertbook import AlertBook, Named
from stcloud.paas.standing.alerting import OPEN, AlertTerms, StandingAlert, closed
from stcloud.paas.standing.boundrule import KEEP_US, BoundRule
from stcloud.paas.standing.groupfold import GroupFold
from stcloud.paas.standing.incident import Sample
from stcloud.paas.standing.movers import Movers
from stcloud.paas.standing.rowbatch import RowBatch
from stcloud.paas.standing.ruleindex import RuleIndex, boxes_of

__all__ = ["History", "LayerEvaluation", "LoadedRows"]

History = Callable[[BoundRule, int], pa.RecordBatch]
"""Returns the rows of a rule's layer and valid time, as they were known at a recorded instant."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedRows:
    """What one load changed: rows that it begins to state, and rows that it ends.

    Attributes
    ----------
    at_us
        Its recorded instant.
    begun, ended
        The rows, with all columns that rules look at.
    """

    at_us: int
    begun: pa.RecordBatch
    ended: pa.RecordBatch


@dataclass(slots=True, eq=False)
class _Standing:
    """A rule that is there, and its groups that have something to remember."""

    bound: BoundRule
    number: int
    groups: dict[str, GroupFold] = field(default_factory=dict)
    dropped_us: int = ALWAYS
    """Groups that are not kept are judged from this valid time on as if they had no samples before."""


@dataclass(slots=True, eq=False)
class _Touched:
    """What a load changes of one group."""

    removed: list[tuple[int, str]] = field(default_factory=list)
    added: list[Sample] = field(default_factory=list)
    again: bool = False

    def first_us(self) -> int:
        """Return the time of the first sample that it changes."""
        times = [at_us for at_us, _ in self.removed] + [sample.time_us for sample in self.added]
        return min(times, default=FOREVER)


class LayerEvaluation:
    """The rules of one layer, and how far they have been evaluated.

    Parameters
    ----------
    history
        Reads the layer again where what is kept does not reach back far enough.
    book
        The alerts.
    """

    def __init__(self, history: History, book: AlertBook | None = None) -> None:
        self.history, self.book = history, AlertBook() if book is None else book
        self.watermark_us: int | None = None
        self._standing: dict[Named, _Standing] = {}
        self._numbered: dict[int, _Standing] = {}
        self._index, self._numbers = RuleIndex(), 0
        self._columns: frozenset[str] = frozenset()
        self._movers: dict[tuple[str, ...], Movers] = {}
        self._due: list[tuple[int, Named, str]] = []
        self._before: RowBatch | None = None

    @property
    def rules(self) -> tuple[BoundRule, ...]:
        """The rules that are there."""
        return tuple(standing.bound for standing in self._standing.values())

    @property
    def columns(self) -> frozenset[str]:
        """Stored columns that rules look at, and rules that have ended did."""
        return self._columns

    def add(self, bound: BoundRule) -> list[StandingAlert]:
        """Add a rule at its recorded instant; return the alerts of rows that were there before."""
        self._stand(bound)
        rows = self.history(bound, bound.added_us - 1)
        if not rows.num_rows:
            return []
        batch = self._batch(rows)
        if bound.watches:
            self._movers[bound.rule.question.by].note(batch.newest_us(bound))
        groups, kept = batch.groups(bound), batch.kept(bound, np.arange(len(batch)))
        touched = {
            (bound.name, group): _Touched(again=True)
            for place in kept.tolist()
            if (group := groups[place]) is not None
        }
        return self._settle(bound.added_us, touched, self.watermark_us)

    def end(self, name: Named, at_us: int, until_us: int) -> list[StandingAlert]:
        """Remove a rule at a recorded instant; its open alerts end at a valid time, and it raises no other one."""
        standing = self._standing.pop(name)
        del self._numbered[standing.number]
        self._index.remove(standing.number)
        for movers in self._movers.values():
            movers.forget(name)
        alerts = [alert for _, fold in sorted(standing.groups.items()) for alert in fold.alerts]
        changed = [closed(alert, until_us, at_us) for alert in alerts if alert.status == OPEN]
        self.book.write(changed)
        return sorted(changed, key=lambda alert: alert.order)

    def load(self, rows: LoadedRows) -> list[StandingAlert]:
        """Take what a load changed; return the alerts that are new or have changed, in order."""
        before_us = self.watermark_us
        self.see(micros(rows.begun.column("st_time"), FOREVER), rows.at_us)
        touched: dict[tuple[Named, str], _Touched] = {}
        ended, begun = RowBatch(rows.ended), RowBatch(rows.begun)
        for batch, begins in ((ended, False), (begun, True)):
            if len(batch):
                self._match(batch, touched, rows.at_us, begins=begins)
        changed = self._settle(rows.at_us, touched, before_us)
        if len(begun):
            self._note_newest(begun)
        self._before = None
        return changed

    def see(self, time_us: NDArray[np.int64], recorded_us: int | NDArray[np.int64]) -> None:
        """Let the watermark follow rows: no row's time counts as later than it was recorded."""
        if len(time_us):
            newest_us = int(np.minimum(time_us, recorded_us).max())
            self.watermark_us = newest_us if self.watermark_us is None else max(self.watermark_us, newest_us)

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on, as JSON has it."""
        return {
            "watermark_us": self.watermark_us,
            "movers": [[list(by), movers.state()] for by, movers in self._movers.items()],
            "rules": [
                [
                    *name,
                    standing.dropped_us,
                    [[group, fold.state()] for group, fold in standing.groups.items()],
                ]
                for name, standing in self._standing.items()
            ],
        }

    def restore(self, state: Mapping[str, Any], rules: Iterable[BoundRule]) -> None:
        """Go on from a state; ``rules`` are those that were there, in the same order."""
        self.watermark_us = state["watermark_us"]
        for by, newest in state["movers"]:
            self._movers[tuple(by)] = Movers(*newest)
        for bound, (_, _, dropped_us, groups) in zip(rules, state["rules"], strict=True):
            standing = self._stand(bound)
            standing.dropped_us = dropped_us
            for group, kept in groups:
                fold = GroupFold.restored(bound.tracker, kept)
                self._keep(standing, group, fold)

    def _batch(self, rows: pa.RecordBatch) -> RowBatch:
        """Return rows from before a load with what is computed of them: many rules in turn are put to the same."""
        if self._before is None or self._before.rows is not rows:
            self._before = RowBatch(rows)
        return self._before

    def _stand(self, bound: BoundRule) -> _Standing:
        standing = _Standing(bound, self._numbers)
        self._numbers += 1
        self._standing[bound.name] = self._numbered[standing.number] = standing
        self._columns |= bound.columns
        self._index.add(standing.number, bound.equality, boxes_of(bound.conditions))
        if bound.watches:
            self._movers.setdefault(bound.rule.question.by, Movers()).watch(bound.name)
        return standing

    def _match(
        self, batch: RowBatch, touched: dict[tuple[Named, str], _Touched], at_us: int, *, begins: bool
    ) -> None:
        """Find what rows are samples of."""
        inside: dict[tuple[str, ...], dict[tuple[Named, str], set[int]]] = {}
        for number, candidates in self._index.candidates(batch.rows):
            bound = self._numbered[number].bound
            kept, groups = batch.kept(bound, candidates, from_index=True), batch.groups(bound)
            kept = kept[[groups[place] is not None for place in kept.tolist()]] if len(kept) else kept
            if bound.watches:
                moved = inside.setdefault(bound.rule.question.by, {})
                for place in kept.tolist():
                    moved.setdefault((bound.name, str(groups[place])), set()).add(place)
                continue
            for place, level in zip(kept.tolist(), batch.levels(bound, kept), strict=True):
                change = touched.setdefault((bound.name, str(groups[place])), _Touched())
                _note(change, batch.sample(place, level), begins=begins)
        for by, movers in self._movers.items():
            if movers.rules:
                late = self._match_movers(batch, touched, movers, inside.get(by, {}), begins=begins)
                if late:
                    self._match_late(late, movers, touched, at_us)

    def _match_movers(
        self, batch: RowBatch, touched: dict[tuple[Named, str], _Touched], movers: Movers,
        inside: Mapping[tuple[Named, str], set[int]], *, begins: bool,
    ) -> list[tuple[str, int, str]]:  # fmt: skip
        """Find the fixes of movers that are in the area of a rule, or were; return those that come very late."""
        places = batch.places(self._standing[next(iter(movers.rules))].bound)
        concerned, late = dict.fromkeys(inside), []
        dropped_us = ALWAYS if self.watermark_us is None else self.watermark_us - KEEP_US
        for group, rows in places.items():
            concerned |= dict.fromkeys((name, group) for name in movers.rules_of(group))
            last_us = min(dropped_us, movers.newest_us(group))
            late += [
                (group, *batch.sample(place, 0.0)[:2])
                for place in rows[batch.time_us[rows] <= last_us].tolist()
            ]
        for name, group in concerned:
            bound, chosen = self._standing[name].bound, places[group]
            for place in chosen[bound.in_time(batch.time_us[chosen])].tolist():
                level = float(place in inside.get((name, group), ()))
                change = touched.setdefault((name, group), _Touched())
                _note(change, batch.sample(place, level), begins=begins)
        return late

    def _match_late(
        self,
        late: list[tuple[str, int, str]],
        movers: Movers,
        touched: dict[tuple[Named, str], _Touched],
        at_us: int,
    ) -> None:
        """Find the rules in whose area a mover was before a fix that comes, or goes, when nothing is kept of it."""
        bounds = [self._standing[name].bound for name in movers.rules]
        widest = min(bounds, key=lambda bound: bound.since_us)
        rows = self._batch(self.history(widest, at_us))
        before, places = set(), rows.places(widest)
        for group, time_us, key in late:
            fixes = sorted((*rows.sample(place, 0.0)[:2], place) for place in places.get(group, ()))
            earlier = bisect_left(fixes, (time_us, key))
            if earlier:
                before.add(fixes[earlier - 1][2])
        if before:
            few = RowBatch(rows.rows.take(whole_numbers(np.array(sorted(before), np.int64))))
            for number, candidates in self._index.candidates(few.rows):
                bound = self._numbered[number].bound
                if bound.name in movers.rules:
                    for place in few.kept(bound, candidates, from_index=True).tolist():
                        group = few.groups(bound)[place]
                        if group is not None:
                            touched.setdefault((bound.name, group), _Touched()).again = True

    def _note_newest(self, batch: RowBatch) -> None:
        for movers in self._movers.values():
            if movers.rules:
                bound = self._standing[next(iter(movers.rules))].bound
                movers.note(batch.newest_us(bound))
                assert self.watermark_us is not None  # noqa: S101  (rows were seen)
                movers.prune(self.watermark_us)

    def _settle(
        self, at_us: int, touched: Mapping[tuple[Named, str], _Touched], before_us: int | None
    ) -> list[StandingAlert]:
        """Follow what was touched, and what is due; return the alerts that are new or have changed, in order."""
        again: dict[Named, list[str]] = {}
        changed: dict[str, StandingAlert] = {}
        for (name, group), change in sorted(touched.items(), key=lambda item: item[0]):
            fold = None if change.again else self._reaching(name, group, change.first_us())
            if fold is None:
                again.setdefault(name, []).append(group)
                continue
            fold.change(change.removed, change.added)
            self._raise(self._standing[name], group, fold, at_us, before_us, changed)
        for name, groups in again.items():
            standing = self._standing[name]
            rows = self._batch(self.history(standing.bound, at_us))
            for group, samples in _samples(standing.bound, rows, groups).items():
                fold = GroupFold(standing.bound.tracker.copied())
                fold.alerts = self.book.of(name, group)
                fold.change((), samples)
                self._raise(standing, group, fold, at_us, before_us, changed)
        while self._due and self.watermark_us is not None and self._due[0][0] <= self.watermark_us:
            due_us, name, group = heapq.heappop(self._due)
            fold = self._standing[name].groups.get(group) if name in self._standing else None
            if fold is not None and fold.scheduled_us == due_us:
                fold.scheduled_us = None
                self._raise(self._standing[name], group, fold, at_us, before_us, changed)
        return sorted(changed.values(), key=lambda alert: alert.order)

    def _reaching(self, name: Named, group: str, first_us: int) -> GroupFold | None:
        """Return the fold of a group if what is kept reaches back to an instant; None: it does not."""
        standing = self._standing[name]
        fold, base_us = standing.groups.get(group), standing.dropped_us
        if fold is not None:
            return fold if first_us > fold.base_us else None
        if standing.bound.watches:
            base_us = self._movers[standing.bound.rule.question.by].newest_us(group)
        return GroupFold(standing.bound.tracker.copied(), base_us) if first_us > base_us else None

    def _raise(
        self, standing: _Standing, group: str, fold: GroupFold, at_us: int, before_us: int | None,
        changed: dict[str, StandingAlert],
    ) -> None:  # fmt: skip
        """Bring the alerts of a group up to date, and keep of it what may still matter."""
        bound, rule, watermark_us = standing.bound, standing.bound.rule, self.watermark_us
        now_us = at_us if watermark_us is None else watermark_us
        raising = AlertTerms(
            rule.id, bound.version, rule.layer, group, rule.threshold, rule.lateness_us, at_us, before_us
        )
        for alert in fold.raised(raising, now_us, bound.until_us):
            changed[alert.id] = alert
            self.book.write((alert,))
        cut_us = now_us - bound.keep_us
        fold.trim(cut_us)
        if fold.idle(cut_us) or (bound.watches and fold.is_outside(cut_us)):
            standing.groups.pop(group, None)
            standing.dropped_us = max(standing.dropped_us, cut_us)
            if bound.watches:
                self._movers[rule.question.by].drop(bound.name, group)
        else:
            self._keep(standing, group, fold)

    def _keep(self, standing: _Standing, group: str, fold: GroupFold) -> None:
        """Keep a group, and look at it again when something of it ends, or need not be kept any more."""
        bound = standing.bound
        standing.groups[group] = fold
        if bound.watches:
            self._movers[bound.rule.question.by].track(bound.name, group)
        due_us = min(
            (self.watermark_us or 0) + bound.keep_us,
            FOREVER if (ends_us := fold.due_us()) is None else ends_us,
            bound.until_us,
        )  # fmt: skip
        due_us = max(due_us, (self.watermark_us or 0) + 1)
        if fold.scheduled_us is None or due_us < fold.scheduled_us:
            fold.scheduled_us = due_us
            heapq.heappush(self._due, (due_us, bound.name, group))


def _samples(bound: BoundRule, batch: RowBatch, groups: Iterable[str]) -> dict[str, list[Sample]]:
    """Return the samples of some groups in rows."""
    kept = batch.kept(bound, np.arange(len(batch)))
    inside = np.zeros(len(batch), np.bool_)
    inside[kept] = True
    samples = {}
    places = batch.places(bound)
    for group in groups:
        chosen = places.get(group, kept[:0])
        chosen = chosen[bound.in_time(batch.time_us[chosen])]
        if bound.watches:
            levels = inside[chosen].astype(np.float64).tolist()
        else:
            chosen = chosen[inside[chosen]]
            levels = batch.levels(bound, chosen)
        samples[group] = sorted(map(batch.sample, chosen.tolist(), levels))
    return samples


def _note(change: _Touched, sample: Sample, *, begins: bool) -> None:
    if begins:
        change.added.append(sample)
    else:
        change.removed.append((sample.time_us, sample.key))
