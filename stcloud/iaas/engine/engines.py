"""Engines by name.

Tested by ``tests/city/test_city.py``.
"""

from __future__ import annotations

from stcloud.errors import InvalidInput
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Engine

__all__ = ["start"]


def start(wanted: str) -> Engine:
    """Start an engine: ``duckdb`` or ``sc://host:port``; `InvalidInput` ``unknown-engine``."""
    if wanted == "duckdb":
        return Duck()
    if wanted.startswith("sc://"):
        from stcloud.iaas.engine.spark import Spark  # noqa: PLC0415  (slow to import)

        return Spark(wanted)
    raise InvalidInput(
        "unknown-engine", f"there is no engine {wanted!r}", hint="use duckdb or sc://host:port"
    )
