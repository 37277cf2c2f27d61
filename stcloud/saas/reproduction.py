"""Questions as they are typed: the command and the Python expression that give the same answer.

Knows the options of `stcloud query` and the methods of `Query`. Must not know cities, answers or files.

Tested by `tests/saas/test_reproduction.py`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.paas.query import Question

__all__ = ["narrowed_text", "python_text", "shell_text"]

_SEPARATED = ("by", "order")
"""Fields whose option takes several values, separated by commas."""
_NARROWING = ("weekdays", "hours", "months", "seasons", "days", "calendar", "relation")
_METHODS = {"as_of": "as_of", "known_at": "known_at", "grid_at": "restated", "group": "of_group"}
"""Methods of `Query` that are called with the value of a field, or with each value of a list."""
_PAGED, _MEASURED = ("order", "limit", "after"), ("until", "having", "rated_at")
_BESIDE = {"where": "where", "as-of": "as_of", "known-at": "known_at"}
"""Fields of the other question, by the form of ``compare`` that names its value."""


def shell_text(
    question: Question,
    city: str,
    *,
    command: str = "query",
    options: Sequence[tuple[str, str | None]] = (),
    leave_out: Iterable[str] = (),
) -> str:
    """Return the command that asks a question, for a POSIX shell; one line, if no value has a line break.

    Parameters
    ----------
    question
        What is asked.
    city
        Folder or address of the city, as it is to be typed.
    command
        Words between ``stcloud`` and the city.
    options
        More options with their values; None: the option has none.
    leave_out
        Fields of the question that the command has no option for.

    Examples
    --------
    >>> from stcloud import Question
    >>> question = Question(layer="requests", what="status = 'open'", when="2024-03", by="week")
    >>> print(shell_text(question, "demo"))
    stcloud query demo requests --what "status = 'open'" --when 2024-03 --by week
    """
    stated = [*_stated(question, frozenset(leave_out)), *options]
    words = [word for name, value in stated for word in _option(name, value)]
    place = f"./{city}" if city.startswith("-") else city
    return " ".join(["stcloud", command, *map(_typed, [place, question.layer, *words])])


def _stated(question: Question, leave_out: frozenset[str]) -> Iterable[tuple[str, str | None]]:
    """Give the options of a question with their values, in the order of its fields."""
    given: dict[str, Any] = question.model_dump(
        mode="json", exclude_defaults=True, exclude={"version", "layer", *leave_out}
    )
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield option, None
        elif isinstance(value, list):
            for part in value:
                yield option, _listed(part) if name in _SEPARATED else part
        else:
            yield option, str(value)


def _listed(part: str) -> str:
    """Return a part of a list so that no comma in it separates: those outside of double quotes are put in some."""
    outside = part.split('"')[::2]
    return f'"{part}"' if '"' not in part and any("," in text for text in outside) else part


def _option(option: str, value: str | None) -> list[str]:
    """Return an option and its value as words; a value that begins like an option is bound to it."""
    if value is None:
        return [option]
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def _typed(word: str) -> str:
    """Return a word as it is typed."""
    if "'" in word and not re.search(r'["$`\\!]', word):
        return f'"{word}"'
    return shlex.quote(word)


def python_text(question: Question, city: str = "city") -> str:
    """Return the Python expression that asks a question of ``city``, the name of a variable.

    A place ``file:PATH`` is read by GeoPandas, which the expression takes to be imported as ``geopandas``.

    Examples
    --------
    >>> from stcloud import Question
    >>> question = Question(layer="requests", what="status = 'open'", when="2024-03", hours="07:00-09:00", by="week")
    >>> print(python_text(question))
    city.query("requests").what("status = 'open'").when("2024-03", hours="07:00-09:00").measure(by=["week"])
    """
    return ".".join([*_narrowed(question, city), _goal(question, city)])


def narrowed_text(question: Question, city: str = "city") -> str:
    """Return the Python expression of the query that a question narrows, of which more may be asked.

    Examples
    --------
    >>> from stcloud import Question
    >>> print(narrowed_text(Question(layer="requests", when="2024-03", by="week")))
    city.query("requests").when("2024-03")
    """
    return ".".join(_narrowed(question, city))


def _narrowed(question: Question, city: str) -> list[str]:
    """Return the calls that narrow a query to a question."""
    crs = _given(question, ("crs",))
    recurring = _given(question, _NARROWING)
    steps = [f"{city}.query({_literal(question.layer)})"]
    if question.what:
        steps.append(_call("what", map(_literal, question.what), crs))
    if question.where:
        steps.append(_call("where", map(_place, question.where), crs))
    if question.when or recurring:
        steps.append(_call("when", map(_literal, question.when), recurring | _given(question, ("now",))))
    for name, method in _METHODS.items():
        if (value := getattr(question, name, None)) not in (None, ()):
            values = value if isinstance(value, tuple) else (value,)
            steps.append(_call(method, map(_literal, values), {}))
    return steps


def _place(text: str) -> str:
    """Return a place as it is given to ``where``: a file is read there."""
    if not text.startswith("file:"):
        return _literal(text)
    name = text.removeprefix("file:")
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return f"geopandas.read_file({_literal(name[1:-1] if quoted else name)})"


def _goal(question: Question, city: str) -> str:
    """Return the last method of a question, which answers it."""
    paged = _given(question, _PAGED)
    if not question.summed:
        return _call("rows", (), paged)
    by = {"by": _literal(list(question.by))} if question.by else {}
    beside = {} if question.compare is None else {"compare": _other(question, city)}
    given = by | _given(question, _MEASURED) | beside
    return _call("measure", map(_literal, question.measure), given | paged)


def _other(question: Question, city: str) -> str:
    """Return what measures are put beside: the name of a period, or the question of another place or instant."""
    form, colon, rest = (question.compare or "").partition(":")
    if not colon or form not in _BESIDE:
        return _literal(question.compare)
    value = (rest,) if form == "where" else rest
    return ".".join(_narrowed(question.model_copy(update={_BESIDE[form]: value}), city))


def _given(question: Question, names: Iterable[str]) -> dict[str, str]:
    """Return fields that are not empty, as they are written in Python."""
    values = {name: getattr(question, name) for name in names}
    return {
        name: _literal(list(value) if isinstance(value, tuple) else value)
        for name, value in values.items()
        if value not in (None, ())
    }


def _call(method: str, values: Iterable[str], keywords: Mapping[str, str]) -> str:
    return f"{method}({', '.join([*values, *(f'{name}={value}' for name, value in keywords.items())])})"


def _literal(value: Any) -> str:
    """Return a value as Python writes it, text between double quotes where that needs no escape."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    text = repr(value)
    plain = isinstance(value, str) and text == f"'{value}'" and '"' not in value
    return f'"{value}"' if plain else text
