"""Which columns of a layer hold codes of classes, and how they are named.

Tested by `tests/paas/case/test_class_coding.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stcloud.daas.definition import Definition
from stcloud.paas.case.classes.class_row import KINDS, Language
from stcloud.paas.query.answer.coded import CodedColumn, CodedColumns

if TYPE_CHECKING:
    from stcloud.paas.case.classes.class_table import ClassTable

__all__ = ["coded_columns"]

_WORDS = {
    "component": "component", "部件": "component", "管理部件": "component",
    "matter": "matter", "事项": "matter", "管理事项": "matter", "event": "matter", "事件": "matter",
}  # fmt: skip
"""What a column may call the kinds of classes."""


def coded_columns(
    definition: Definition, classes: Callable[[], ClassTable], language: Language = "en"
) -> CodedColumns:
    """Return the columns of a layer that its definition declares to hold codes of classes.

    Parameters
    ----------
    definition
        The definition; its language is that of the names, where it has one.
    classes
        Returns the classes; called when a code is first named.
    language
        Language of the names where the definition has none.
    """
    shown = definition.language or language
    return {
        column.rename or name: CodedColumn(_naming(column.codes, classes, shown), column.kind_column)
        for name, column in definition.columns.items()
        if column.codes is not None
    }


def _naming(
    codes: str, classes: Callable[[], ClassTable], language: Language
) -> Callable[[str | None, str], str | None]:
    """Return what names the codes of a table: ``component-2026``, or ``class-2026`` of both kinds."""
    table, _, edition = codes.rpartition("-")
    fixed = table if table in KINDS else None

    def name_of(kind: str | None, code: str) -> str | None:
        of = fixed or _WORDS.get((kind or "").strip().casefold())
        return classes().name_of(of, code, edition=edition, language=language)

    return name_of
