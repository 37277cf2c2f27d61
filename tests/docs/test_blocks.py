"""What the documentation shows is executed: every page in order, in a folder of its own with the fixtures in it.

Python blocks of a page share one namespace. In console blocks a line ``$ command`` is run, and the lines below are
what it prints: ``...`` stands for any text within a line or, alone, for any lines; blank lines and the width of gaps
do not count. Other blocks are only shown.
"""

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from stcloud.saas.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\s*$")


@dataclass(frozen=True)
class Block:
    """Lines within a fence, and the number of the first."""

    language: str
    line: int
    lines: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    found, opened, language, held = [], 0, "", []
    for number, line in enumerate(text.splitlines(), start=1):
        fence = FENCE.match(line)
        if opened and line.strip() == "```":
            found.append(Block(language, opened + 1, tuple(held)))
            opened, held = 0, []
        elif opened:
            held.append(line)
        elif fence:
            opened, language = number, fence[1]
    assert not opened, f"the fence of line {opened} is not closed"
    return found


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """Commands with the lines that they are said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        elif found:
            found[-1][1].append(line)
        else:
            raise AssertionError(f"line {block.line}: a console block starts with a command")
    return found


def tidied(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def printed(expected: list[str], actual: str) -> bool:
    lines = tidied("\n".join(expected)).splitlines()
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in lines
    )
    return re.fullmatch(pattern, tidied(actual)) is not None


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Work in a folder with the fixtures, where ``stcloud`` and ``python`` are those of this checkout."""
    work, programs = tmp_path / "work", tmp_path / "bin"
    work.mkdir()
    programs.mkdir()
    (work / "fixtures").symlink_to(ROOT / "fixtures", target_is_directory=True)
    for name, call in (("stcloud", "-m stcloud"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("STCLOUD_DEBUG", raising=False)
    monkeypatch.chdir(work)
    return work


def run(command: str) -> tuple[int, str]:
    """Exit code and what is printed; a plain call of stcloud runs in this process, which saves starting one."""
    if command.startswith("stcloud ") and not set(command) & set("|<>&;$`*"):
        return run_here(shlex.split(command.replace("\\\n", " "))[1:])
    done = subprocess.run(
        ["sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout


def run_here(arguments: list[str]) -> tuple[int, str]:
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with (
        mock.patch.object(sys, "argv", ["stcloud", *arguments]),
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0), printed.buffer.getvalue().decode()
    raise AssertionError("the command line did not exit")


def run_console(block: Block, page: Path) -> None:
    for command, expected in commands(block):
        code, output = run(command)
        where = f"{page.name}, block of line {block.line}: $ {command}\n{output}"
        assert code == 0, where
        assert not expected or printed(expected, output), where


def run_python(block: Block, page: Path, names: dict) -> None:
    code = "\n" * (block.line - 1) + "\n".join(block.lines)
    exec(compile(code, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs(page, scratch):
    names = {"__name__": "documentation"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "console":
            run_console(block, page)
        elif block.language == "python":
            run_python(block, page, names)


def test_blocks_name_their_language():
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            known = {"python", "console", "pycon", "text", "toml", "json", "sql"}
            assert block.language in known, f"{page}: line {block.line}"


def test_dots_stand_for_text_and_for_lines():
    actual = "load  read\n\nab12  12005\nmore\nlast\n"
    assert printed(["load read", "... 12005", "...", "last"], actual)
    assert printed(["...", "last"], actual)
    assert not printed(["load read", "... 12006", "...", "last"], actual)
    assert not printed(["load read", "... 12005"], actual)


def test_a_page_that_promises_otherwise_fails(scratch):
    page = scratch / "page.md"
    wrong = "```console\n$ echo one\ntwo\n```\n"
    with pytest.raises(AssertionError, match="echo one"):
        run_console(blocks(wrong)[0], page)
    with pytest.raises(AssertionError):
        run_console(blocks("```console\n$ false\n```\n")[0], page)
    with pytest.raises(ZeroDivisionError):
        run_python(blocks("```python\n1 / 0\n```\n")[0], page, {})


def test_a_plain_command_prints_here_what_it_prints_in_a_shell(scratch):
    for command in ("stcloud --version", "stcloud layers nowhere"):
        assert run(command) == run(f"{command};")
