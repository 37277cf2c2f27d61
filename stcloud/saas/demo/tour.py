"""A tour of Alderport: commands as a person types them, each run and answered in this process.

Tested by `tests/saas/demo/test_tour.py`.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import typer

import stcloud
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import Conflict, StcloudError
from stcloud.saas.demo.casework import play_cases
from stcloud.saas.demo.files import LAMPS_FILE, SEED, write_files
from stcloud.saas.demo.script import CREATED, SCRIPT, TOWN, DemoCommand
from stcloud.saas.plaintext import visible, visible_lines

__all__ = ["run", "typed"]

_WIDTH = 80
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_FACTS = "layer "
"""How the line begins that says what an answer was made of."""


def run(folder: Path) -> None:
    """Build the demo city in ``folder`` and ask it questions; an earlier demo city there is replaced.

    Raises
    ------
    Conflict
        ``city-exists``: the folder holds something else than a demo city, be it another city.
    """
    if folder.exists() and any(folder.iterdir()):
        if not _is_demo(folder):
            raise Conflict(
                "city-exists", f"{folder} holds something else than a demo city", hint="name another folder"
            )
        shutil.rmtree(folder)
    _take(CREATED, folder)
    for part in ("files", "pictures"):
        (folder / part).mkdir()
    write_files(folder / "files")
    for step in SCRIPT:
        if not step.plays:
            _take(step, folder)
        else:  # by the clock of that year, which a command has not
            _show(step, folder)
            count = play_cases(folder, "matters", SEED)
            done = f"The centre works through the year: {count:,} actions are recorded, each at its own time."
            _print(textwrap.fill(done, _WIDTH))


def typed(words: Sequence[str]) -> str:
    """Return a command as it is typed, in lines of at most 80 columns where its words allow it.

    >>> print(typed(["query", "demo", "requests", "--what", "subject = 'refuse'", "--by", "week"]))
    $ stcloud query demo requests --what "subject = 'refuse'" --by week
    """
    quoted = [f'"{word}"' if "'" in word and '"' not in word else shlex.quote(word) for word in words]
    options = re.split(r" (?=-)", " ".join(quoted))
    lines = [f"$ stcloud {options[0]}"]
    for option in options[1:]:
        if len(lines[-1]) + len(option) + 3 > _WIDTH:
            lines[-1] += " \\"
            lines.append(f"    {option}")
        else:
            lines[-1] += f" {option}"
    return "\n".join(lines)


def _take(step: DemoCommand, folder: Path) -> None:
    """Print a step, run its command and print what the command notes, in lines that fit."""
    from stcloud.saas.cli.app import command  # noqa: PLC0415  (it has this command, too)

    words = _show(step, folder)
    answer, notes = _Page(), io.StringIO()
    with redirect_stdout(answer), redirect_stderr(notes):
        code = command()(words, standalone_mode=False)
    lines = answer.lines()
    if lines:
        _print("\n".join(lines[: step.most_lines]))
    if len(lines) > step.most_lines:
        _print(f"… {len(lines) - step.most_lines:,} more lines")
    for line in notes.getvalue().splitlines():
        if step.facts or not line.startswith(_FACTS):
            _print(textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    if code:
        raise typer.Exit(code)


def _show(step: DemoCommand, folder: Path) -> list[str]:
    """Print what a step is for, and its command; return the words of this."""
    if step.title:
        _print(f"\n{step.title}\n{'-' * len(step.title)}")
    if step.purpose:
        _print("\n" + textwrap.fill(step.purpose.format(folder=visible(str(folder))), _WIDTH))
    first = _first_load(folder) if "{first}" in step.command else ""
    words = [word.format(folder=folder, first=first) for word in step.words]
    _print("\n" + visible_lines(typed(words)))
    return words


class _Page(io.StringIO):
    """What a command prints as on a terminal: as wide as the real one, or 80 columns; without colours."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Return the lines, without the blanks that fill them up."""
        return [_STYLE.sub("", line).rstrip() for line in self.getvalue().splitlines()]


def _is_demo(folder: Path) -> bool:
    """Tell whether a folder holds a city that a demo made, or began to make: it has the town's name and its files."""
    try:
        name = CityConfiguration.from_toml((folder / "city.toml").read_text(encoding="utf-8")).name
    except (OSError, UnicodeDecodeError, StcloudError):
        return False
    begun = not any((folder / "layers").glob("*"))
    return name == TOWN and (begun or (folder / "files" / LAMPS_FILE).is_file())


def _first_load(folder: Path) -> str:
    """Return the instant at which the first requests were loaded."""
    with stcloud.open(folder) as city:
        return city.configuration.zone.iso(city.layer("requests").loads[0].recorded_at_us)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
