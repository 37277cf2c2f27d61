"""Pictures are on a page, small, and among those that can be drawn again."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
IMAGES = sorted((ROOT / "docs" / "images").iterdir())


def drawn():
    """Names of the pictures that ``docs/pictures.py`` draws."""
    tree = ast.parse((ROOT / "docs" / "pictures.py").read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in {"PICTURES", "DRAWN"}
    }
    return {*values["PICTURES"], *values["DRAWN"]}


def test_every_picture_can_be_drawn_again():
    assert {path.name for path in IMAGES} == drawn()


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_a_picture_is_small_and_on_a_page(path):
    assert path.stat().st_size < 150_000
    shown = (re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")) for page in PAGES)
    assert path.name in {Path(target).name for targets in shown for target in targets}
