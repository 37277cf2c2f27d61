"""The page of commands, from the command line itself."""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from pages import GENERATED
from stcloud.saas.cli import app

__all__ = ["page"]

_HEAD = """# Commands

One command is one method of the library. Data goes to stdout, notes and progress to stderr, so commands pipe. An
empty answer is not an error. [Files](files.md#exit-codes) lists the exit codes, and [Errors](errors.md) all errors.

`stcloud --help` and `stcloud COMMAND --help` print the same texts as this page.
"""
_VALUES = {str: "text", int: "number", Path: "path"}


def page() -> str:
    """Return ``cli.md``."""
    group: Any = typer.main.get_command(app)
    parts = [GENERATED, _HEAD, _options("Options of `stcloud` itself", group.params, {})]
    parts += [_command(*one) for one in _commands(group, app, "")]
    return "\n".join(parts).rstrip("\n") + "\n"


def _commands(group: Any, source: typer.Typer, before: str) -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """Return the commands of a group, and those of groups within it: ``grid check``."""
    callbacks = {
        one.name or one.callback.__name__: one.callback for one in source.registered_commands if one.callback
    }
    groups = {one.name: one.typer_instance for one in source.registered_groups}
    for name, command in group.commands.items():
        if name in groups:
            yield from _commands(command, groups[name], f"{before}{name} ")
        else:
            yield f"{before}{name}", command, callbacks[name]


def _command(name: str, command: Any, callback: Callable[..., Any]) -> str:
    types = typing.get_type_hints(callback)
    arguments = [one for one in command.params if not one.opts[0].startswith("-")]
    options = [one for one in command.params if one.opts[0].startswith("-")]
    usage = " ".join(["stcloud", name, *map(_usage, arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"## stcloud {name}", "", inspect.cleandoc(command.help or ""), "", "```text", usage, "```", ""]
    lines += ["| argument | |", "|---|---|"]
    lines += [f"| `{one.name.upper()}` | {_told(one)} |" for one in arguments]
    return "\n".join([*lines, "", _options("", options, types)])


def _options(title: str, options: Sequence[Any], types: dict[str, Any]) -> str:
    if not options:
        return ""
    head = [f"**{title}**", ""] if title else []
    rows = [f"| {_names(one)} | {_value(one, types)} | {_told(one)} |" for one in options if not one.hidden]
    return "\n".join([*head, "| option | value | |", "|---|---|---|", *rows, ""])


def _usage(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])


def _value(option: Any, types: dict[str, Any]) -> str:
    if option.is_flag or option.name not in types:
        return ""
    kinds = list(_kinds(types[option.name]))
    text = " or ".join(kinds)
    return f"{text}; may be repeated" if option.multiple else text


def _kinds(hint: Any) -> Iterator[str]:
    """Name the plain types within a hint such as ``list[str] | None``."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield ", ".join(f"`{one.value}`" for one in hint)
    elif hint in _VALUES:
        yield _VALUES[hint]
    else:
        for inner in typing.get_args(hint):
            yield from _kinds(inner)


def _told(parameter: Any) -> str:
    said = (parameter.help or "").replace("|", "\\|")
    if parameter.required:
        return f"{said} Required." if parameter.opts[0].startswith("-") else said
    default = parameter.default
    if default in (None, False) or not str(default):
        return said
    return f"{said} Default: `{getattr(default, 'value', default)}`."
