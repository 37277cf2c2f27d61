"""Headings and fixed words of reports in the languages that they are written in.

The catalogue is ``templates/zh.toml``. What data hold stays as it is; the parts of a question are named, and
their values stay as they were written.

Tested by `tests/saas/paper/test_words.py`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from stcloud.errors import InvalidInput

__all__ = ["LANGUAGES", "Language", "PaperWords", "catalogue"]

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_FOLDER = Path(__file__).parent / "templates"


@functools.cache
def catalogue() -> Mapping[str, str]:
    """Return the Chinese words by the English ones."""
    words: dict[str, str] = tomllib.loads((_FOLDER / "zh.toml").read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True, slots=True)
class PaperWords:
    """The words of a language.

    Raises
    ------
    InvalidInput
        ``unknown-language``.

    Examples
    --------
    >>> PaperWords("zh").text("By {bin}", bin="日")
    '按日'
    >>> PaperWords().text("By {bin}", bin="day")
    'By day'
    """

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise InvalidInput(
                "unknown-language", f"a report is not written in '{self.language}'",
                hint=f"use {' or '.join(LANGUAGES)}",
            )  # fmt: skip

    def text(self, english: str, **values: object) -> str:
        """Return a heading or fixed words with values put in; what is not known stays as it is, unformatted."""
        known = catalogue()
        if english not in known:
            return english
        pattern = known[english] if self.language == "zh" else english
        return pattern.format(**{name: str(value) for name, value in values.items()}) if values else pattern
