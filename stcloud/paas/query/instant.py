"""The recorded instant that a question is answered at."""

from __future__ import annotations

from stcloud.daas.catalogue import Layer

__all__ = ["known_us"]


def known_us(layer: Layer, at_us: int | None) -> int:
    """Return the recorded instant that a question is answered at; beyond the newest load it means that load."""
    recorded = layer.recorded_us
    newest = recorded[1] if recorded else 0
    return newest if at_us is None else min(at_us, newest)
