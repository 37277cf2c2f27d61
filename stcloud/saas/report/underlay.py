"""Underlays: layers of the city that are drawn beneath a map, cut to what it shows.

Tested by `tests/saas/report/test_picture.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query import Query, Subject
from stcloud.saas.report.palette import UNDER

if TYPE_CHECKING:
    from stcloud.paas.query.resolve.features import Features
    from stcloud.saas.report.view import View

__all__ = ["USUAL", "Underlay", "underlays"]

USUAL = ("communities", "streets")
"""Layers that are drawn where nothing else is wished, if the city has them and they are small."""

_MOST, _SMALL = 50_000, 20_000


@dataclass(frozen=True, slots=True)
class Underlay:
    """Features of a layer that lie in a map.

    Parameters
    ----------
    name, label
        The layer, and how the legend calls it.
    shapes
        ``(n,)`` geometries in the city's CRS.
    image
        ``(rows, columns, 4)`` uint8, the extent of the map from north to south, of a layer of scenes.
    """

    name: str
    label: str
    shapes: NDArray[np.object_]
    image: NDArray[np.uint8] | None = None

    @property
    def lines(self) -> bool:
        """Whether most of it are lines, as streets are."""
        return bool(len(self.shapes)) and bool(np.isin(shapely.get_type_id(self.shapes), (1, 5)).mean() > 0.5)

    @property
    def colour(self) -> str:
        """Colour of lines; outlines of areas are darker; of an image the mean of its colours."""
        if self.image is not None:
            mean = self.image[self.image[..., 3] > 0][:, :3].mean(axis=0).round().astype(int)
            return "#" + "".join(f"{part:02x}" for part in mean.tolist())
        return UNDER[0 if self.lines else 1]

    @property
    def width_pt(self) -> float:
        """Width of lines, in points."""
        return 0.6 if self.lines else 1.1


def underlays(
    subject: Subject,
    names: Sequence[str] | None,
    at_us: int,
    tell: Callable[[str], None],
    known_us: int | None = None,
) -> Callable[[View], list[Underlay]]:
    """Return what reads the layers beneath a map once it is known what the map shows.

    Parameters
    ----------
    subject
        What the map's question is about; its city has the layers.
    names
        Layers of features or scenes; None: those of `USUAL` that there are and that are small; an unknown one is
        refused now.
    at_us, known_us
        Features as they were at this instant, as known at that one (None: now), UTC microseconds.
    tell
        Called with a line where a layer has too many features here to be drawn.

    Raises
    ------
    NotFound
        ``unknown-layer``
    InvalidInput
        ``not-features``
    """
    if names is None:
        layers = [layer for name in USUAL if name != subject.layer.name and (layer := _usual(subject, name))]
    else:
        layers = [_other(subject, name) for name in dict.fromkeys(names)]

    def read(view: View) -> list[Underlay]:
        drawn = [_read(layer, view, at_us, known_us) for layer in layers]
        for layer, underlay in zip(layers, drawn, strict=True):
            if len(underlay.shapes) > _MOST:
                tell(
                    f"layer '{layer.layer.name}' has more than {_MOST:,} features here and is not drawn underneath"
                )
        return [each for each in drawn if each.image is not None or 0 < len(each.shapes) <= _MOST]

    return read


def _usual(subject: Subject, name: str) -> Subject | None:
    try:
        other = _other(subject, name)
    except (NotFound, InvalidInput):
        return None
    return other if other.layer.events <= _SMALL else None


def _other(subject: Subject, name: str) -> Subject:
    return Subject(subject.other(name), subject.configuration, subject.engine, None, subject.features)


def _read(subject: Subject, view: View, at_us: int, known_us: int | None) -> Underlay:
    zone = subject.zone
    title = subject.layer.definition.title or subject.layer.name
    if subject.layer.layer_kind.has_arrays:
        from stcloud.saas.report.imageunderlay import image_under  # noqa: PLC0415  (few maps show scenes)

        image, seen_us = image_under(cast("Features", subject.layer), view, at_us, known_us)
        return Underlay(subject.layer.name, f"{title}, {zone.iso(seen_us)[:10]}", np.empty(0, object), image)
    box, crs = shapely.box(*view.extent), subject.configuration.crs
    query = Query(subject).as_of(at_us).where(box, crs=crs)
    answer = (query if known_us is None else query.known_at(known_us)).rows(_MOST + 1)
    shapes: NDArray[np.object_] = np.asarray(answer.geometry(), object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if len(shapes) <= _MOST:
        shapely.prepare(shapes)
        shapes = np.asarray(shapely.clip_by_rect(shapes, *view.extent), object)
        shapes = shapes[~shapely.is_empty(shapes)]
    return Underlay(subject.layer.name, f"{title}, {zone.iso(at_us)[:10]}", shapes)
