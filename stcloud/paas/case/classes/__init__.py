"""Classes of components and matters, and conditions for filing a case of a class (ring: paas, in case).

Knows: what a code of a class looks like, its names in Chinese and English, its major class, when it is valid, which
classes of a later edition took its place, and the limits of filing conditions. Must not know: cases, clocks, layers,
files of a city.

Nouns: `ClassRow` (one class), `ClassTable` (all of them), `ClassCrosswalk` and `Translation` (what became of a class
of an earlier edition), `FilingCondition` and `ConditionTable`.

Start at `class_table.py`. Tested by `tests/paas/case/test_class_table.py`.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.case.classes.bundled import bundled_classes, bundled_conditions
    from stcloud.paas.case.classes.class_crosswalk import ClassCrosswalk, Translation
    from stcloud.paas.case.classes.class_row import KINDS, ClassRow, class_digits
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.paas.case.classes.filing_condition import LIMIT_KINDS, ConditionTable, FilingCondition

__all__ = [
    "KINDS",
    "LIMIT_KINDS",
    "ClassCrosswalk",
    "ClassRow",
    "ClassTable",
    "ConditionTable",
    "FilingCondition",
    "Translation",
    "bundled_classes",
    "bundled_conditions",
    "class_digits",
]

_HOMES = {
    "KINDS": ".class_row",
    "LIMIT_KINDS": ".filing_condition",
    "ClassCrosswalk": ".class_crosswalk",
    "ClassRow": ".class_row",
    "ClassTable": ".class_table",
    "ConditionTable": ".filing_condition",
    "FilingCondition": ".filing_condition",
    "Translation": ".class_crosswalk",
    "bundled_classes": ".bundled",
    "bundled_conditions": ".bundled",
    "class_digits": ".class_row",
}

__getattr__ = late_names(__name__, _HOMES)  # a question needs classes when a code is first named
