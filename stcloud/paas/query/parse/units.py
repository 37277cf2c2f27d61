"""Questions by unit: ``unit:PREFIX`` as a range of codes, and the words that name parts of a code.

Tested by `tests/conformance/test_duty.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.paas.grid import DutyGrids, UnitGrid
from stcloud.paas.grid.code import prefix_range
from stcloud.paas.query.answer.pin import Known, Pin, known_us
from stcloud.paas.query.condition.units import InUnits, OnDuty
from stcloud.paas.query.plan.plan import Part, Restated
from stcloud.time import Zone

__all__ = ["UnitIndex", "in_units", "needed_index", "on_duty"]


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """That a layer of events is indexed on a grid, and as the grid was known when.

    Parameters
    ----------
    grid
        The grid.
    known_us
        Recorded instant of the grid's newest change that the index has seen, UTC microseconds.
    duties
        Gives the duty grids of a layer.
    """

    grid: UnitGrid
    known_us: int
    duties: Callable[[str], DutyGrids]

    @property
    def parts(self) -> Mapping[str, Part]:
        """Parts of a code that may be counted by, by name."""
        scheme = self.grid.scheme
        named = {name: Part(name, scheme.prefix_length(name)) for name in scheme.prefixes}
        return {**named, "unit": Part("unit", scheme.length)}

    def pinned_us(self, known: Known) -> int:
        """Return the recorded instant that a query takes the grid at, UTC microseconds.

        That is what the index has seen of it, or what an earlier pin names. A pin that does not name the grid was
        made before the events were indexed.
        """
        if isinstance(known, Pin) and self.grid.name not in dict(known.layers):
            return self.known_us
        return min(known_us(self.grid.layer, known), self.known_us)

    def restated(self, known: Known, zone: Zone) -> Restated | None:
        """Return that events are located anew, where the grid was corrected after the query's pin; else None."""
        if self.pinned_us(known) == self.known_us:
            return None
        return Restated(None, f"on {self._described(known, zone)}")

    def described(self, known: Known, zone: Zone, restated: str | None = None) -> str:
        """Describe which grid a query takes, as it was known when, and whether it changed since it was indexed.

        ``restated`` describes the one instant of the grid at which all events are located, if there is one.
        """
        if restated is not None:
            return f"{restated}, known at {zone.iso(self.pinned_us(known))}"
        stale = "; the grid has changed since: index again" if self._is_stale(known) else ""
        return f"of {self._described(known, zone)}{stale}"

    def _is_stale(self, known: Known) -> bool:
        return known is None and self.known_us < self.grid.known_us

    def _described(self, known: Known, zone: Zone) -> str:
        at = zone.iso(self.pinned_us(known))
        return f"grid '{self.grid.name}' at each event's own time, known at {at}"


def needed_index(index: UnitIndex | None, layer: str) -> UnitIndex:
    """Return the index; `InvalidInput` ``not-indexed`` when there is none."""
    if index is None:
        raise InvalidInput(
            "not-indexed", f"the events of layer '{layer}' are not indexed on a unit grid",
            hint=f"index them: city.index('{layer}')", in_shell=f"index them: stcloud grid index CITY {layer}",
        )  # fmt: skip
    return index


def on_duty(places: Iterable[str], index: UnitIndex | None, layer: str) -> OnDuty:
    """Read ``duty:LAYER:ID``, several of one layer united.

    Raises
    ------
    InvalidInput
        ``not-indexed``, ``unknown-where``.
    NotFound
        ``unknown-layer``.
    """
    texts = tuple(places)
    named = [text.removeprefix("duty:").partition(":") for text in texts]
    layers = {name for name, _, _ in named}
    if len(layers) != 1 or not all(duty for _, _, duty in named):
        raise InvalidInput(
            "unknown-where", f"'{texts[0]}' is no place", hint="write duty:LAYER:ID, of one layer"
        )
    name = layers.pop()
    needed_index(index, layer).duties(name)  # refuses what holds no duty grids; their ids are checked later
    return OnDuty(name, tuple(duty for _, _, duty in named), " or ".join(texts))


def in_units(places: Iterable[str], index: UnitIndex | None, layer: str) -> InUnits:
    """Read ``unit:PREFIX``, several united.

    Raises
    ------
    InvalidInput
        ``not-indexed``, ``invalid-code-prefix``.
    """
    scheme, texts = needed_index(index, layer).grid.scheme, tuple(places)
    ranges = tuple(prefix_range(text.removeprefix("unit:"), scheme) for text in texts)
    return InUnits(ranges, " or ".join(texts))
