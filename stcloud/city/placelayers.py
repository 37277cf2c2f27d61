"""What a city's layers have near a place: which layer plays which part, and bounded reads of each.

Tested by `tests/city/test_situation.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.daas.definition import FeatureDefinition
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.case.nearby import LON_LAT, PlaceCircle
from stcloud.paas.case.published import is_published
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query import Answer

__all__ = [
    "ROLES", "LayerRoles", "NearRow", "answer_near", "features_near", "name_column", "name_in",
    "refusal_of", "role_of",
]  # fmt: skip

ROLES = (
    "unit-grid", "duty-grids", "components", "communities", "administrative-areas", "events", "features", "readings",
    "scenes",
)  # fmt: skip
"""Parts that layers play in a situation."""

_BY_SOURCE = ("components", "communities", "administrative-areas")
_NAMES = ("name", "gridName", "GLBJMC", "ObjName", "title", "name_en")
_OWN = ("st_", "geometry")


@dataclass(frozen=True, slots=True)
class LayerRoles:
    """Which layers play which part.

    Attributes
    ----------
    layers
        Names of layers by the parts in `ROLES`; several where a part may have several.
    """

    layers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, city: City, stated: Mapping[str, str | Iterable[str]] | None = None) -> LayerRoles:
        """Return the parts of a city's layers: those that are stated, others by their definitions.

        Parameters
        ----------
        city
            The city.
        stated
            Names of layers by parts; an empty list: the part is played by none.

        Raises
        ------
        InvalidInput
            ``unknown-role``.
        NotFound
            ``unknown-layer``.
        """
        chosen: dict[str, tuple[str, ...]] = {}
        for role, names in (stated or {}).items():
            if role not in ROLES:
                near = nearest(role, ROLES)
                raise InvalidInput(
                    "unknown-role", f"no layer plays '{role}' in a situation",
                    hint=f"did you mean '{near[0]}'?" if near else f"parts are {', '.join(ROLES)}",
                )  # fmt: skip
            chosen[role] = (names,) if isinstance(names, str) else tuple(names)
            for name in chosen[role]:
                city.layer(name)
        known: dict[str, list[str]] = {role: [] for role in ROLES}
        for layer in city.layers():
            if (part := role_of(layer)) is not None:
                known[part].append(layer.name)
        taken = {name for role in ROLES if role != "features" for name in chosen.get(role, ())}
        return cls({
            role: chosen.get(role, tuple(name for name in known[role] if name not in taken)) for role in ROLES
        })  # fmt: skip

    def only(self, role: str) -> tuple[str | None, str]:
        """Return the layer of a part that has one, or None and why."""
        names = self.layers[role]
        if len(names) == 1:
            return names[0], ""
        if not names:
            return None, f"the city has no layer of {role}"
        return None, f"which layer of {role} is meant? state one of {', '.join(names)}"


def role_of(layer: Layer) -> str | None:
    """Return the part that a layer plays by its definition; None: cases that were published from a log."""
    definition = layer.definition
    if definition.is_series:
        return "readings"
    if definition.raster_reading is not None:
        return "scenes"
    if not isinstance(definition, FeatureDefinition):
        return None if is_published(definition) else "events"
    if definition.grid is not None:
        return "unit-grid"
    if definition.duty is not None:
        return "duty-grids"
    return _sources().get(definition.source, layer.name if layer.name in _BY_SOURCE else "features")


@cache
def _sources() -> dict[str, str]:
    """Return the parts of bundled definitions by the source that they name: a city's copies keep it."""
    return {
        tomllib.loads(bundled_text("layers", f"{name}.toml"))["source"]: name for name in _BY_SOURCE
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearRow:
    """A feature or event near a place.

    Attributes
    ----------
    layer, key
        Its layer and its key.
    values
        Its attributes, as the layer has them.
    labels
        The columns that hold codes, with names: ``Dirty road (06012)``.
    lon, lat
        The point of it that is nearest, degrees.
    x_m, y_m
        The same in the city's plane.
    distance_m
        How far that is, metres; 0 inside.
    start
        When an event happened, or since when a feature is so, on the city's clock.
    """

    layer: str
    key: str
    values: Mapping[str, Any]
    labels: Mapping[str, str]
    lon: float
    lat: float
    x_m: float
    y_m: float
    distance_m: float
    start: Any

    @property
    def name(self) -> str | None:
        """Its name; None: the layer has no such column, or it is empty."""
        return name_in(self.values)


def name_in(values: Mapping[str, Any]) -> str | None:
    """Return the name among the attributes of a feature."""
    return next((str(values[column]) for column in _NAMES if values.get(column)), None)


def features_near(
    city: City,
    layer: str,
    circle: PlaceCircle,
    *,
    at_us: int,
    known_us: int | None,
    since_us: int | None = None,
) -> list[NearRow]:
    """Return the rows of a layer in a circle, nearest first: features that were there at an instant, or events.

    Parameters
    ----------
    city, layer, circle
        The city, the name of its layer, and the place; only what the bounds of the circle may hold is read.
    at_us, known_us
        The instant, and as it was known at another, UTC microseconds; None: as it is known now.
    since_us
        Events since this instant up to ``at_us``, which is included.

    Raises
    ------
    NotFound
        ``purged``: what was known then cannot be answered any more.
    """
    answer = answer_near(city, layer, circle, at_us=at_us, known_us=known_us, since_us=since_us)
    return sorted(_rows(answer, layer, circle), key=lambda row: (row.distance_m, row.key))


def answer_near(
    city: City,
    layer: str,
    circle: PlaceCircle,
    *,
    at_us: int,
    known_us: int | None,
    since_us: int | None = None,
) -> Answer:
    """Return the same rows as an answer, in no order."""
    query = city.query(layer).where(f"near:{circle.lon!r},{circle.lat!r}:{circle.radius_m!r}m")
    if query.subject.layer.layer_kind.versioned:
        query = query.as_of(at_us)
    else:
        query = query.when((at_us if since_us is None else since_us, at_us + 1))
    return (query if known_us is None else query.known_at(known_us)).rows()


def _rows(answer: Answer, layer: str, circle: PlaceCircle) -> Iterator[NearRow]:
    import shapely  # noqa: PLC0415  (slow to import)

    if not len(answer):
        return
    shapes, place = answer.geometry(), shapely.Point(circle.x_m, circle.y_m)
    lines = shapely.shortest_line(shapes, place)
    x, y = shapely.get_coordinates(shapely.get_point(lines, 0)).T
    lons, lats = project(x, y, circle.crs, LON_LAT)
    distances = np.hypot(x - circle.x_m, y - circle.y_m)
    plain = answer.plain
    labels = answer.labelled().table.select([*_coded(answer)]).to_pylist() if _coded(answer) else None
    for row, values in enumerate(plain.to_pylist()):
        start = values.get("st_time", values.get("st_valid_from"))
        own = {name: value for name, value in values.items() if not name.startswith(_OWN)}
        coded = (
            {} if labels is None else {name: text for name, text in labels[row].items() if text is not None}
        )
        yield NearRow(
            layer, str(values["st_key"]), own, coded, float(lons[row]), float(lats[row]), float(x[row]),
            float(y[row]), float(distances[row]), start,
        )  # fmt: skip


def _coded(answer: Answer) -> Sequence[str]:
    return [name for name in answer.table.schema.names if name in answer.coded]


def name_column(layer: Layer) -> str | None:
    """Return the column that names the features of a layer, as `name_in` reads it; None: it has none."""
    known = {attribute.name for attribute in layer.attributes}
    return next((column for column in _NAMES if column in known), None)


def refusal_of(error: NotFound) -> str:
    """Return why a layer cannot be read as it was known; raises the error if it is no purge."""
    if error.kind != "purged":
        raise error
    return error.message
