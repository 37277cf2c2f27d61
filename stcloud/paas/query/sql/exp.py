"""Nodes of SQL trees: those of sqlglot, which is imported when the first node is made.

What is answered from rows in memory needs none, and sqlglot takes longer to import than such an answer.

Tested by `tests/architecture/test_late_imports.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_module

__all__ = list[str]()  # whatever sqlglot has

if TYPE_CHECKING:
    from sqlglot.expressions import *  # noqa: F403
else:
    __getattr__ = late_module(__name__, "sqlglot.expressions")
