"""A layer that was received has one owner, and is read only here.

Tested by `tests/daas/exchange/test_receiving.py`.
"""

from __future__ import annotations

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.definition import OriginClause
from stcloud.errors import InvalidInput

__all__ = ["received_error", "refuse_received"]


def refuse_received(catalogue: Catalogue, layer: str) -> None:
    """Refuse to change a layer that another city owns: `InvalidInput` ``received-layer``."""
    if catalogue.table(layer).exists:
        origin = catalogue.definition_for(layer, None).origin
        if origin is not None:
            raise received_error(layer, origin)


def received_error(layer: str, origin: OriginClause) -> InvalidInput:
    """Return the error for a change of a layer that another city owns."""
    return InvalidInput(
        "received-layer",
        f"layer '{layer}' was received: it is layer '{origin.layer}' of city '{origin.city}', and read only here",
        hint="change it there, and receive a package of it",
    )
