"""Who is responsible for a place or a case: departments and duty grids, each with the source that says so.

Tested by `tests/paas/case/test_responsible.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.classes.filing_condition import FilingCondition
from stcloud.time import Zone

__all__ = [
    "DutyOf",
    "Responsibility",
    "ResponsibleDepartment",
    "component_departments",
    "condition_departments",
]

_DEPARTMENTS = (
    ("supervising", ("ZGBMDM", "DeptCode1"), ("ZGBMMC", "DeptName1")),
    ("owner", ("QSDWDM", "DeptCode2"), ("QSDWMC", "DeptName2")),
    ("maintainer", ("YHDWDM", "DeptCode3"), ("YHDWMC", "DeptName3")),
)
"""What a department of a component is, and the columns with its code and its name, of 2026 and of before."""


@dataclass(frozen=True, slots=True)
class ResponsibleDepartment:
    """A department that a source names.

    Attributes
    ----------
    department
        Its code, or its name where the source has no code.
    name
        Its name; None: the source has none besides.
    part
        ``handling`` by a filing condition; ``supervising``, ``owner``, ``maintainer`` of a component; ``responsible``
        for a cell.
    source
        What says so.
    """

    department: str
    name: str | None
    part: str
    source: str


@dataclass(frozen=True, slots=True)
class DutyOf:
    """A duty grid that has a cell.

    Attributes
    ----------
    duty, collector
        The duty grid, and who patrols it, None: that is not known.
    unit, layer
        The cell, and the layer that says so.
    """

    duty: str
    collector: str | None
    unit: str
    layer: str


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who is responsible, as the sources say it; where they differ, all of them are there.

    Attributes
    ----------
    departments
        Those of filing conditions first, then of the component, then of the cell.
    duties
        Duty grids of the cell, by name.
    reasons
        What is not known, and why.
    """

    departments: tuple[ResponsibleDepartment, ...]
    duties: tuple[DutyOf, ...]
    reasons: tuple[str, ...]

    @property
    def department(self) -> str | None:
        """The department that the first source names; None: no source names one."""
        return self.departments[0].department if self.departments else None

    def records(self) -> list[dict[str, Any]]:
        """Return what is known as records: ``what``, ``who``, ``name``, ``source``."""
        return [
            {"what": each.part, "who": each.department, "name": each.name, "source": each.source}
            for each in self.departments
        ] + [
            {"what": "duty grid", "who": each.duty, "name": each.collector, "source": f"{each.layer}: {each.unit}"}
            for each in self.duties
        ]  # fmt: skip


def condition_departments(
    rules: CaseRules,
    kind: str | None,
    code: str,
    condition: str | None,
    at_us: int,
    *,
    pinned: str | None = None,
) -> tuple[list[ResponsibleDepartment], str]:
    """Return the departments of a class by the filing conditions, and why there is none.

    Parameters
    ----------
    rules
        Rules as they were known.
    kind, code, condition
        The class; the condition, None: any of the class. Without a kind the class is a component's, as at filing.
    at_us
        The instant, UTC microseconds; conditions are valid by days of the clocks' zone.
    pinned
        Beginning of the digest of the conditions that bind the case; None: those that are valid at the instant.
    """
    bound = rules.conditions(at_us, pinned)
    if bound is None:
        return [], "the log has no filing conditions" + (f" '{pinned}'" if pinned else "")
    digest, table = bound
    timing = rules.timing(at_us)
    zone = Zone("UTC") if timing is None else timing[1].rules.time.zone
    day = date.fromisoformat(zone.iso(at_us)[:10])
    of = kind or "component"
    entries = [
        entry for entry in table.of_class(of, code, day) if condition in (None, entry.condition)
    ]  # fmt: skip
    if not entries:
        named = f" '{condition}'" if condition else ""
        return [], f"the filing conditions {digest} have no condition{named} of {of} {code} on {day}"
    return _departments(entries, digest), ""


def _departments(entries: list[FilingCondition], digest: str) -> list[ResponsibleDepartment]:
    """Return each department once, with the conditions that name it."""
    conditions: dict[str, list[str]] = {}
    for entry in entries:
        conditions.setdefault(entry.department, []).append(entry.condition)
    return [
        ResponsibleDepartment(
            department, None, "handling",
            f"filing condition{'s' if len(names) > 1 else ''} {', '.join(names)} of {entries[0].kind} "
            f"{entries[0].code} ({digest})",
        )
        for department, names in conditions.items()
    ]  # fmt: skip


def component_departments(row: Mapping[str, Any], key: str, layer: str) -> list[ResponsibleDepartment]:
    """Return the departments that a component's own columns name: supervising, owner, maintainer.

    Parameters
    ----------
    row
        Its columns, by the names of GB/T 47678.5-2026 or by those of before.
    key, layer
        The component, and the layer that it is of.
    """
    departments = []
    for part, codes, names in _DEPARTMENTS:
        code = next((row[name] for name in codes if row.get(name)), None)
        name = next((row[name] for name in names if row.get(name)), None)
        if code or name:
            source = f"component {key} of layer {layer}"
            departments.append(
                ResponsibleDepartment(str(code or name), str(name) if code and name else None, part, source)
            )
    return departments
