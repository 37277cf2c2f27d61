"""Probable duplicates: reports of one class, near each other in space and time, with a score and why.

Tested by `tests/paas/case/test_duplicate.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.classes.class_row import KINDS, class_or_text
from stcloud.paas.case.classes.class_table import ClassTable
from stcloud.paas.case.nearby import LON_LAT, PlaceCircle, cases_near, place_of
from stcloud.paas.case.state import CaseState
from stcloud.space import project

__all__ = [
    "CaseReport",
    "Duplicate",
    "Reach",
    "compare",
    "is_kin",
    "pairs_of",
    "probable_duplicates",
    "report_of",
]

HOUR_US = 3_600_000_000
SAME, SUCCESSOR, PERHAPS, UNKNOWN = 1.0, 0.9, 0.7, 0.5
"""Weights: one class; its successor or predecessor of another edition; one of several of them; no class yet."""
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a duplicate may be from a report.

    Parameters
    ----------
    metres
        In space, at most.
    days
        In time, at most, days of 24 hours.

    Raises
    ------
    InvalidInput
        ``bad-reach``.
    """

    metres: float = 50.0
    days: float = 3.0

    def __post_init__(self) -> None:
        for name, value, most in (("metres", self.metres, 5_000), ("days", self.days, _MOST_DAYS)):
            if not (math.isfinite(value) and 0 < value <= most):
                raise InvalidInput(
                    "bad-reach", f"a reach is more than 0 and at most {most:,} {name}, not {value:g}",
                    hint=f"give fewer {name}, such as 50 metres and 3 days",
                )  # fmt: skip

    @property
    def hours(self) -> float:
        """The days in hours."""
        return self.days * 24


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What is compared of a case, or of an event.

    Parameters
    ----------
    number
        Its number or key.
    kind, code
        ``component`` or ``matter``, and the class; None: not known.
    component
        The component that it is about; None: none is named.
    x_m, y_m
        Its place, metres in the city's plane.
    opened_us, ended_us
        When it was reported, and when it ended, None: it has not, UTC microseconds.
    """

    number: str
    kind: str | None
    code: str | None
    component: str | None
    x_m: float
    y_m: float
    opened_us: int
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A probable duplicate of a report.

    Attributes
    ----------
    number, state, master
        The other case, its state, and the case that it is linked to.
    score
        From 0 to 1: more is more probable. It is an order, and no probability.
    distance_m
        How far the places are from each other, metres.
    hours
        How long before the report the other was reported; negative: after it.
    why
        The reasons, in words.
    """

    number: str
    state: str
    master: str | None
    score: float
    distance_m: float
    hours: float
    why: str


def probable_duplicates(
    log: CaseLog, state: CaseState, reach: Reach, classes: ClassTable, crs: str, *, at_us: int, known_us: int
) -> list[Duplicate]:
    """Return the probable duplicates of a case among the other cases of its log, the most probable first.

    Parameters
    ----------
    log, state
        The log, and the case as it was at ``at_us``.
    reach
        How far they may be from it.
    classes
        Classes, with their crosswalk.
    crs
        The city's, projected, in metres.
    at_us, known_us
        As `cases_near` has them.

    Returns
    -------
    Cases that had not ended when this one was reported, or had ended at most ``reach.days`` before, and that were
    reported at most ``reach.days`` after it; by score, then distance, then number. Parts of this case, its whole and
    what is linked to it, or to the same master, are known already and left out.

    Raises
    ------
    InvalidInput
        ``no-place``: it is not known where the case is.
    """
    known = log.states_of([state.case], known_us=known_us).get(state.case, state)
    place = place_of(known)
    if place is None:
        raise InvalidInput(
            "no-place", f"where case '{state.case}' is, is not known",
            hint="amend it: fields lon and lat", in_shell="amend it: --set lon=… --set lat=…",
        )  # fmt: skip
    circle = PlaceCircle(*place, reach.metres, crs)
    rules = log.rules.known_at(known_us)
    report = report_of(state, place, rules, crs)
    duplicates = []
    for near in cases_near(log, circle, at_us=at_us, known_us=known_us):
        if is_kin(state, near.state):
            continue
        other = report_of(near.state, (near.lon, near.lat), rules, crs, ended_by_us=state.opened_us)
        compared = compare(report, other, reach, classes)
        if compared is not None:
            score, metres, hours, why = compared
            duplicates.append(
                Duplicate(near.state.case, near.state.state, near.state.master, score, metres, hours, why)
            )
    return sorted(duplicates, key=lambda each: (-each.score, each.distance_m, each.number))


def report_of(
    state: CaseState, place: tuple[float, float], rules: CaseRules, crs: str, *, ended_by_us: int | None = None
) -> CaseReport:  # fmt: skip
    """Return what is compared of a case.

    Parameters
    ----------
    state, place
        The case, and where it is known to be, degrees.
    rules, crs
        The rules of its log, and the city's CRS.
    ended_by_us
        It has ended only if it had by this instant; None: if it has now.
    """
    x, y = project([place[0]], [place[1]], LON_LAT, crs)
    kind, component = state.values.get("kind"), state.values.get("component")
    return CaseReport(
        state.case, _text(kind), state.class_code, _text(component), float(x[0]), float(y[0]), state.opened_us,
        _ended_us(state, rules, ended_by_us),
    )  # fmt: skip


def compare(
    report: CaseReport, other: CaseReport, reach: Reach, classes: ClassTable
) -> tuple[float, float, float, str] | None:
    """Return the score of another report, its distance (m), the hours that it was before, and why; None: it is none.

    Notes
    -----
    The score is a product of three weights, each of which falls from 1 to 0.5 at the edge of the reach:

    - class: 1 the same, 0.9 successor or predecessor in another edition, 0.7 one of several, 0.5 one has none yet;
    - space: ``1 - metres / (2 reach.metres)``, and 1 for the same component;
    - time: ``1 - hours / (2 reach.hours)`` between the reports; an open case that was reported earlier than that has
      0.5; one that had ended before has half of ``1 - hours / reach.hours`` since its end.
    """
    weight, class_words = _class_weight(report, other, classes)
    metres = math.hypot(other.x_m - report.x_m, other.y_m - report.y_m)
    hours = (report.opened_us - other.opened_us) / HOUR_US
    time = _time_weight(report, other, reach)
    if weight is None or time is None or metres > reach.metres:
        return None
    same_component = report.component is not None and report.component == other.component
    space = 1.0 if same_component else 1 - metres / (2 * reach.metres)
    words = [class_words, f"{metres:.1f} m away", *(["the same component"] if same_component else [])]
    words.append(f"reported {abs(hours):.1f} h {'before' if hours >= 0 else 'after'}")
    if other.ended_us is not None and other.ended_us < report.opened_us:
        words.append(f"ended {(report.opened_us - other.ended_us) / HOUR_US:.1f} h before")
    elif hours > 0:
        words.append("not ended by then")
    return weight * space * time, metres, hours, ", ".join(words)


def _time_weight(report: CaseReport, other: CaseReport, reach: Reach) -> float | None:
    """Return the weight of two reports' instants; None: they are too far from each other."""
    between = abs(report.opened_us - other.opened_us) / HOUR_US
    near = 1 - between / (2 * reach.hours)
    if other.opened_us >= report.opened_us:
        return near if between <= reach.hours else None
    if other.ended_us is None or other.ended_us >= report.opened_us:
        return max(near, 0.5)
    since = (report.opened_us - other.ended_us) / HOUR_US
    return 0.5 * (1 - since / reach.hours) if since <= reach.hours else None


def _class_weight(report: CaseReport, other: CaseReport, classes: ClassTable) -> tuple[float | None, str]:
    """Return the weight of two classes, None: they differ, and what it is."""
    if report.kind is not None and other.kind is not None and report.kind != other.kind:
        return None, "another kind"
    if report.code is None or other.code is None:
        return UNKNOWN, "no class to compare yet"
    kind = report.kind or other.kind
    left, right = class_or_text(report.code, kind), class_or_text(other.code, kind)
    if left == right:
        return SAME, f"the same class {right}"
    for of in KINDS if kind is None else (kind,):
        for earlier, later in ((left, right), (right, left)):
            for entry in classes.crosswalk.successors(of, earlier):
                if later in entry.codes:
                    several = entry.relation == "many"
                    article = "one of the successors" if several else "the successor"
                    return PERHAPS if several else SUCCESSOR, f"class {later} is {article} of {earlier}"
    return None, "another class"


def _ended_us(state: CaseState, rules: CaseRules, by_us: int | None) -> int | None:
    """Return when a case ended; None: it has not, or had not by an instant."""
    workflow = rules.workflows[state.workflow]
    stays = [stay for stay in state.stays if by_us is None or stay.from_us <= by_us]
    if not stays or stays[-1].state not in workflow.states or not workflow.is_terminal(stays[-1].state):
        return None
    return stays[-1].from_us


def is_kin(state: CaseState, other: CaseState) -> bool:
    """Return whether a case is the same one, or is linked to it already."""
    own = {state.case, *filter(None, (state.master, state.whole)), *state.parts}
    return other.case in own or other.master in own or other.whole in own


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def pairs_of(
    reports: Iterable[CaseReport], reach: Reach, classes: ClassTable
) -> list[tuple[str, str, float, str]]:
    """Return the probable repeats among some reports: the earlier, the later, the score and why; best first.

    O(n log n + pairs within the reach from west to east).
    """
    ordered = sorted(reports, key=lambda report: (report.x_m, report.number))
    pairs = []
    for place, left in enumerate(ordered):
        for right in ordered[place + 1 :]:
            if right.x_m - left.x_m > reach.metres:
                break
            first, second = sorted((left, right), key=lambda report: (report.opened_us, report.number))
            compared = compare(second, first, reach, classes)
            if compared is not None:
                pairs.append((first.number, second.number, compared[0], compared[3]))
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))
