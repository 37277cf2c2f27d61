"""Exhibits: the sections that a report may have, each a heading and the figures below it.

A figure that a layer cannot give is left out, and a line says why.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput, NotFound, Unsupported, nearest
from stcloud.saas.paper.course import (
    course_a_year_earlier,
    course_figure,
    days_figure,
    hours_figure,
    itself_figure,
    number_figure,
)
from stcloud.saas.paper.dataquality import quality_figure
from stcloud.saas.paper.evaluated import (
    case_times_figure,
    evaluation_by_area,
    evaluation_by_department,
)
from stcloud.saas.paper.figure import PaperFigure, PaperSection
from stcloud.saas.paper.hotcells import hotspots_figure
from stcloud.saas.paper.kinds import closing_figure, kinds_figure
from stcloud.saas.paper.placemap import areas_figure, cells_figure

if TYPE_CHECKING:
    from stcloud.saas.paper.scope import PaperScope

__all__ = ["EXHIBITS", "Exhibit", "section_of"]

FigureMaker = Callable[["PaperScope"], PaperFigure | str]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A section that a report may have.

    Parameters
    ----------
    heading
        Its heading.
    makers
        Each returns a figure, or why there is none; an empty text: that goes without saying.
    """

    heading: str
    makers: tuple[FigureMaker, ...]


EXHIBITS: Mapping[str, Exhibit] = {
    "overview": Exhibit("Overview", (number_figure,)),
    "itself": Exhibit("The question itself", (itself_figure,)),
    "course": Exhibit("Course over time", (course_figure, course_a_year_earlier)),
    "calendar": Exhibit("Days and hours", (days_figure, hours_figure)),
    "kinds": Exhibit("Kinds", (kinds_figure,)),
    "areas": Exhibit("Areas", (areas_figure,)),
    "cells": Exhibit("Cells", (cells_figure,)),
    "hotspots": Exhibit("Hot spots", (hotspots_figure,)),
    "evaluation": Exhibit("Evaluation", (evaluation_by_area, evaluation_by_department, case_times_figure)),
    "closing": Exhibit("Time to close", (closing_figure,)),
    "quality": Exhibit("Data quality", (quality_figure,)),
}
"""Sections by their names in templates."""


def section_of(scope: PaperScope, name: str) -> PaperSection:
    """Return a section with the figures that the layer can give.

    Raises
    ------
    NotFound
        ``unknown-section``.
    """
    if name not in EXHIBITS:
        raise NotFound(
            "unknown-section", f"a report has no section '{name}'", nearest=nearest(name, EXHIBITS),
            hint="" if nearest(name, EXHIBITS) else f"there are {', '.join(EXHIBITS)}",
        )  # fmt: skip
    exhibit, figures, missing = EXHIBITS[name], [], []
    for make in exhibit.makers:
        try:
            made = make(scope)
        except (InvalidInput, NotFound, Unsupported) as error:
            made = error.message
        if isinstance(made, PaperFigure):
            figures.append(made)
        elif made:
            missing.append(made)
    return PaperSection(
        name, scope.words.text(exhibit.heading), tuple(figures), tuple(dict.fromkeys(missing))
    )
