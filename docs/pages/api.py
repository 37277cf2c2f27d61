"""The page of the Python interface, from docstrings."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

import stcloud
from pages import GENERATED
from pages.examples import EXAMPLES

__all__ = ["page"]

_HEAD = """# Python

```python
import stcloud as st
```

This page lists the whole public surface: the names of `stcloud`, then the [classes that their methods
return](#returned-by-these-methods). Everything else is internal and may change in any release. Importing `stcloud` is
light; an engine is started by the first question.
"""
_RETURNED = """# Returned by these methods

You get these from a method of a public class; there is no need to import them.
"""
_ORDER = (
    "create", "open", "City", "Query", "Answer", "Cube", "HotSpots", "Explanation", "Reckoning", "Definition",
    "Area", "Job", "StcloudError",
)  # fmt: skip
_LISTED = ("Parameters", "Attributes", "Raises")
_WIDTH = 100
_FURTHER = {
    "stcloud.paas.scene.choice:SceneChoice": ("Scenes.as_of", "Scenes.between", "Scenes.all"),
    "stcloud.paas.movement.dwell:Dwell": ("TrackQuery.dwell",),
    "stcloud.paas.movement.currentpositions:CurrentPositions": ("TrackQuery.positions",),
    "stcloud.city.indicatorvalues:IndicatorValues": ("CityIndicators.values",),
    "stcloud.city.indicatorscores:IndicatorScores": ("CityIndicators.composite", "CityIndicators.rank"),
    "stcloud.paas.indicator.indicatortree:IndicatorTree": ("CityIndicators.define", "CityIndicators.tree"),
}
"""Classes that people use and that methods of returned classes return."""


def page() -> str:
    """Return ``api.md``."""
    names = [*_ORDER, *(name for name in stcloud.__all__ if name not in _ORDER)]
    parts = [GENERATED, _HEAD]
    for name in names:
        found = getattr(stcloud, name)
        parts += [
            *(
                _class(name, found)
                if inspect.isclass(found)
                else (*_function("##", f"stcloud.{name}", name, found), *_example(name))
            )
        ]
    parts.append(_RETURNED)
    for found, givers in returned().items():
        parts += [*_class(found.__name__, found, prefix="", givers=givers)]
    return "\n".join(parts).rstrip("\n") + "\n"


def returned() -> dict[type, list[str]]:
    """Return the classes of stcloud that public methods return and that have no public name, with the methods."""
    public = {getattr(stcloud, name) for name in stcloud.__all__}
    found: dict[type, list[str]] = {}
    for owner in [getattr(stcloud, name) for name in stcloud.__all__]:
        functions = _functions(owner) if inspect.isclass(owner) else {owner.__name__: owner}
        for name, function in functions.items():
            title = f"{owner.__name__}.{name}" if inspect.isclass(owner) else f"stcloud.{name}"
            for kind in _classes(function):
                if kind not in public:
                    found.setdefault(kind, []).append(title)
    for name, givers in _FURTHER.items():
        module, _, kind = name.partition(":")
        found[getattr(importlib.import_module(module), kind)] = list(givers)
    return dict(sorted(found.items(), key=lambda pair: pair[0].__name__))


def _members(owner: type) -> dict[str, Any]:
    """Return what a class defines, and before it what it has from classes of stcloud that it is made of, in order."""
    bases = sorted(
        (
            base for base in owner.__mro__
            if base is owner or (base.__module__.startswith("stcloud.") and not issubclass(base, BaseException))
        ), key=lambda base: len(base.__mro__),
    )  # fmt: skip
    return {name: value for base in bases for name, value in vars(base).items()}


def _functions(owner: type) -> dict[str, Any]:
    """Return public methods and properties of a class by name."""
    plain = {
        name: value.__func__ if isinstance(value, classmethod | staticmethod) else value
        for name, value in _members(owner).items()
        if not name.startswith("_")
    }
    getters = {name: value.fget if isinstance(value, property) else value for name, value in plain.items()}
    return {name: value for name, value in getters.items() if inspect.isfunction(value)}


def _classes(function: Any) -> Iterator[type]:
    """Yield the classes of stcloud that a return annotation names; imports for type checkers count too."""
    module = inspect.getmodule(function)
    annotation = str(function.__annotations__.get("return", ""))
    homes = _imports(inspect.getsource(module)) if module is not None else {}
    for name in re.findall(r"\b[A-Z]\w+", annotation):
        home = importlib.import_module(homes[name]) if name in homes else module
        kind = getattr(home, name, None)
        if inspect.isclass(kind) and kind.__module__.startswith("stcloud"):
            yield kind


@functools.cache
def _imports(source: str) -> dict[str, str]:
    """Return the modules of stcloud that names are imported from, by name."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stcloud")
        for alias in node.names
    }


def _class(name: str, found: type, *, prefix: str = "stcloud.", givers: Sequence[str] = ()) -> Iterator[str]:
    yield from (f"## {prefix}{name}", "")
    if givers:
        yield from (f"Returned by {', '.join(f'`{giver}`' for giver in givers)}.", "")
    yield from (*_prose(found.__doc__), "")
    yield from _example(name if prefix else "")
    for member, value in _members(found).items():
        if member.startswith("_"):
            continue
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if isinstance(plain, property):
            yield from (f"### {name}.{member}", "", *_prose(plain.fget.__doc__ if plain.fget else ""), "")
        elif inspect.isfunction(plain) and plain.__doc__:
            yield from _function("###", f"{name}.{member}", member, plain)


def _example(name: str) -> Iterator[str]:
    """Yield the example of a public name that has none in its docstring."""
    if name in EXAMPLES:
        yield from ("**Example**", "", "```python", EXAMPLES[name].rstrip("\n"), "```", "")


def _function(level: str, title: str, name: str, function: Any) -> Iterator[str]:
    yield from (
        f"{level} {title}",
        "",
        "```text",
        _signature(name, function),
        "```",
        "",
        *_prose(function.__doc__),
        "",
    )


def _signature(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    shown: list[str] = []
    starred = False
    for one in signature.parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not starred:
            shown.append("*")
        starred |= one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        shown.append(_parameter(one))
    end = f" -> {signature.return_annotation}" if isinstance(signature.return_annotation, str) else ""
    line = f"{name}({', '.join(shown)}){end}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {one},\n" for one in shown) + f"){end}"


def _parameter(one: inspect.Parameter) -> str:
    mark = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
    hint = f": {one.annotation}" if isinstance(one.annotation, str) else ""
    if one.default is one.empty:
        return f"{mark}{one.name}{hint}"
    default = getattr(one.default, "__name__", None) or repr(one.default)
    return f"{mark}{one.name}{hint} = {default}"


def _prose(text: str | None) -> list[str]:
    """Return a numpydoc docstring as Markdown."""
    lines = inspect.cleandoc(text or "").splitlines()
    found: list[str] = []
    section = ""
    at = 0
    while at < len(lines):
        if at + 1 < len(lines) and lines[at] and re.fullmatch("-{3,}", lines[at + 1]):
            section = lines[at]
            found += [f"**{section}**", ""]
            at += 2
        else:
            end = next((to for to in range(at, len(lines)) if _heads(lines, to)), len(lines))
            found += [*_body(section, lines[at:end]), ""]
            at = end
    return _trimmed(found)


def _heads(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and bool(lines[at]) and bool(re.fullmatch("-{3,}", lines[at + 1]))


def _body(section: str, lines: list[str]) -> list[str]:
    if section == "Examples":
        return _examples(_trimmed(lines))
    if section in _LISTED:
        return [_item(line) for line in lines if line.strip()]
    return [_marked(line) for line in _fenced(_trimmed(lines))]


def _examples(lines: list[str]) -> list[str]:
    """Fence what a doctest would run; prose among it stays prose."""
    code = any(line.startswith(">>>") for line in lines)
    return ["```pycon", *lines, "```"] if code else [_marked(line) for line in _fenced(lines)]


def _fenced(lines: list[str]) -> Iterator[str]:
    """Turn ``::`` and an indented block, or bare doctests, into a fence."""
    inside = ""
    for number, line in enumerate(lines):
        doctest = line.startswith(">>>")
        if not inside and (doctest or (line.startswith("    ") and number and not lines[number - 1].strip())):
            inside = "pycon" if doctest else "text"
            yield f"```{inside}"
        elif inside and not (line.startswith("    ") or inside == "pycon"):
            yield "```"
            inside = ""
        yield line.removeprefix("    ") if inside == "text" else line[:-1] if line.endswith("::") else line
    if inside:
        yield "```"


def _item(line: str) -> str:
    return f"  {_marked(line.strip())}" if line.startswith(" ") else f"- *{line.strip()}*:"


def _marked(line: str) -> str:
    if line.startswith("```"):
        return line
    return re.sub(r":\w+:`(\w+)`", r"`\1`", line.replace("``", "`"))


def _trimmed(lines: list[str]) -> list[str]:
    start = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    end = next((at for at in range(len(lines), start, -1) if lines[at - 1].strip()), start)
    return lines[start:end]
