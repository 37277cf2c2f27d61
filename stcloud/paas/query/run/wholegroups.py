"""All groups of a question with their areas, kept for the tiles that come after the first.

Tested by `tests/paas/query/run/test_wholegroups.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import shapely
import xxhash
from numpy.typing import NDArray

from stcloud.daas.catalogue import Layer
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.plan.plan import By
from stcloud.paas.query.resolve.resolver import layers_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import Selection, measured, read_by
from stcloud.time import Instant

__all__ = ["WholeGroups", "whole_groups"]

_SHAPE_BYTES, _PLACE_BYTES = 200, 16


@dataclass(frozen=True, eq=False)
class WholeGroups:
    """Groups of a question that have a place, with the measures of each whole group.

    Parameters
    ----------
    table
        ``(n,)`` rows: groups and measures.
    shapes
        ``(n,)`` areas in the city's CRS; None or empty: it has none.
    named
        The column with the name of the place, where that is all that groups; None: it is not.
    pin
        What it was answered at.
    """

    table: pa.Table
    shapes: NDArray[np.object_]
    named: str | None
    pin: Pin

    @classmethod
    def of(
        cls, inquiry: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None = None,
        wanted: Selection | None = None,
    ) -> WholeGroups:  # fmt: skip
        """Ask for all groups; `Unsupported` ``no-geometry``: they have no place. And as `measured`."""
        answer = measured(inquiry, measures, by, until, wanted or Selection())
        shown = answer.shape_column
        if shown is not None:
            answer = replace(answer, table=answer.table.filter(answer.table[shown].is_valid()))
        named = shown if len(answer.groups) == 1 else None
        return cls(answer.table, answer.geometry(), named, _pin_of(answer))

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """``(n, 4)`` bounds of the areas, NaN where there is none."""
        there: NDArray[np.float64] = shapely.bounds(self.shapes)
        return there

    @property
    def nbytes(self) -> int:
        """About the bytes that it takes."""
        places = int(shapely.get_num_coordinates(self.shapes).sum())
        return int(self.table.nbytes) + len(self.shapes) * _SHAPE_BYTES + places * _PLACE_BYTES

    def meeting(self, box: tuple[float, float, float, float] | None) -> NDArray[np.intp]:
        """Return the groups whose bounds meet a box, metres; None: all that have an area."""
        xmin, ymin, xmax, ymax = self.bounds.T
        there = ~np.isnan(xmin)
        if box is not None:
            west, south, east, north = box
            with np.errstate(invalid="ignore"):
                there &= (xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south)
        return np.flatnonzero(there)


def whole_groups(
    inquiry: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None = None,
    wanted: Selection | None = None,
) -> WholeGroups:  # fmt: skip
    """Return all groups of a question: those that are kept, if it was asked before and reads the same files.

    Of several threads that ask the same, one reads, and the others wait.
    """
    kept = inquiry.subject.answers
    wanted = wanted or Selection()
    if kept is None:
        return WholeGroups.of(inquiry, measures, by, until, wanted)
    key = _key(inquiry, measures, by, f"until {until} {wanted}"), _key_beside(inquiry, by, wanted)
    return kept.once(
        key, lambda: WholeGroups.of(inquiry, measures, by, until, wanted), lambda groups: groups.nbytes
    )


def _key_beside(inquiry: Inquiry, by: Sequence[str], wanted: Selection) -> Hashable:
    """Return what the question beside it depends on; of an earlier period nothing more."""
    other = wanted.compare
    return _key(other.pinned_beside(inquiry), (), by) if isinstance(other, Inquiry) else None


def _key(inquiry: Inquiry, measures: Sequence[str], by: Sequence[str], chosen: str = "") -> Hashable:
    """Return what an answer depends on: the question, its pin, and the files of all layers that it may read.

    Files never change. What is purged or undone is in no file of the key, so that no answer has it.
    """
    groups = tuple(read_by(text, inquiry) for text in by)
    question = inquiry.digest(f"{list(measures)} by {list(by)} {chosen}")
    files = tuple(_files(layer) for layer in _layers(inquiry, groups))
    return "groups", question, inquiry.pin(groups).text, files


def _layers(inquiry: Inquiry, by: Sequence[By]) -> list[Layer]:
    index = inquiry.subject.index
    others = [inquiry.resolver.layer(name) for name in layers_of(inquiry.conditions, by)]
    return [inquiry.subject.layer, *others, *([] if index is None else [index.grid.layer])]


def _files(layer: Layer) -> str:
    text = "\n".join(sorted(file.path for file in layer.snapshot.files))
    return xxhash.xxh3_128_hexdigest(text.encode())


def _pin_of(answer: Answer) -> Pin:
    assert answer.pin is not None  # noqa: S101  (answers to questions have one)
    return answer.pin
