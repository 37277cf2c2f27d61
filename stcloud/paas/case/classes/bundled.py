"""Tables that travel with the package: classes, their crosswalk, and examples of filing conditions.

Tested by `tests/paas/case/test_class_table.py` and `tests/paas/case/test_class_conditions.py`.
"""

from __future__ import annotations

import functools

from stcloud.errors import NotFound, nearest
from stcloud.iaas.bundle import bundled_text, code_tables, condition_examples
from stcloud.paas.case.classes.class_crosswalk import ClassCrosswalk
from stcloud.paas.case.classes.class_row import ClassRow
from stcloud.paas.case.classes.class_table import ClassTable
from stcloud.paas.case.classes.filing_condition import ConditionTable

__all__ = ["bundled_classes", "bundled_conditions"]


@functools.cache
def bundled_classes() -> ClassTable:
    """Return the bundled classes of all editions, with their crosswalk.

    >>> bundled_classes().look_up("matter", "32050806010").name
    'Exposed refuse'
    """
    crosswalk = ClassCrosswalk.from_csv(_text("crosswalk"), "crosswalk.csv")
    tables = (ClassTable.from_csv(_text(name), f"{name}.csv") for name in code_tables())
    rows: list[ClassRow] = [row for table in tables for row in table]
    return ClassTable(rows, crosswalk, "bundled classes")


def bundled_conditions(name: str = "example-a") -> ConditionTable:
    """Return an example of filing conditions; the limits are those of a city, the words are not.

    Raises
    ------
    NotFound
        ``unknown-conditions``, with the names that there are.

    Examples
    --------
    >>> from datetime import date
    >>> [entry.limit_text for entry in bundled_conditions().of_class("matter", "06001", date(2026, 9, 1))]
    ['4 work hours', '7 work days', '20 work days']
    """
    known = condition_examples()
    if name not in known:
        raise NotFound(
            "unknown-conditions",
            f"no bundled conditions are called '{name}' (there are: {', '.join(known)})",
            nearest=nearest(name, known),
        )
    return ConditionTable.from_csv(_text(f"conditions-{name}"), bundled_classes(), f"conditions-{name}.csv")


def _text(name: str) -> str:
    return bundled_text("layers", "classes", f"{name}.csv")
