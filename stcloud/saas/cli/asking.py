"""Options by which the command line states a query, alike in all commands that do.

Tested by `tests/reliability/test_output.py` and `tests/paas/query/spec/test_question.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.paas.query import Question

__all__ = [
    "AfterOption",
    "AllColumnsOption",
    "ByOption",
    "CompareOption",
    "CrsOption",
    "GridAtOption",
    "GroupOption",
    "HavingOption",
    "KnownAtOption",
    "LimitOption",
    "MeasureOption",
    "NamesOption",
    "OrderOption",
    "PageOption",
    "PinOption",
    "RatedAtOption",
    "SaveOption",
    "SavedOption",
    "UntilOption",
    "WhatOption",
    "WhyOption",
    "question_of",
    "read_question",
]

WhatOption = Annotated[
    list[str] | None,
    typer.Option(help="CQL2 filter, text or JSON, e.g. \"status = 'open'\". If repeated, all must hold."),
]
CrsOption = Annotated[
    str | None,
    typer.Option(help="CRS of geometry written in --what and --where; default: longitude and latitude."),
]
KnownAtOption = Annotated[
    str | None, typer.Option(help="Use what was known at this instant, or at the pin of another answer.")
]
PinOption = Annotated[
    bool,
    typer.Option(
        "--pin", help="Print the pin of the answer; --known-at with this pin gives the same answer."
    ),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Group by cell:100m (any level; 250m, 500m), unit, community, street, district, duty:LAYER, "
        "in:LAYER[.COLUMN][@T], hour, day, week, month, quarter, year, weekday, hour-of-day or a column."
    ),
]
MeasureOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Measures of groups: count, distinct(X), sum(X), mean(X), min(X), max(X), median(X), p90(X), per_km2, "
        "per_1000(LAYER.COLUMN); X is a column, arithmetic, or a duration such as days(closed - opened). "
        "'name = …' names the field."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option(help="Durations without an end end here; the field 'open' counts them.")
]
HavingOption = Annotated[
    str | None, typer.Option(help="Keep groups for which this CQL2 filter over the fields is true.")
]
OrderOption = Annotated[
    list[str] | None,
    typer.Option(help="Field to sort by, -FIELD for descending; separate several by commas."),
]
CompareOption = Annotated[
    str | None,
    typer.Option(
        help="Compare each measure with another: previous (the period before), year (a year earlier), where:PLACE "
        "(another place), as-of:T (features at another instant), or known-at:T (as it was known then)."
    ),
]
RatedAtOption = Annotated[
    str | None, typer.Option(help="Compute rates with areas and inhabitants at this instant.")
]
LimitOption = Annotated[int | None, typer.Option(help="Maximum number of rows or groups.", min=0)]
AfterOption = Annotated[str | None, typer.Option(help="Get the page after this cursor of the previous page.")]
PageOption = Annotated[
    bool, typer.Option("--page", help="Print the cursor of the next page, for --after, if there are more.")
]
AllColumnsOption = Annotated[
    bool, typer.Option("--all-columns", help="Show stcloud's own columns (st_…) in tables too.")
]
NamesOption = Annotated[
    bool, typer.Option("--names", help="Add beside each column of class codes one with their names.")
]
GridAtOption = Annotated[str | None, typer.Option(help="Use the grid at this instant for all events.")]
GroupOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Keep the rows of a group of an answer: BY=VALUE, e.g. week=2024-W22; nothing after = is null. If "
        "repeated, all must hold."
    ),
]
SavedOption = Annotated[
    Path | None,
    typer.Option(help="Run the query of this TOML or JSON document; other options replace its parts."),
]
SaveOption = Annotated[Path | None, typer.Option(help="Save the question to this document, for --saved.")]
WhyOption = Annotated[
    str | None, typer.Option(help="Explain why the row with this key is in the answer, or is not.")
]


def question_of(
    configuration: CityConfiguration, given: Mapping[str, Any], saved: Path | None = None
) -> Question:
    """Return the question that options make, those not given as a saved one has them.

    Parameters
    ----------
    configuration
        The city's: relative times are seen from the present in its zone, where no other instant is given.
    given
        Options by the names of a `Question`'s fields; None, False and empty ones are not given, others not looked at.
    saved
        A question's document, TOML or JSON.

    Raises
    ------
    NotFound
        ``unknown-source``: there is no such file.
    InvalidInput
        ``no-layer``; what `Question.from_toml` raises.
    """
    from stcloud.paas.query import Question  # noqa: PLC0415  (slow to import)

    fields = {name: given.get(name) for name in Question.model_fields}
    stated = {
        name: value
        for name, value in fields.items()
        if value is not None and value is not False and value != []
    }
    if saved is not None:
        stated = read_question(saved).model_dump(exclude_defaults=True) | stated
    if "layer" not in stated:
        raise InvalidInput("no-layer", "no layer is given", hint="name it after the city: CITY LAYER")
    question = Question.model_validate(stated)
    return (
        question.model_copy(update={"now": _present(configuration)}) if _needs_present(question) else question
    )


def read_question(path: Path) -> Question:
    """Read a question from a file; raises as `question_of`."""
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415
    from stcloud.paas.query import Question  # noqa: PLC0415

    if not path.is_file():
        raise NotFound("unknown-source", f"there is no file {path}")
    with storage_errors(f"read {path}"):
        text = path.read_text(encoding="utf-8")
    read = Question.from_json if path.suffix.lower() == ".json" else Question.from_toml
    return read(text, name=str(path))


def _needs_present(question: Question) -> bool:
    from stcloud.time import is_relative  # noqa: PLC0415

    return question.now is None and any(map(is_relative, question.when))


def _present(configuration: CityConfiguration) -> str:
    from stcloud.iaas.clock import system_clock  # noqa: PLC0415

    return configuration.zone.iso(system_clock() // 1_000_000 * 1_000_000)
