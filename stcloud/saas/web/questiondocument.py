"""Documents of joins, cubes, hot spots and situations: a question with some more fields.

Tested by `tests/saas/web/test_questions.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from stcloud.daas.definition.clause import Closed
from stcloud.errors import InvalidInput
from stcloud.paas.query import Question

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.cube.cube import Cube

__all__ = ["CubeDocument", "HotspotDocument", "JoinDocument", "SituationDocument", "Truth"]

_OF_ANSWERS = ("count", "measure", "by", "until", "having", "compare", "rated_at", "order", "limit", "after")


_Number = Annotated[float, Field(strict=True)]
_Count = Annotated[int, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
"""True or false, and neither ``"yes"`` nor 1."""


class JoinDocument(Question):
    """A question about events, and what they are joined with; see `Query.join`.

    Parameters
    ----------
    join, how
        The other layer, and how: ``within``, ``intersects``, ``within 20 m``, ``nearest`` …
    at, inner, value, within, band
        As for `Query.join`.
    """

    join: str
    how: str = "within"
    at: str | None = None
    inner: Truth = False
    value: tuple[str, ...] = ()
    within: str | None = None
    band: str | None = None

    def question(self) -> Question:
        """Return the question about the events; `InvalidInput` ``not-of-joins``: it has groups or measures."""
        surplus = [name for name in _OF_ANSWERS if getattr(self, name)]
        if surplus:
            raise InvalidInput("not-of-joins", f"the document has {', '.join(surplus)}, which joins have not")
        return Question(**{name: getattr(self, name) for name in Question.model_fields})

    def keywords(self) -> dict[str, Any]:
        """Return what `Query.joining` is given."""
        return {
            "at": self.at, "known_at": self.known_at, "inner": self.inner, "value": self.value, "within": self.within,
            "band": self.band,
        }  # fmt: skip


class CubeDocument(Question):
    """A question about events, and the bins that they are counted in; see `Query.cube`."""

    cell: str = "100m"
    every: str = "1W"
    partial: Literal["drop", "flag", "keep"] = "drop"
    extent: str | None = None

    def cube(self, city: City, read: Callable[[str], Any]) -> Cube:
        """Return the cube; raises what `Query.cube` raises, and ``not-of-cubes``."""
        surplus = [name for name in _OF_ANSWERS if name not in ("by", "measure") and getattr(self, name)]
        if surplus:
            raise InvalidInput("not-of-cubes", f"the document has {', '.join(surplus)}, which cubes have not")
        query = self.narrow(city.query(self.layer), read)
        extent = None if self.extent is None else read(self.extent)
        measures = self.measure or ("count",)
        return query.cube(
            self.cell,
            self.every,
            by=self.by,
            measures=measures,
            extent=extent,
            crs=self.crs,
            partial=self.partial,
        )


class HotspotDocument(CubeDocument):
    """A cube, and how its cells are compared with their neighbours; see `Cube.hotspots`."""

    distance_m: _Number | None = None
    nearest: _Count | None = None
    steps: _Count = 1
    both: Truth = False
    reference: Literal["cube", "step", "window"] = "cube"
    corrected: Truth = True
    alpha: _Number = 0.1
    skip_warm_up: Truth = True
    with_events_only: Truth = False
    per_km2: Truth | None = None

    def hotspots(self, cube: Cube) -> Any:
        """Return the hot spots of a cube."""
        return cube.hotspots(
            distance_m=self.distance_m, nearest=self.nearest, steps=self.steps, both=self.both,
            reference=self.reference, corrected=self.corrected, alpha=self.alpha, skip_warm_up=self.skip_warm_up,
            with_events_only=self.with_events_only, per_km2=self.per_km2,
        )  # fmt: skip


class SituationDocument(Closed):
    """A place and an instant; see `City.situation`."""

    lon: _Number
    lat: _Number
    at: str | None = None
    known_at: str | None = None
    radius: str = "200m"
    days: _Number = 7.0
    logs: tuple[str, ...] | None = None
    layers: dict[str, tuple[str, ...]] | None = None
    nearest: tuple[str, ...] = ()
    limit: _Count = 50
