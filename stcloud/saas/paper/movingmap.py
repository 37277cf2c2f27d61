"""Moving maps: the answer of a question as a GIF, a frame for each day, week or month, all in the same classes.

Tested by `tests/saas/paper/test_movingmap.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.paper.placemap import cell_of, under_of
from stcloud.saas.paper.scope import PaperScope
from stcloud.saas.paper.words import PaperWords
from stcloud.saas.report.canvas import fixed_look
from stcloud.saas.report.caption import instant_text, title_of
from stcloud.saas.report.chartdata import chart_data, group_text
from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.legend import face_of
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.palette import GREY, HAIR, INK, LAND, UNDER
from stcloud.saas.report.picture import area_of
from stcloud.saas.report.symbol import Symbols
from stcloud.saas.wholefile import whole_file

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer, Question
    from stcloud.saas.report.classes import Classes
    from stcloud.saas.report.underlay import Underlay
    from stcloud.saas.report.view import View

__all__ = ["FRAME_STEPS", "MOST_FRAMES", "write_moving_map"]

FRAME_STEPS = ("day", "week", "month")
_SIZE_PX, _FRAME_MS, _LAST_MS, _COLOURS = (1000, 760), 700, 2_500, 96
MOST_FRAMES, _MOST_PLACES = 120, 5_000
_DAY_US = 86_400_000_000
_PLACED = ("in:", "cell:", "unit", "community", "street", "district", "duty:")


@dataclass(frozen=True, slots=True, eq=False)
class FrameData:
    """What the frames show: places, a label for each frame, and ``(frames, places)`` counts."""

    field: str
    shapes: np.ndarray[Any, np.dtype[np.object_]]
    labels: tuple[str, ...]
    counts: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    unplaced: np.ndarray[tuple[int], np.dtype[np.int64]]


def write_moving_map(
    city: City,
    question: Question,
    path: Path,
    *,
    every: str | None = None,
    title: str | None = None,
    tell: Callable[[str], object] = str,
    read: Callable[[str], Any] = str,
) -> int:
    """Draw the counts of a question as a moving map; return the number of frames.

    Parameters
    ----------
    city, question
        The city, and the question with an instant for ``known_at``. Places are those that it is grouped by, else
        cells.
    path
        The GIF file.
    every
        ``day``, ``week`` or ``month``; None: by the length of the question's time.
    title
        Title; None: what the question says.
    tell
        Called with the fonts to install, where characters have none.
    read
        Returns what a place of the question is.

    Raises
    ------
    InvalidInput
        ``unknown-frame``; ``too-many-frames``: there would be more than 120.
    Unsupported
        ``no-geometry``: nothing has a place; ``no-map``: features have no course over time, or there are too many
        places.
    StorageError
        What `whole_file` raises.
    """
    scope = PaperScope(city, "", question, PaperWords(), read=read)
    step = _step(scope, every)
    data = _frame_data(scope, step)
    classes = class_limits(data.counts[data.counts > 0], whole=True)
    under, missing = _kept(under_of(scope, [data.field.removeprefix("in_").partition(".")[0]])), ""
    frames = []
    for at, label in enumerate(data.labels):
        canvas = _canvas(scope, data, at, title, classes, under)
        missing = canvas.missing or missing
        with fixed_look():
            canvas.write(_SIZE_PX[0] - 40, _SIZE_PX[1] - 64, label, 20, bold=True, color=INK, ha="right")
            canvas.agg.draw()
        frames.append(np.asarray(canvas.agg.buffer_rgba())[..., :3].copy())
    if missing:
        tell(advice(missing))
    _save(frames, _faces(classes), path)
    return len(frames)


def _step(scope: PaperScope, every: str | None) -> str:
    if every is not None and every not in FRAME_STEPS:
        raise InvalidInput(
            "unknown-frame", f"there are no frames every '{every}'", hint=f"use {', '.join(FRAME_STEPS)}"
        )
    if scope.query.subject.layer.layer_kind.versioned:
        raise Unsupported(
            "no-map", "features have no course over time", hint="draw them: stcloud query --map FILE.png"
        )
    if every is not None:
        return every
    span = scope.span_us
    days = 1_000.0 if span is None else (span[1] - span[0]) / _DAY_US
    return "day" if days <= 45 else "week" if days <= 750 else "month"


def _frame_data(scope: PaperScope, step: str) -> FrameData:
    group = next((name for name in scope.question.by if name.startswith(_PLACED)), None) or cell_of(scope)
    if group is None:
        raise Unsupported("no-geometry", "nothing has a place", hint="widen the question")
    whole = scope.answer(scope.asks(by=(step,)))
    labels = chart_data(whole.labelled(), (step,), {"count": "count"}).labels
    if len(labels) > MOST_FRAMES:
        raise InvalidInput(
            "too-many-frames", f"{len(labels):,} frames are more than {MOST_FRAMES}",
            hint="give a longer step (--every month) or narrow the time",
        )  # fmt: skip
    answer = scope.answer(scope.asks(by=(group, step)))
    field, time = answer.plain.schema.names[:2]
    keys = [key for key in dict.fromkeys(answer.table[field].to_pylist()) if key is not None]
    if len(keys) > _MOST_PLACES:
        raise Unsupported(
            "no-map", f"{len(keys):,} places are too many for a moving map", hint="use larger cells"
        )
    columns, rows = {key: at for at, key in enumerate(keys)}, {label: at for at, label in enumerate(labels)}
    counts, unplaced = np.zeros((len(labels), len(keys))), np.zeros(len(labels), np.int64)
    for row in answer:
        frame = rows[group_text(row[time], time)]
        if row[field] is None:
            unplaced[frame] += row["count"]
        else:
            counts[frame, columns[row[field]]] = row["count"]
    return _placed(FrameData(field, _shapes(answer, field, keys), labels, counts, unplaced))


def _shapes(answer: Answer, field: str, keys: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return the area of each place."""
    first: dict[Any, int] = {}
    for at, key in enumerate(answer.table[field].to_pylist()):
        first.setdefault(key, at)
    return np.asarray(answer.geometry(), object)[[first[key] for key in keys]]


def _placed(data: FrameData) -> FrameData:
    """Return the places that have an area; what the others have is without a place."""
    has_area = ~(shapely.is_missing(data.shapes) | shapely.is_empty(data.shapes))
    lost = data.counts[:, ~has_area].sum(axis=1).astype(np.int64)
    return replace(
        data, shapes=data.shapes[has_area], counts=data.counts[:, has_area], unplaced=data.unplaced + lost
    )


def _kept(under: Callable[[View], list[Underlay]]) -> Callable[[View], list[Underlay]]:
    """Return what reads the layers underneath once: all frames show the same."""
    read: dict[View, list[Underlay]] = {}

    def once(view: View) -> list[Underlay]:
        if view not in read:
            read[view] = under(view)
        return read[view]

    return once


def _canvas(
    scope: PaperScope, data: FrameData, at: int, title: str | None, classes: Classes | None,
    under: Callable[[View], list[Underlay]],
) -> Any:  # fmt: skip
    """Return the drawn frame."""
    configuration, query = scope.city.configuration, scope.query
    is_cell = data.field.startswith("cell_")
    side_m = float(np.sqrt(shapely.area(data.shapes[0]))) if is_cell and len(data.shapes) else 0.0
    symbols = Symbols(
        data.shapes, data.counts[at], "cell" if is_cell or data.field == "unit" else "area", "count", "count",
        int(data.unplaced[at]), side_m, whole=True,
    )  # fmt: skip
    text = MapText(
        title or title_of(query), f"{configuration.name}, layer {scope.question.layer}", (),
        f"{instant_text(scope.known)}, {configuration.zone.name}",
    )  # fmt: skip
    return draw_map(
        symbols, area_of(query), text, crs=configuration.crs, under=under, size_px=_SIZE_PX, classes=classes
    )


def _faces(classes: Classes | None) -> list[str]:
    """Return the colours that frames have exactly: those of classes, of texts and of what is below them."""
    ramp = [] if classes is None else [face_of(at, classes) for at in range(1, len(classes) + 1)]
    return [*ramp, face_of("zero"), INK, GREY, HAIR, LAND, *UNDER]


def _save(frames: Sequence[np.ndarray[Any, np.dtype[np.uint8]]], faces: Sequence[str], path: Path) -> None:
    """Write frames in the colours of classes and in those of the blends of the first frame."""
    from PIL import Image, ImageColor  # noqa: PLC0415  (come with Matplotlib)

    blends = Image.fromarray(frames[0]).quantize(_COLOURS, method=Image.Quantize.MEDIANCUT).getpalette() or []
    exact = [part for face in ("#ffffff", *faces) for part in ImageColor.getrgb(face)]
    palette = np.array([*exact, *blends[: 3 * _COLOURS]], np.int64).reshape(-1, 3)
    images = [Image.fromarray(_nearest(frame, palette), "P") for frame in frames]
    for image in images:
        image.putpalette(palette.ravel().tolist())
    lasts = [_FRAME_MS] * (len(images) - 1) + [_LAST_MS]
    with whole_file(path, ".gif") as whole:
        images[0].save(
            whole,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=lasts,
            loop=0,
            optimize=False,
        )


def _nearest(frame: np.ndarray[Any, np.dtype[np.uint8]], palette: np.ndarray[Any, np.dtype[np.int64]]) -> Any:
    """Return for each pixel the position of the nearest colour, the first of as near ones."""
    codes = frame.astype(np.int64) @ np.array([65_536, 256, 1])
    distinct, at = np.unique(codes, return_inverse=True)
    colours = np.column_stack([distinct >> 16, (distinct >> 8) & 255, distinct & 255])
    nearest = ((colours[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    return nearest[at].reshape(codes.shape).astype(np.uint8)
