"""A model of linked cases: plain dictionaries, written apart from the workflow, that say what an action comes to.

It knows the actions of `ACTIONS` under the workflow ``urban-management``, and no case that is overdue.

Tested by `tests/stateful/test_cases.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import accumulate
from typing import Any

__all__ = ["ACTIONS", "ENDED", "CaseModel"]

DAY_US = 86_400_000_000
ENDED = ("closed", "forced_close")
_OPEN = ("filed", "dispatched", "handling", "suspended", "split", "handled", "pending_check")
_ANY = ("reported", "linked", *_OPEN, *ENDED)
_DESK, _LEADERS = ("operator", "shift_leader"), ("shift_leader", "leader")

ACTIONS: dict[str, tuple[tuple[str | None, ...], str | None, tuple[str, ...]]] = {
    "report": ((None,), "reported", ("collector", "public", "operator")),
    "file": (("reported",), "filed", _DESK),
    "dispatch": (("filed",), "dispatched", ("dispatcher",)),
    "return_to_dispatcher": (("dispatched",), "filed", ("department",)),
    "assign": (("dispatched",), "handling", ("department",)),
    "suspend": (("handling",), "suspended", ("dispatcher", "shift_leader")),
    "resume": (("suspended",), "handling", ("dispatcher", "shift_leader")),
    "handle": (("handling",), "handled", ("handler",)),
    "feed_back": (("handled",), "pending_check", ("department",)),
    "check": (("pending_check",), None, ("collector",)),
    "close": (("pending_check", "split"), "closed", _DESK),
    "rework": (("pending_check",), "dispatched", _DESK),
    "force_close": (_OPEN, "forced_close", _LEADERS),
    "reopen": (ENDED, "filed", _DESK),
    "request_extension": (("dispatched", "handling"), None, ("department", "handler")),
    "review_extension": (("dispatched", "handling"), None, ("dispatcher",)),
    "approve_extension": (("dispatched", "handling"), None, _LEADERS),
    "link": (("reported", "filed"), "linked", _DESK),
    "unlink": (("linked",), "reported", _DESK),
    "split": (("filed",), "split", ("dispatcher",)),
    "correct": (_ANY, None, ("operator", "shift_leader", "admin")),
}  # fmt: skip
"""From which states, to which, and by whom."""

_EXTENSION = {"extension_requested", "extension_reviewed"}
_CLEARS: dict[str, set[str]] = {
    "dispatch": {"returned"}, "split": {"returned"}, "return_to_dispatcher": _EXTENSION, "suspend": _EXTENSION,
    "handle": _EXTENSION, "approve_extension": _EXTENSION, "reopen": {"forced"}, "unlink": {"duplicate"},
}  # fmt: skip
_SETS = {
    "return_to_dispatcher": "returned", "request_extension": "extension_requested",
    "review_extension": "extension_reviewed", "force_close": "forced", "link": "duplicate",
}  # fmt: skip
_COUNTS = {
    "return_to_dispatcher": "returns", "suspend": "suspensions", "rework": "reworks",
    "approve_extension": "extensions", "reopen": "reopenings",
}  # fmt: skip
_OWN = ("return_to_dispatcher", "assign", "handle", "feed_back", "request_extension")
_NOT_HANDLER = ("check", "close", "rework", "force_close")

Case = dict[str, Any]


class CaseModel:
    """All cases by number, each a dictionary."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}

    def does(
        self, number: str, name: str, role: str, actor: str, department: str | None, happened_us: int,
        fields: dict[str, Any],
    ) -> bool:  # fmt: skip
        """Do an action with all that follows; False, and nothing is changed, if it is not legal."""
        before = deepcopy(self.cases)
        stated = (role, actor, department, happened_us, fields)
        legal = self._act(number, name, *stated) and all(
            self._act(other, followed, role, actor, department, happened_us, own)
            for other, followed, own in self._followed(number, name, before, fields)
        )
        if not legal:
            self.cases = before
        return legal

    def state_at(self, number: str, happened_us: int) -> str | None:
        """Return the state of a case when something happens to it: a suspension may have ended by itself."""
        case = self.cases.get(number)
        if case is None:
            return None
        ended = case["until"] is not None and case["until"] <= max(case["stated"], happened_us)
        return "handling" if ended else str(case["state"])

    def _act(
        self, number: str, name: str, role: str, actor: str, department: str | None, happened_us: int,
        fields: dict[str, Any],
    ) -> bool:  # fmt: skip
        follows = name in ("close_with_master", "open_part")
        starts, target, roles = (("linked",), "closed", (role,)) if name == "close_with_master" else (
            ((None,), "filed", (role,)) if name == "open_part" else ACTIONS[name]
        )  # fmt: skip
        state = self.state_at(number, happened_us)
        if state not in starts or role not in roles:
            return False
        case = self.cases.get(number) or _new()
        if not follows and not self._allows(number, case, name, actor, department, happened_us, fields):
            return False
        if state != case["state"]:
            case["until"] = None
        case["state"] = target or state
        case["names"].append(name)
        case["happened"].append(happened_us)
        case["stated"] = max(case["stated"], happened_us)
        case["flags"] = (case["flags"] - _CLEARS.get(name, set())) | (
            {_SETS[name]} if name in _SETS else set()
        )
        if name == "open_part":
            case["flags"] = {"part"}
        if name in _COUNTS:
            case["counts"][_COUNTS[name]] = case["counts"].get(_COUNTS[name], 0) + 1
        if name in ("handle", "feed_back"):
            case["handlers"] |= {actor}
        if name in ("feed_back", "reopen", "unlink"):
            case.pop({"unlink": "master"}.get(name, "check"), None)
        if target is not None:
            case["until"] = fields.get("until")
        case |= {
            key: fields[key] for key in ("source", "department", "check", "master", "parts") if key in fields
        }
        if name == "correct":
            case["corrections"][fields["corrects"]] = fields["corrected"]
        self.cases[number] = case
        return True

    def _allows(
        self, number: str, case: Case, name: str, actor: str, department: str | None, happened_us: int,
        fields: dict[str, Any],
    ) -> bool:  # fmt: skip
        """Return whether what else the workflow asks for holds."""
        if name in _OWN and (department is None or department != case.get("department")):
            return False
        if name in _NOT_HANDLER and actor in case["handlers"]:
            return False
        counts, flags = case["counts"], case["flags"]
        conditions: dict[str, Callable[[], object]] = {
            "file": lambda: case["source"] == "collector",
            "suspend": lambda: counts.get("suspensions", 0) < 1
            and happened_us < fields["until"] <= happened_us + 366 * DAY_US,
            "close": lambda: self._parts_ended(case) if case["state"] == "split" else case.get("check") == "pass",
            "rework": lambda: case.get("check") == "fail",
            "reopen": lambda: "duplicate" not in flags,
            "request_extension": lambda: counts.get("extensions", 0) < 2 and "extension_requested" not in flags,
            "review_extension": lambda: flags & _EXTENSION == {"extension_requested"},
            "approve_extension": lambda: flags & _EXTENSION == _EXTENSION and counts.get("extensions", 0) < 2,
            "link": lambda: self._may_link(number, fields["master"]) and "part" not in flags,
            "split": lambda: "part" not in flags and not set(fields["parts"].split(";")) & {number, *self.cases},
            "correct": lambda: 1 <= fields["corrects"] <= len(case["names"]) and fields["corrected"] <= happened_us,
        }  # fmt: skip
        return name not in conditions or bool(conditions[name]())

    def _may_link(self, number: str, master: str) -> bool:
        other = self.cases.get(master)
        return (
            other is not None and master != number and other["state"] not in ENDED and not other.get("master")
            and all(case.get("master") != number for case in self.cases.values())
        )  # fmt: skip

    def _parts_ended(self, case: Case) -> bool:
        return all(self.cases[part]["state"] in ENDED for part in case["parts"].split(";"))

    def _followed(
        self, number: str, name: str, before: dict[str, Case], fields: dict[str, Any]
    ) -> Iterable[tuple[str, str, dict[str, Any]]]:
        """Give what follows on other cases, as the cases were before."""
        if name == "split":
            for part, department in zip(
                fields["parts"].split(";"), fields["departments"].split(";"), strict=True
            ):
                yield part, "open_part", {"source": before[number]["source"]}
                yield part, "dispatch", {"department": department}
        if name not in ("close", "force_close"):
            return
        for other, case in before.items():
            if case.get("master") == number and case["state"] == "linked":
                yield other, "close_with_master", {}
        parts = before[number].get("parts", "").split(";") if name == "force_close" else []
        for part in parts:
            if part in before and before[part]["state"] in _OPEN:
                yield part, "force_close", {}
                yield from self._followed(part, "force_close", before, fields)


def _new() -> Case:
    return {
        "state": None, "names": [], "happened": [], "stated": 0, "until": None, "flags": set(), "counts": {},
        "handlers": set(), "corrections": {},
    }  # fmt: skip


def effective_us(case: Case) -> list[int]:
    """Return when the actions of a case took effect: never before those that are recorded before them."""
    stated = (case["corrections"].get(seq, us) for seq, us in enumerate(case["happened"], 1))
    return list(accumulate(stated, max))
