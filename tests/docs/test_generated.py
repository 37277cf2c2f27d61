"""Pages made from the code say what the code says, and nothing is left out."""

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import typer.main

import stcloud
from stcloud import errors
from stcloud.saas.cli import app
from stcloud.saas.cli.exits import BUG, CODES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
GROUP = typer.main.get_command(app).commands
COMMANDS = {
    f"{name} {inner}".strip(): command
    for name, outer in GROUP.items()
    for inner, command in getattr(outer, "commands", {"": outer}).items()
}


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section '{title}'"
    return found[1]


def generate(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-B", str(ROOT / "docs" / "generate.py"), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)


def raised() -> set[tuple[str, str]]:
    """Class and kind of every error made in the package with a literal kind."""
    found = set()
    for path in (ROOT / "stcloud").rglob("*.py"):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                known = getattr(errors, node.func.id, None)
                if (
                    isinstance(known, type)
                    and issubclass(known, errors.StcloudError)
                    and isinstance(first, ast.Constant)
                ):
                    found.add((node.func.id, first.value))
    return found


def documented() -> Counter[tuple[str, str]]:
    rows: Counter[tuple[str, str]] = Counter()
    name = ""
    for line in read("errors.md").splitlines():
        if line.startswith("## "):
            name = line.removeprefix("## ")
        row = re.match(r"\| `([a-z0-9-]+)` \|", line)
        if row:
            rows[name, row[1]] += 1
    return rows


def test_generated_pages_are_fresh():
    done = generate("--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nwrite them: make docs"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_in_the_page_of_commands(name):
    said = section(read("cli.md"), f"stcloud {name}")
    for parameter in COMMANDS[name].params:
        for option in [*parameter.opts, *parameter.secondary_opts]:
            written = option if option.startswith("-") else parameter.name.upper()
            assert f"`{written}`" in said, option
        assert parameter.help, f"{name} {parameter.name} has no help"


def test_every_kind_of_error_is_documented_once_per_class():
    rows = documented()
    assert raised() <= set(rows)
    assert {pair for pair, times in rows.items() if times > 1} == set()


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name not in ("StcloudError", "nearest")])
def test_the_page_of_errors_tells_every_class_and_its_exit_code(name):
    known = getattr(errors, name)
    code = next((code for one, code in CODES if issubclass(known, one)), BUG)
    assert f"Exit code {code}." in section(read("errors.md"), name)


def test_every_meaning_is_said():
    for line in read("errors.md").splitlines():
        if line.startswith("| `"):
            assert len(line.split("|")[2].replace("…", "").strip()) > 5, line


def test_every_public_name_and_method_is_in_the_page_of_python():
    text = read("api.md")
    for name in stcloud.__all__:
        assert f"## stcloud.{name}\n" in text
    for known in (stcloud.City, stcloud.Query, stcloud.Answer):
        for member, value in inspect.getmembers(known):
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert f"### {known.__name__}.{member}\n" in text


def test_what_public_methods_return_is_in_the_page_of_python():
    titles = set(re.findall(r"^## (?:stcloud\.)?(\w+)$", read("api.md"), re.MULTILINE))
    assert {"UnitGrid", "Features", "Engine", "Layer", "Report"} <= titles
    members = [
        getattr(one, "fget", one)
        for name, one in inspect.getmembers(stcloud.City)
        if not name.startswith("_")
    ]
    annotations = " ".join(str(getattr(one, "__annotations__", {}).get("return")) for one in members)
    ours = set(re.findall(r"(?<![.\w])[A-Z]\w+", annotations)) - {"Any", "None"}
    assert len(ours) > 10
    assert ours <= titles


@pytest.mark.thorough
def test_check_exits_1_when_a_page_differs(tmp_path):
    import shutil

    docs = tmp_path / "docs"
    shutil.copytree(
        ROOT / "docs", docs, ignore=shutil.ignore_patterns("__pycache__", "explanation", "how-to")
    )
    page = docs / "reference" / "cli.md"
    page.write_text(page.read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    command = [sys.executable, "-B", str(docs / "generate.py"), "--check"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert done.returncode == 1
    assert "cli.md" in done.stdout


@pytest.mark.parametrize("name", stcloud.__all__)
def test_every_public_name_has_an_example(name):
    assert "**Example" in section(read("api.md"), f"stcloud.{name}")
