"""A city, with all that can be done with it: its rooms are in `stcloud.city.methods`, a file a subject.

Tested by `tests/city/test_city.py`.
"""

from __future__ import annotations

from stcloud.city.methods.casework import CityCasework
from stcloud.city.methods.grids import CityGrids
from stcloud.city.methods.layers import CityLayers
from stcloud.city.methods.loads import CityLoads
from stcloud.city.methods.plans import CityPlans
from stcloud.city.methods.questions import CityQuestions
from stcloud.city.methods.transfers import CityTransfers
from stcloud.city.methods.upkeep import CityUpkeep

__all__ = ["City"]


class City(
    CityLayers, CityQuestions, CityGrids, CityLoads, CityCasework, CityPlans, CityTransfers, CityUpkeep
):  # fmt: skip
    """A city with its layers, loads and queries; `stcloud.create` and `stcloud.open` return one.

    Several threads may use it at the same time. ``with`` closes it, but no engine that `open` was given.
    """
