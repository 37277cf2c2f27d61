"""stcloud: a city's time-stamped layers, and what happened where and when.

The one door: ``import stcloud as st``. Start with `st.open` and `st.create`.

Tested by `tests/architecture/test_public_surface.py`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.city import City, create, open  # noqa: A004
    from stcloud.daas.definition import Definition
    from stcloud.daas.ledger import Reckoning
    from stcloud.errors import StcloudError
    from stcloud.iaas.job import Job
    from stcloud.paas.grid import divide
    from stcloud.paas.query import Answer, Explanation, Query
    from stcloud.space import Area

__version__ = "0.2.0"

__all__ = [
    "Answer",
    "Area",
    "City",
    "Definition",
    "Explanation",
    "Job",
    "Query",
    "Question",
    "Reckoning",
    "StcloudError",
    "create",
    "divide",
    "open",
]

_HOME = {
    "Answer": "stcloud.paas.query",
    "Area": "stcloud.space",
    "City": "stcloud.city",
    "Definition": "stcloud.daas.definition",
    "Explanation": "stcloud.paas.query",
    "Job": "stcloud.iaas.job",
    "Query": "stcloud.paas.query",
    "Question": "stcloud.paas.query",
    "Reckoning": "stcloud.daas.ledger",
    "StcloudError": "stcloud.errors",
    "create": "stcloud.city",
    "divide": "stcloud.paas.grid",
    "open": "stcloud.city",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``import stcloud`` itself stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'stcloud' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
