"""What the definition says in words alone, for schemathesis: it draws values of the schemas, and these go further.

Only requests that are meant to be taken are changed, and each change stays within the schemas.
"""

from __future__ import annotations

from typing import Any

import schemathesis

_FILTERS = ("key IS NOT NULL", "key = 'r020' OR key LIKE '%a%'", "NOT (key < 'p')", "'2' = '2'")


@schemathesis.hook
def before_call(_: Any, case: Any, **__: Any) -> None:
    """Make what is said in words so."""
    path = case.operation.path
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if path == "/calendar" and case.query and {"from", "to"} <= case.query.keys():
        case.query["to"] = case.query["from"]
    if path.startswith("/cases/") and case.query:
        case.query = _of_cases(dict(case.query))
    if path.startswith("/delta-sharing/") and "version" in (case.query or {}):
        case.query = {name: value for name, value in case.query.items() if name != "timestamp"}  # one of them
    if path.startswith("/questions") and "question" in (case.query or {}):
        case.query = _of_questions(dict(case.query))
        _within(case)
    if not path.startswith("/collections/"):
        return
    query = dict(case.query or {})
    query.pop("after", None)  # a cursor is given by a page
    for name in ("known", "from-known", "to-known"):
        if str(query.get(name, "")).startswith("pin:"):  # so is a pin
            query[name] = "2100-01-01"
    if "filter" in query:  # it is CQL2, of what may be filtered by
        query["filter"] = _FILTERS[len(str(query["filter"])) % len(_FILTERS)]
        query["filter-lang"] = "cql2-text"
    if "bbox" in query:
        query["bbox"] = _box(query["bbox"])
    if "/" in str(query.get("datetime", "")):
        query["datetime"] = _interval(query["datetime"])
    if path.endswith("/diff"):
        _compare(query)
    if "{tileRow}" in path:
        _draw(query)
        _within(case)
    if query.get("profile") == "features-with-time-slices":  # they are not sorted
        query.pop("sortby", None)
    case.query = query


def _of_questions(query: dict[str, Any]) -> dict[str, Any]:
    """Have a question of a layer that is there, and names of its columns."""
    query["question"] = '{"layer": "calls", "when": ["2024"]}'
    if "properties" in query:
        query["properties"] = "category"
    if "cluster" in query:
        query["cluster"] = "100m"
    return query


def _within(case: Any) -> None:
    """Have a tile that there is at its zoom."""
    if "tileMatrix" not in (case.path_parameters or {}):
        return
    side = 1 << int(case.path_parameters["tileMatrix"])
    for name in ("tileRow", "tileCol"):
        case.path_parameters[name] = int(case.path_parameters[name]) % side


def _of_cases(query: dict[str, Any]) -> dict[str, Any]:
    """Have no cursor, nothing of the future, and of two ways to choose cases one."""
    query.pop("after", None)
    if "known" in query:
        query["known"] = "2024-03-01T00:00:00Z"
    if "role" in query:
        kept = {"role", "department", "limit", "at", "known", "f"}
    elif "at" in query or "known" in query:
        kept = query.keys() - {"due-before", "text", "order"}
    else:
        return query
    return {name: value for name, value in query.items() if name in kept}


def _box(given: Any) -> Any:
    """Return a box whose lower corner comes first, within the degrees and metres of every CRS."""
    numbers = [float(number) % 80 for number in (given.split(",") if isinstance(given, str) else given)]
    half = len(numbers) // 2
    box = [pick(pair) for pick in (min, max) for pair in zip(numbers[:half], numbers[half:], strict=True)]
    return ",".join(map(str, box)) if isinstance(given, str) else box


def _interval(text: str) -> str:
    """Return an interval whose ends are years apart, or the same."""
    first, last = text.split("/")
    if first not in ("", "..") and last not in ("", "..") and first[:4] >= last[:4]:
        return f"{first}/{first}"
    return text


def _compare(query: dict[str, Any]) -> None:
    """Have two instants, or two beliefs."""
    if "from" in query and "to" in query:
        for name in ("datetime", "from-known"):
            query.pop(name, None)
    else:
        query.pop("from", None)
        query.pop("to", None)
        query.setdefault("from-known", "2024-03-01")


def _draw(query: dict[str, Any]) -> None:
    """Have cells, or clusters."""
    if "by" in query or "measures" in query:
        query |= {"by": "cell:1km", "measures": "count"}
        query.pop("cluster", None)
    elif "cluster" in query:
        query["cluster"] = "100m"
