"""Questions as they are typed: the command and the Python expression that give the same answer.

Knows the options of `stcloud query` and the methods of `Query`. Must not know cities, answers or files.

Tested by `tests/saas/test_reproduction.py`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.paas.query import Question

__all__ = ["python_text", "shell_text"]

_LISTS = ("by", "order")
"""Options whose values are separated by commas."""
_NARROWING = ("weekdays", "hours", "months", "seasons", "days", "calendar", "relation", "now")


def shell_text(
    question: Question, city: str, *, command: str = "query", options: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the command that asks a question, in one line for a POSIX shell.

    Parameters
    ----------
    question
        What is asked.
    city
        Folder or address of the city, as it is to be typed.
    command
        Words between ``stcloud`` and the city.
    options
        More options with their values; an empty value: the option has none.

    Examples
    --------
    >>> from stcloud import Question
    >>> question = Question(layer="requests", what="status = 'open'", when="2024-03", by="week")
    >>> print(shell_text(question, "demo"))
    stcloud query demo requests --what "status = 'open'" --when 2024-03 --by week
    """
    words = [word for name, value in [*_stated(question), *options] for word in _option(name, value)]
    return " ".join(["stcloud", command, *map(_typed, [city, question.layer, *words])])


def _stated(question: Question) -> Iterable[tuple[str, str]]:
    """Return the options of a question with their values, in the order of its fields."""
    given: dict[str, Any] = question.model_dump(
        mode="json", exclude_defaults=True, exclude={"version", "layer"}
    )
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield option, ""
        elif isinstance(value, list):
            for part in value:
                yield option, _listed(part) if name in _LISTS else part
        else:
            yield option, str(value)


def _listed(part: str) -> str:
    """Return a part of a list so that a comma within it separates nothing."""
    quoted = part.startswith('"') and part.endswith('"') and len(part) > 1
    return f'"{part}"' if "," in part and not quoted else part


def _option(option: str, value: str) -> list[str]:
    """Return an option and its value as words; a value that begins like an option is bound to it."""
    if not value:
        return [option]
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def _typed(word: str) -> str:
    """Return a word as it is typed."""
    if "'" in word and not re.search(r'["$`\\!]', word):
        return f'"{word}"'
    return shlex.quote(word)


def python_text(question: Question, city: str) -> str:
    """Return the Python expression that asks a question of ``city``, the name of a variable.

    Examples
    --------
    >>> from stcloud import Question
    >>> question = Question(layer="requests", what="status = 'open'", when="2024-03", hours="07:00-09:00", by="week")
    >>> print(python_text(question, "city"))
    city.query("requests").what("status = 'open'").when('2024-03', hours='07:00-09:00').measure(by=['week'])
    """
    crs = {} if question.crs is None else {"crs": question.crs}
    narrowed = {name: getattr(question, name) for name in _NARROWING if getattr(question, name) is not None}
    steps = [f'{city}.query("{question.layer}")']
    if question.what:
        steps.append(_call("what", question.what, crs))
    if question.where:
        steps.append(_call("where", question.where, crs))
    if question.when or set(narrowed) - {"now"}:
        steps.append(_call("when", question.when, narrowed))
    for method, name in (("as_of", "as_of"), ("known_at", "known_at"), ("restated", "grid_at")):
        if getattr(question, name) is not None:
            steps.append(_call(method, (getattr(question, name),), {}))
    if question.group:
        steps.append(_call("of_group", question.group, {}))
    return ".".join([*steps, _goal(question)])


def _goal(question: Question) -> str:
    """Return the last method of a question, which answers it."""
    paged = {name: getattr(question, name) for name in ("order", "limit", "after") if getattr(question, name)}
    if question.order:
        paged["order"] = list(question.order)
    if not question.summed:
        return _call("rows", (), {"limit": question.limit} | paged if question.limit is not None else paged)
    names = ("until", "having", "rated_at", "compare")
    given = {name: getattr(question, name) for name in names if getattr(question, name) is not None}
    by = {"by": list(question.by)} if question.by else {}
    return _call("measure", question.measure, by | given | paged)


def _call(method: str, values: Iterable[Any], keywords: dict[str, Any]) -> str:
    parts = [repr(value) for value in values]
    parts += [f"{name}={value!r}" for name, value in keywords.items()]
    return f"{method}({', '.join(parts)})"
