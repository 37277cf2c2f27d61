"""What the caller of a load states: how it meets what the layer holds, and for which valid period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

from stcloud.daas.complete_to import CompleteTo
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput
from stcloud.time import EARLIEST_US, LATEST_US, Instant, Zone, instant_us, read_stamps

__all__ = ["LoadRequest"]


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What a load's caller states; instants are UTC microseconds, None: not stated.

    Parameters
    ----------
    mode, valid_from_us, valid_to_us
        How it meets what the layer holds, and for which valid period.
    allow_missing
        Columns that the file may lack though the layer keeps them.
    empty
        Whether a snapshot may hold nothing.
    source_layer
        Layer of the file, where it holds several; None: the definition's, or the only one.
    complete_to
        Until when its rows are complete; None: what was stated of the file before, or as the definition says.
    """

    mode: str
    valid_from_us: int | None = None
    valid_to_us: int | None = None
    allow_missing: frozenset[str] = frozenset()
    empty: bool = False
    source_layer: str | None = None
    complete_to: CompleteTo | None = None

    @classmethod
    def of(
        cls,
        definition: Definition,
        mode: str | None,
        valid_from: Instant | None,
        valid_to: Instant | None,
        zone: Zone,
        allow_missing: str | Iterable[str] = (),
        *,
        empty: bool = False,
    ) -> LoadRequest:
        """Check what is stated against the definition of the layer; a bare text is one column.

        Raises
        ------
        InvalidInput
            ``unknown-mode``; ``events-have-no-period``; ``out-of-range``; what `instant_us` raises.
        """
        allowed = frozenset([allow_missing] if isinstance(allow_missing, str) else allow_missing)
        start, end = (None if at is None else _instant(at, zone) for at in (valid_from, valid_to))
        stated = mode or definition.modes[0]
        if not definition.has_periods and (start is not None or end is not None):
            raise InvalidInput(
                "events-have-no-period",
                f"'{definition.id}' defines {definition.kind}s: their time is in their rows",
                hint="leave out --valid-from and --valid-to",
            )
        return cls(_mode(stated, definition.modes), start, end, allowed, empty and definition.has_periods)

    def dated(self, definition: Definition, file: str, zone: Zone) -> LoadRequest:
        """Return the request with the instant in a file's name, if the definition reads one there.

        Raises
        ------
        InvalidInput
            ``undated-file``: the name is not as the definition says.
        """
        valid = definition.file_period
        if valid is None or valid.file is None or self.valid_from_us is not None:
            return self
        own = Zone(valid.zone) if valid.zone else zone
        read = read_stamps(pa.array([file.split(".", maxsplit=1)[0]]), [valid.file], own)
        if not read.valid[0]:
            raise InvalidInput(
                "undated-file", f"the name '{file}' is not as '{valid.file}' says", hint="state --valid-from"
            )
        return replace(self, valid_from_us=int(read.utc_us[0]))

    @property
    def period(self) -> tuple[str | None, str | None]:
        """The period as a part of the load's identity."""
        start, end = (None if at is None else str(at) for at in (self.valid_from_us, self.valid_to_us))
        return start, end


def _instant(at: Instant, zone: Zone) -> int:
    at_us = instant_us(at, zone)
    if not EARLIEST_US <= at_us < LATEST_US:
        raise InvalidInput("out-of-range", f"the instant {at} lies outside 0001-01-03 to 9999-12-29 of UTC")
    return at_us


def _mode(mode: str, modes: tuple[str, ...]) -> str:
    if mode not in modes:
        raise InvalidInput("unknown-mode", f"there is no mode '{mode}' here", hint=f"use {', '.join(modes)}")
    return mode
