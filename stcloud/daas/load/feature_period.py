"""Since when, and until when, the rows of a load of features hold that have no periods of their own.

Tested by `tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.load.request import LoadRequest
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput

__all__ = ["stated_period"]


def stated_period(
    layer: str, definition: FeatureDefinition, request: LoadRequest, snapshots: Sequence[int]
) -> tuple[int, int]:
    """Return the period that rows are stated for, unless they have their own, UTC microseconds.

    Parameters
    ----------
    layer, definition
        The layer's name, and how its source is read.
    request
        What the caller states.
    snapshots
        Instants of the snapshots that the layer knows.

    Raises
    ------
    InvalidInput
        ``valid-from-needed``, ``period-in-snapshot``, ``empty-period``
    """
    valid, mode = definition.valid, request.mode
    start_us, end_us = request.valid_from_us, request.valid_to_us
    own = valid is not None and valid.start is not None
    if mode == "snapshot":
        if own:
            raise InvalidInput(
                "period-in-snapshot",
                f"the rows of layer '{layer}' have periods of their own; a snapshot has one instant",
                hint="load with --mode changes",
            )
        if end_us is not None:
            raise InvalidInput(
                "period-in-snapshot", "a snapshot holds until the next one", hint="leave out --valid-to"
            )
    if start_us is None:
        if own:
            return 0, FOREVER
        raise InvalidInput(
            "valid-from-needed",
            f"nothing says since when the rows for layer '{layer}' were so",
            hint="state --valid-from",
        )
    end = FOREVER if end_us is None else end_us
    if mode == "snapshot":
        end = min((at_us for at_us in snapshots if at_us > start_us), default=FOREVER)
    if end <= start_us:
        raise InvalidInput("empty-period", "the valid period ends before it begins, or as it begins")
    return start_us, end
