"""What the people of Alderport's management centre did in 2024: a year of cases, from the report to the close.

Each action is recorded when it is done, or when a device delivers it, on the town's clock of that year.

Tested by `tests/saas/demo/test_casework.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

import stcloud
from stcloud.saas.demo.ground import StreetPlan, lonlat

__all__ = ["COVER", "DemoAction", "actions_of", "play_cases"]

COVER = "20240614-00001"
"""Number of the case of a manhole cover that was not well replaced the first time."""

_COUNT = 420
_ZONE = ZoneInfo("Asia/Shanghai")
_FIRST, _LAST = datetime(2024, 1, 2, tzinfo=_ZONE), datetime(2025, 1, 15, tzinfo=_ZONE)
_MATTERS: tuple[tuple[str, str, str, str, float, str, float], ...] = (
    ("component", "01002", "cover_missing", "work_hour", 8, "water", 0.25),
    ("component", "01037", "lamp_dark", "work_day", 3, "lamps", 0.25),
    ("matter", "06010", "refuse_lies_open", "work_hour", 6, "sanitation", 0.3),
    ("matter", "06013", "road_damaged", "work_day", 5, "roads", 0.2),
)
"""Kind, class, condition, kind of limit and limit, department, and how often of all."""

_SLOW = {"Upper Town": 1.7, "Harbour": 1.15}
_LATE, _LEFT = 0.06, 0.03
"""How often a device delivers late, and how often nobody comes."""
_OFFLINE = (datetime(2024, 11, 24, tzinfo=_ZONE), datetime(2024, 12, 3, 8, tzinfo=_ZONE))
"""When the devices of the crews were offline."""
_COLLECTOR, _OPERATOR, _DISPATCHER = ("collector", "c07"), ("operator", "op2"), ("dispatcher", "dis1")


@dataclass(frozen=True, slots=True)
class DemoAction:
    """An action on a case.

    Parameters
    ----------
    case, name
        The case, and the action.
    happened, recorded
        When it was done, and when it was recorded.
    role, actor, department
        Who did it.
    fields
        What it states.
    place
        Longitude and latitude of a report.
    """

    case: str
    name: str
    happened: datetime
    recorded: datetime
    role: str
    actor: str
    department: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    place: tuple[float, float] | None = None


def play_cases(folder: Path, log: str, seed: int) -> int:
    """Make a log and do all that was done in the year, by the clock of that year; return how many actions."""
    present = [_FIRST - timedelta(days=1)]
    actions = actions_of(StreetPlan(seed))
    with (
        stcloud.open(folder, clock=lambda: int(present[0].timestamp() * 1e6)) as city,
        city.cases(log, create="urban-management") as cases,
    ):
        for action in actions:
            present[0] = action.recorded
            act = partial(cases.act, action.case, action.name)
            if action.place is not None:
                act = partial(cases.open, number=action.case, action=action.name, at=action.place)
            act(
                actor=action.actor, role=action.role, department=action.department, happened=action.happened,
                id=f"{action.case}/{action.name}/{action.happened:%m%d%H%M%S}", fields=action.fields,
            )  # fmt: skip
    return len(actions)


def actions_of(ground: StreetPlan) -> list[DemoAction]:
    """Return all actions in the order in which they were recorded."""
    chance = np.random.default_rng([ground.seed, 8])
    actions = [*_cover(ground)]
    numbers: dict[str, int] = {COVER[:8]: 1}
    days = np.sort(chance.uniform(0, 362, _COUNT))
    for day in days.tolist():
        opened = _FIRST + timedelta(days=day)
        prefix = opened.strftime("%Y%m%d")
        numbers[prefix] = numbers.get(prefix, 0) + 1
        actions += _case(ground, chance, f"{prefix}-{numbers[prefix]:05d}", opened)
    known = [action for action in actions if action.recorded < _LAST]
    return sorted(known, key=lambda action: (action.recorded, action.case))


def _case(
    ground: StreetPlan, chance: np.random.Generator, case: str, opened: datetime
) -> Iterator[DemoAction]:
    """Give what is done to a case that was reported at an instant."""
    home = ground.communities[int(chance.integers(len(ground.communities)))]
    block = home["blocks"][int(chance.integers(len(home["blocks"])))]
    place = ground.inside(block, chance.uniform(0.1, 0.9, (1, 2)))
    kind = int(chance.choice(len(_MATTERS), p=[matter[6] for matter in _MATTERS]))
    hotline = bool(chance.random() < 0.35)
    desk = _Desk(case, opened, chance)
    yield _reported(desk, kind, place, hotline=hotline)
    if hotline:
        yield desk.does("order_verify", _OPERATOR, 0.1)
        yield desk.does("verify", _COLLECTOR, chance.gamma(2, 0.6), verification="exists")
    yield from _filed(desk, chance, kind)
    if chance.random() < _LEFT:
        return
    slow = _SLOW.get(home["district"], 1.0)
    again = bool(chance.random() < 0.09)
    yield from _handled(desk, chance, kind, slow, suspended=bool(chance.random() < 0.04))
    yield desk.does("check", _COLLECTOR, chance.gamma(2, 2.0), check="fail" if again else "pass")
    if again:
        yield desk.does("rework", _OPERATOR, 0.5, reason="not_done")
        yield from _handled(desk, chance, kind, 0.5 * slow)
        yield desk.does("check", _COLLECTOR, chance.gamma(2, 2.0), check="pass")
    yield desk.does("close", _OPERATOR, chance.gamma(2, 0.5))


def _cover(ground: StreetPlan) -> Iterator[DemoAction]:
    """Give the case of the cover at the fish market: reported by phone, replaced twice."""
    chance = np.random.default_rng([ground.seed, 9])
    desk = _Desk(COVER, datetime(2024, 6, 14, 16, 20, tzinfo=_ZONE), chance, late=0.0)
    place = ground.inside((1, 7), np.array([[0.4, 0.5]]))
    yield _reported(desk, 0, place, hotline=True)
    yield desk.does("order_verify", _OPERATOR, 0.1)
    yield desk.does("verify", _COLLECTOR, 0.5, verification="exists")
    yield from _filed(desk, chance, 0)
    for hours, result in ((14.0, "fail"), (3.0, "pass")):
        yield desk.does("assign", ("department", "zhao"), 0.4, "water", handler="sun")
        yield desk.does("handle", ("handler", "sun"), hours, "water")
        yield desk.does("feed_back", ("department", "zhao"), 0.3, "water")
        yield desk.does("check", _COLLECTOR, 2.0, check=result)
        if result == "fail":
            yield desk.does("rework", _OPERATOR, 0.3, reason="not_level")
    yield desk.does("close", _OPERATOR, 0.4)


def _reported(desk: _Desk, kind: int, place: Any, *, hotline: bool) -> DemoAction:
    """Return the report of a case: by a collector, or by whoever called the hotline."""
    lon, lat = lonlat(place)[0].tolist()
    stated: dict[str, Any] = {"source": "hotline" if hotline else "collector", "kind": _MATTERS[kind][0]}
    stated |= {"class": _MATTERS[kind][1]}
    return replace(desk.does("report", _OPERATOR if hotline else _COLLECTOR, 0, **stated), place=(lon, lat))


def _filed(desk: _Desk, chance: np.random.Generator, kind: int) -> Iterator[DemoAction]:
    """Give the filing and the dispatch of a case."""
    _, _, condition, limit_kind, limit_value, department, _ = _MATTERS[kind]
    limit: dict[str, Any] = {"condition": condition, "limit_kind": limit_kind, "limit_value": limit_value}
    yield desk.does("file", _OPERATOR, chance.gamma(2, 0.1), **limit)
    yield desk.does("dispatch", _DISPATCHER, chance.gamma(2, 0.15), department=department)


def _handled(
    desk: _Desk, chance: np.random.Generator, kind: int, slow: float, *, suspended: bool = False
) -> Iterator[DemoAction]:
    """Give what a department does until it says that the case is handled."""
    department, crew = _MATTERS[kind][5], f"crew-{int(chance.integers(1, 4))}"
    hours = {"work_hour": 1.9, "work_day": 17.0}[_MATTERS[kind][3]] * _MATTERS[kind][4]
    yield desk.does(
        "assign", ("department", f"{department}-1"), chance.gamma(2, 0.4), department, handler=crew
    )
    if suspended:
        until = desk.now + timedelta(days=9)
        yield desk.does("suspend", _DISPATCHER, 1.0, reason="waits_for_parts", until=until)
        desk.now = max(desk.now, until)
    yield desk.does("handle", ("handler", crew), chance.gamma(1.3, hours * slow / 1.3), department)
    yield desk.does("feed_back", ("department", f"{department}-1"), chance.gamma(2, 0.3), department)


class _Desk:
    """The clock of one case: what is done next happens some hours after what was done before."""

    def __init__(self, case: str, now: datetime, chance: np.random.Generator, late: float = _LATE) -> None:
        self.case, self.now, self._chance, self._late = case, now, chance, late
        self._recorded = now

    def does(
        self, name: str, who: tuple[str, str], hours: float, by: str | None = None, **fields: Any
    ) -> DemoAction:
        """Return the next action; a device in the field may deliver it hours later."""
        self.now += timedelta(seconds=round(3600 * hours) + 1)
        in_field = who[0] in ("collector", "handler") and self._chance.random() < self._late
        delay_s = 3600 * self._chance.uniform(1, 9) if in_field else 2.0
        known = self.now + timedelta(seconds=round(delay_s))
        if who[0] == "handler" and _OFFLINE[0] <= self.now < _OFFLINE[1]:
            known = max(known, _OFFLINE[1])
        self._recorded = max(self._recorded + timedelta(seconds=1), known)
        return DemoAction(self.case, name, self.now, self._recorded, *who, by, fields)
