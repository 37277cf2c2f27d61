"""Write the reference pages that are made from the code, or check that they are as they would be written.

::

    python docs/generate.py            rewrite cli.md, errors.md, api.md and question.schema.json in docs/reference
    python docs/generate.py --check    write nothing; exit 1 if a page differs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pages import api, cli, errors

from stcloud.paas.query import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REFERENCE = Path(__file__).resolve().parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "api.md": api.page, "cli.md": cli.page, "errors.md": errors.page,
    "question.schema.json": Question.published_schema,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description="Write the reference pages that are made from the code.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    asked = parser.parse_args(arguments)
    stale = {name: text for name, text in expected().items() if text != _found(REFERENCE / name)}
    for name, text in stale.items():
        print(f"{'differs' if asked.check else 'written'}: docs/reference/{name}")
        if not asked.check:
            (REFERENCE / name).write_text(text, encoding="utf-8")
    return 1 if asked.check and stale else 0


def expected() -> dict[str, str]:
    """Return the text of every generated page by its file's name."""
    return {name: page() for name, page in PAGES.items()}


def _found(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
