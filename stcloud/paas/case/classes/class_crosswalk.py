"""Which classes of a later edition took the place of those of an earlier one: none, one or many.

Tested by `tests/paas/case/test_class_crosswalk.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from stcloud.errors import NotFound, nearest
from stcloud.paas.case.classes.class_row import KINDS, class_digits
from stcloud.paas.case.classes.records import Record, from_csv, made

__all__ = ["ClassCrosswalk", "Translation"]

_COLUMNS = (("kind", "edition", "code", "to_edition", "relation", "verified"), ("to", "note"))
_INVALID = "invalid-crosswalk"


@dataclass(frozen=True, slots=True)
class Translation:
    """The successors of one class.

    Parameters
    ----------
    kind, edition, code
        The class of the earlier edition.
    to_edition, codes
        The classes of the later edition: none, one or many of them.
    verified
        How this is known: ``judged`` by the names of the classes, ``local`` to a city.
    note
        Why, where it is not plain.
    """

    kind: str
    edition: str
    code: str
    to_edition: str
    codes: tuple[str, ...]
    verified: str
    note: str = ""

    @property
    def relation(self) -> Literal["none", "one", "many"]:
        """How many successors there are."""
        return "none" if not self.codes else "one" if len(self.codes) == 1 else "many"

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the translation of a record; ``ValueError`` with the first fault."""
        text = {name: str(value or "").strip() for name, value in record.items()}
        if text["kind"] not in KINDS:
            raise ValueError(f"kind '{text['kind']}' is neither component nor matter")
        codes = tuple(code.strip() for code in text.get("to", "").split(";") if code.strip())
        if len(set(codes)) < len(codes):
            raise ValueError(f"'{text['to']}' names a class twice")
        translation = cls(
            text["kind"], text["edition"], text["code"], text["to_edition"], codes, text["verified"],
            text.get("note", ""),
        )  # fmt: skip
        if text["relation"] != translation.relation:
            raise ValueError(
                f"relation '{text['relation']}' of {text['code']} does not fit '{text.get('to', '')}', "
                f"which is {translation.relation}"
            )
        return translation


class ClassCrosswalk:
    """Translations of the classes of one edition into those of the next.

    Parameters
    ----------
    translations
        At most one of each class.
    """

    def __init__(self, translations: Iterable[Translation] = ()) -> None:
        self._by_key = {(entry.kind, entry.edition, entry.code): entry for entry in translations}
        self._by_code: dict[tuple[str, str], list[Translation]] = {}
        for entry in self._by_key.values():
            self._by_code.setdefault((entry.kind, entry.code), []).append(entry)

    @classmethod
    def from_csv(cls, text: str, name: str) -> Self:
        """Read a crosswalk; `InvalidDefinition` ``invalid-crosswalk`` with the faults of all rows."""
        return cls(made(from_csv(text, name, _INVALID), name, _INVALID, _COLUMNS, Translation.of))

    def __iter__(self) -> Iterator[Translation]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def translate(self, kind: str, code: str, edition: str = "2013") -> Translation:
        """Return the successors of a class.

        Parameters
        ----------
        kind, code
            ``component`` or ``matter``; a class code, or a longer code that contains one.
        edition
            The earlier edition.

        Raises
        ------
        NotFound
            ``unknown-class``: the crosswalk does not have the class, so nothing is known of its successors; that is
            not the same as a class without a successor.
        InvalidInput
            ``invalid-class-code``
        """
        digits = class_digits(code, kind)
        entry = self._by_key.get((kind, edition, digits))
        if entry is None:
            known = [listed for of, year, listed in self._by_key if (of, year) == (kind, edition)]
            raise NotFound(
                "unknown-class",
                f"the crosswalk does not list {kind} {digits} of {edition}",
                nearest=nearest(digits, known),
            )
        return entry

    def successors(self, kind: str, code: str) -> Sequence[Translation]:
        """Return the translations of a class of whatever edition; empty: it is of the newest, or not listed."""
        return self._by_code.get((kind, code), ())

    def predecessors(self, kind: str, code: str, edition: str = "2026") -> Sequence[Translation]:
        """Return the translations that lead to a class of the later edition; empty: it is new, or not listed."""
        digits = class_digits(code, kind)
        return [
            entry for entry in self._by_key.values()
            if entry.kind == kind and entry.to_edition == edition and digits in entry.codes
        ]  # fmt: skip
