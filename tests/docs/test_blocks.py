"""What the documentation shows is executed: every page in order, in a folder of its own with the fixtures in it.

Python blocks of a page share one namespace. In console blocks a line ``$ command`` is run, and the lines below are
what it prints: ``...`` stands for any text within a line or, alone, for any lines; blank lines and the width of gaps
do not count. Other blocks are only shown.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
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


SERVER = """
import json, multiprocessing, os, signal, socket, sys, traceback
path, as_started = args
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
listener.listen()
listener.settimeout(5)
while True:
    try:
        caller, _ = listener.accept()
    except TimeoutError:
        if not multiprocessing.parent_process().is_alive():
            break  # whoever ran the tests was killed
        continue
    if os.fork():
        caller.close()
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 70
    try:
        request, ends, _, _ = socket.recv_fds(caller, 1 << 20, 3)
        words, folder, environment = json.loads(request)
        os.chdir(folder)
        exec(as_started, {"args": ("", words, [open(end, closefd=False) for end in ends], environment)})
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        caller.send(bytes([code]))
        os._exit(code)
"""
CLIENT = """
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect({path!r})
socket.send_fds(server, [json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()], [0, 1, 2])
sys.exit(server.recv(1)[0])
"""


@pytest.fixture(scope="module")
def programs(forks, as_started, tmp_path_factory):
    """Programs ``stcloud`` and ``python`` of this checkout; the first is forked from a process that imported it."""
    folder = tmp_path_factory.mktemp("bin")
    path = str(folder / "server")
    forks(SERVER, path, as_started)
    (folder / "client.py").write_text(CLIENT.format(path=path))
    for name, call in (("stcloud", f"-I -S {folder / 'client.py'}"), ("python", "")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
        program.chmod(0o755)
    for _ in range(600):
        if Path(path).exists():
            return folder
        time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.fixture
def scratch(programs, tmp_path, monkeypatch):
    """Work in a folder with the fixtures, where ``stcloud`` and ``python`` are those of this checkout."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "fixtures").symlink_to(ROOT / "fixtures", target_is_directory=True)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("STCLOUD_DEBUG", raising=False)
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def bucket(request, tmp_path, monkeypatch):
    """Have a bucket ``s3://cities`` for pages that need one, as their readers have."""
    page = request.getfixturevalue("page")
    if "s3://cities" in page.read_text(encoding="utf-8"):
        server = request.getfixturevalue("s3")
        made = urllib.request.Request(f"{server.endpoint}/cities", method="PUT")
        with contextlib.suppress(urllib.error.HTTPError):  # it is there
            urllib.request.urlopen(made).close()
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


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


def run_console(block: Block, page: Path, run=run) -> None:
    for command, expected in commands(block):
        code, output = run(command)
        where = f"{page.name}, block of line {block.line}: $ {command}\n{output}"
        assert code == 0, where
        assert not expected or printed(expected, output), where


def run_python(block: Block, page: Path, names: dict) -> None:
    code = "\n" * (block.line - 1) + "\n".join(block.lines)
    exec(compile(code, str(page), "exec"), names)


@pytest.fixture
def run_page(request):
    """Run a command; the demo is made once for all tests, which copy it."""

    def command(text):
        if not text.startswith("stcloud demo "):
            return run(text)
        folder, printed = request.getfixturevalue("demo")
        name = text.removeprefix("stcloud demo ")
        shutil.copytree(folder, name)
        return 0, re.sub(r"\bdemo\b", name, printed)

    return command


@pytest.mark.costly
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs(page, scratch, bucket, run_page):
    names = {"__name__": "documentation"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "console":
            run_console(block, page, run_page)
        elif block.language == "python":
            run_python(block, page, names)


def test_blocks_name_their_language():
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            known = {"python", "console", "pycon", "text", "toml", "json", "sql", "js"}
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
    """Run here, by the shell through the server, and by an interpreter of its own."""
    for command in ("stcloud --version", "stcloud layers nowhere"):
        assert run(command) == run(f"{command};") == run(command.replace("stcloud", "python -m stcloud", 1))


def test_a_shell_gets_the_output_and_the_exit_code(scratch):
    assert run("stcloud --version > a.txt; cat a.txt | cut -c1-7") == (0, "stcloud\n")
    code, text = run("stcloud layers nowhere 2>/dev/null; echo exit code $?")
    assert (code, text) == (0, "exit code 3\n")
