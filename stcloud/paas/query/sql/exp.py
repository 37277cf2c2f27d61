"""Nodes of SQL trees: those of sqlglot, which is imported when the first node is made.

What is answered from rows in memory needs none, and sqlglot takes longer to import than such an answer.

Tested by `tests/architecture/test_late_imports.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from sqlglot.expressions import (
        EQ,
        GT,
        GTE,
        LT,
        LTE,
        NEQ,
        Add,
        Alias,
        And,
        Array,
        Avg,
        Between,
        Case,
        Coalesce,
        Column,
        Count,
        DateAdd,
        DateDiff,
        Distinct,
        Div,
        Escape,
        Explode,
        Expression,
        Extract,
        From,
        Greatest,
        Group,
        If,
        In,
        IntDiv,
        Is,
        Join,
        Like,
        Limit,
        Literal,
        Max,
        Min,
        Mod,
        Mul,
        Neg,
        Not,
        Nullif,
        Or,
        Order,
        Ordered,
        Paren,
        PercentileCont,
        Placeholder,
        Query,
        Select,
        Star,
        Sub,
        Subquery,
        Substring,
        Sum,
        Table,
        TableAlias,
        UnixMicros,
        Where,
        cast,
        column,
        false,
        null,
        to_identifier,
        true,
        var,
    )  # fmt: skip

__all__ = [
    "EQ", "GT", "GTE", "LT", "LTE", "NEQ", "Add", "Alias", "And", "Array", "Avg", "Between", "Case",
    "Coalesce", "Column", "Count", "DateAdd", "DateDiff", "Distinct", "Div", "Escape", "Explode",
    "Expression", "Extract", "From", "Greatest", "Group", "If", "In", "IntDiv", "Is", "Join", "Like", "Limit",
    "Literal", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Nullif", "Or", "Order", "Ordered", "Paren",
    "PercentileCont", "Placeholder", "Query", "Select", "Star", "Sub", "Subquery", "Substring", "Sum",
    "Table", "TableAlias", "UnixMicros", "Where", "cast", "column", "false", "null", "to_identifier", "true",
    "var",
]  # fmt: skip

__getattr__ = late_names(__name__, dict.fromkeys(__all__, "sqlglot.expressions"))
