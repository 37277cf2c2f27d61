"""stcloud: a city's time-stamped layers, and what happened where and when.

The one door: ``import stcloud as st``. Start with `st.open` and `st.create`.

Tested by `tests/architecture/test_public_surface.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.city import City, create, open  # noqa: A004
    from stcloud.daas.definition import Definition
    from stcloud.daas.reckoning import Reckoning
    from stcloud.errors import StcloudError
    from stcloud.iaas.job import Job
    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.cube.hotspot_result import HotSpots
    from stcloud.paas.grid import divide
    from stcloud.paas.query import Answer, Explanation, Query
    from stcloud.saas.cubefile import read_cube, write_cube
    from stcloud.space import Area

__version__ = "1.0.0"

__all__ = [
    "Answer",
    "Area",
    "City",
    "Cube",
    "Definition",
    "Explanation",
    "HotSpots",
    "Job",
    "Query",
    "Question",
    "Reckoning",
    "StcloudError",
    "create",
    "divide",
    "open",
    "read_cube",
    "write_cube",
]

_HOMES = {
    "Answer": ".paas.query",
    "Area": ".space",
    "City": ".city",
    "Cube": ".paas.cube.cube",
    "Definition": ".daas.definition",
    "Explanation": ".paas.query",
    "HotSpots": ".paas.cube.hotspot_result",
    "Job": ".iaas.job",
    "Query": ".paas.query",
    "Question": ".paas.query",
    "Reckoning": ".daas.reckoning",
    "StcloudError": ".errors",
    "create": ".city",
    "divide": ".paas.grid",
    "open": ".city",
    "read_cube": ".saas.cubefile",
    "write_cube": ".saas.cubefile",
}

__getattr__ = late_names(__name__, _HOMES)  # ``import stcloud`` itself stays light


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
