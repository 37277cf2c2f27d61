"""No page that is read from beginning to end takes more than ten minutes; pages of reference are looked up."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in READ if page.parent.name not in {"reference", "definitions"}]
MOST_WORDS = 2_200
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(text):
    return [line for line in FENCED.sub("", text).splitlines() if not line.startswith("|")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_read_in_ten_minutes(page):
    words = sum(len(line.split()) for line in prose(page.read_text(encoding="utf-8")))
    assert words <= MOST_WORDS, "divide the page, or tighten it"
