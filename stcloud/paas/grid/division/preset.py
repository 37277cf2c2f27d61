"""The weights a division was made with: visible, named, comparable.

Tested by `tests/paas/grid/division/test_division.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stcloud.errors import InvalidInput

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a division values, and how it tidies streets. Costs are dimensionless: a cell of no fault costs 0.

    Parameters
    ----------
    name
        Which preset this is; the grid's definition states it.
    size, shape
        Cost of an area away from the target (squared octaves), of a shape away from a disc (squared lack).
    street, water
        Cost of losing a street or a shore as an edge, for the length of one target cell's side.
    building
        Cost of cutting a building.
    component
        How strongly areas follow the load: cells where components are twice as dense are smaller by 2 to this power.
    least, most
        Areas a cell should keep to, as shares of the target area, closed.
    step_m
        Distance of the vertices at which cuts may end.
    stretch_m, stub_m, link_m
        A street end this near to another line is a near miss; a dead end shorter than this is pruned; a longer
        one is led on ahead at most this far.
    parallel_m
        Carriageways and ramps no farther apart than this become one.
    """

    name: str
    size: float = 0.35
    shape: float = 8.0
    street: float = 5.0
    water: float = 0.5
    building: float = 3.0
    component: float = 0.5
    least: float = 0.5
    most: float = 2.0
    step_m: float = 10.0
    stretch_m: float = 18.0
    stub_m: float = 25.0
    link_m: float = 150.0
    parallel_m: float = 15.0

    def __post_init__(self) -> None:
        """Refuse weights below zero and areas that do not bracket the target."""
        weights = (self.size, self.shape, self.street, self.water, self.building, self.component)
        if min(weights) < 0 or not 0 < self.least <= 1 <= self.most or self.step_m <= 0:
            raise InvalidInput(
                "bad-preset", f"preset {self.name!r} has a weight below 0, or areas that miss the target",
                hint="use weights >= 0 and 0 < least <= 1 <= most",
            )  # fmt: skip


PRESETS = {
    "balanced": Preset("balanced"),
    "streets": Preset("streets", street=10.0),
    "compact": Preset("compact", street=1.0, shape=12.0),
    "area-only": Preset("area-only", component=0.0),
}
