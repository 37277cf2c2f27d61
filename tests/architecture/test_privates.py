"""Tests use public doors: what they take from behind one is listed, and the list only shrinks."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

from tests.architecture.trees import tree

ROOT = Path(__file__).resolve().parents[2]
OWN = {"self", "cls", "os"}  # what a test keeps for itself, and os._exit
CALLED_BY_NOTEBOOKS = {"_repr_html_"}
LISTED = {
    "_FORMATS": 1,
    "_WAIT_S": 1,
    "_catalogue": 7,
    "_exact_turn": 1,
    "_further": 1,
    "_has": 1,
    "_held_bytes": 2,
    "_merge": 1,
    "_mixed": 1,
    "_named": 1,
    "_rescan": 1,
    "_seen": 1,
    "_whole": 1,
    "_zone": 1,
}
"""How often tests name each private thing."""


def privates(module: ast.Module) -> list[str]:
    """Return the private names that a file takes from others: attributes, imports, and paths to be patched."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and hidden(node.attr) and ast.unparse(node.value) not in OWN:
            found.append(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names if hidden(alias.name)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            path = node.value.split(".")
            found += [path[-1]] if path[0] == "stcloud" and hidden(path[-1]) else []
    return found


def hidden(name: str) -> bool:
    return (
        name.startswith("_") and not name.startswith("__") and name != "_" and name not in CALLED_BY_NOTEBOOKS
    )


@cache
def counted() -> Counter[str]:
    return Counter(
        name
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__).resolve()
        for name in privates(tree(path))
    )


def test_tests_take_nothing_private_that_is_not_listed():
    assert counted() - Counter(LISTED) == Counter(), "use a public door"


def test_the_list_only_shrinks():
    assert Counter(LISTED) - counted() == Counter(), "take these out of the list"


def test_what_is_private_is_seen():
    code = "from stcloud.a import _B\ncity._folder.root\nself._own\nos._exit(9)\npatch('stcloud.a._c')\nx.__dict__\n"
    assert sorted(privates(ast.parse(code))) == ["_B", "_c", "_folder"]
