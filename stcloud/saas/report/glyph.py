"""Glyphs: which installed fonts have the characters of a text, and which font to install for those that none has.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.font_manager import FontEntry

__all__ = ["WIDE", "advice", "families", "has_bold", "missing"]

WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
"""Ranges of characters that are as wide as high: Chinese, Japanese, Korean."""

_LATIN = "DejaVu Sans"
_CJK = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "STHeiti",
    "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans CJK JP",
)  # fmt: skip
_IS_WIDE = re.compile(f"[{WIDE}\U00020000-\U0003ffff]")
_OURS = Path(mpl.get_data_path())
_MOST_LISTED = 20


def families(text: str) -> list[str]:
    """Return the fonts that a text is drawn in, in the order in which they are tried.

    Notes
    -----
    DejaVu Sans comes with Matplotlib. Chinese text is drawn in a Chinese font, its Latin letters too. For what these
    have not, other installed fonts are added that have it.
    """
    wide = next((name for name in _CJK if _IS_WIDE.search(text) and _faces(name)), None)
    chosen = [_LATIN] if wide is None else [wide, _LATIN]
    return [*chosen, *_further(missing(text, chosen))]


def missing(text: str, chosen: Iterable[str]) -> str:
    """Return the characters that none of some fonts has, each once, in their order."""
    chosen = list(chosen)
    letters = dict.fromkeys(letter for letter in text if not letter.isspace())
    return "".join(letter for letter in letters if not any(_has(name, ord(letter)) for name in chosen))


def has_bold(name: str) -> bool:
    """Tell whether a font has a bold face."""
    weights = (font_manager.weight_dict.get(str(face.weight), face.weight) for face in _faces(name))
    return any(int(weight) >= 600 for weight in weights)


def advice(letters: str) -> str:
    """Say which characters a map lacks, and which fonts to install; empty where it lacks none.

    Examples
    --------
    >>> print(advice("路灯"))
    no font has 路 灯, drawn as boxes: install 'Noto Sans CJK SC' (Debian, Ubuntu: fonts-noto-cjk)
    """
    if not letters:
        return ""
    listed = " ".join(letters[:_MOST_LISTED])
    more = f" and {len(letters) - _MOST_LISTED} more" if len(letters) > _MOST_LISTED else ""
    fonts = " and ".join(dict.fromkeys(map(_font_to_install, letters)))
    return f"no font has {listed}{more}, drawn as boxes: install {fonts}"


def _font_to_install(letter: str) -> str:
    script = unicodedata.name(letter, "").partition(" ")[0]
    if _IS_WIDE.match(letter) or script in (
        "CJK",
        "IDEOGRAPHIC",
        "HANGUL",
        "HIRAGANA",
        "KATAKANA",
        "BOPOMOFO",
    ):
        return "'Noto Sans CJK SC' (Debian, Ubuntu: fonts-noto-cjk)"
    if script and unicodedata.category(letter)[0] in "LM":
        return f"'Noto Sans {script.title()}' (Debian, Ubuntu: fonts-noto-core)"
    return "'Symbola' (Debian, Ubuntu: fonts-symbola)"


@functools.cache
def _has(name: str, code: int) -> bool:
    return any(_covers(face.fname, code) for face in _faces(name)[:1])


def _covers(path: str, code: int) -> bool:
    try:
        font = font_manager.get_font(path)
        font.set_size(12, 72)  # fails for fonts of pictures, which cannot be drawn in any size
        return bool(font.get_char_index(code))
    except (OSError, RuntimeError):
        return False


def _faces(name: str) -> list[FontEntry]:
    """Return the faces of an installed font, upright and plain ones first."""
    faces = [face for face in font_manager.fontManager.ttflist if face.name == name]
    return sorted(faces, key=lambda face: (face.style != "normal", str(face.weight) not in ("400", "normal")))


@functools.cache
def _further(letters: str) -> tuple[str, ...]:
    """Return fonts of this machine that have characters, those installed since the list of fonts was made too."""
    left = list(letters)
    chosen: list[str] = []
    for again in (False, True):
        if not left or (again and not _rescan()):
            break
        for face in _installed():
            rest = [letter for letter in left if not _covers(face.fname, ord(letter))]
            if len(rest) < len(left):
                chosen.append(str(face.name))
                left = rest
    return tuple(dict.fromkeys(chosen))


def _installed() -> Iterator[FontEntry]:
    """Give each installed font once. Those of Matplotlib itself are for formulas, or draw boxes."""
    faces: dict[str, FontEntry] = {}
    for face in font_manager.fontManager.ttflist:
        if face.style == "normal" and not Path(face.fname).is_relative_to(_OURS):
            faces.setdefault(face.name, face)
    yield from sorted(faces.values(), key=lambda face: ("Sans" not in face.name, face.name))


@functools.cache
def _rescan() -> bool:
    """Add fonts that were installed after Matplotlib made its list; tell whether there were some."""
    known = {face.fname for face in font_manager.fontManager.ttflist}
    added = 0
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError):  # a font that Matplotlib cannot read
            continue
        added += 1
    if added:
        _has.cache_clear()
    return added > 0
