"""Pairs of characters, so that a text of two Chinese characters is found by an index.

Text is compared without regard to case, width or form of its characters (NFKC, case folded).

Tested by `tests/iaas/records/test_gram.py`.
"""

from __future__ import annotations

import unicodedata

__all__ = ["fold", "grams", "grams_within"]


def fold(text: str) -> str:
    r"""Return a text as it is compared.

    >>> fold("ＡＢ  Main\nSt")
    'ab main st'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(text: str) -> set[str]:
    """Return the pairs of a text's words, and the last character of each word.

    The last character alone lets a word of one character be found as the beginning of a gram.

    >>> sorted(grams("井盖 破损了"))
    ['了', '井盖', '损了', '盖', '破损']
    """
    return {word[at : at + 2] for word in fold(text).split() for at in range(len(word))}


def grams_within(text: str) -> set[str]:
    """Return the grams that every text has that contains this one; empty: only single characters are searched for.

    >>> sorted(grams_within("破损")), grams_within("损")
    (['破损'], set())
    """
    return {word[at : at + 2] for word in fold(text).split() for at in range(len(word) - 1)}
