"""What a file's name says of a scene: its date, and maybe its tile and product, by a declared pattern.

Tested by `tests/iaas/raster/test_naming.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stcloud.errors import InvalidInput

__all__ = ["NamePattern"]

_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3, "y": 2}
_PART = re.compile(r"%(?P<directive>.)|\{(?P<field>[a-z]*)\}|(?P<any>\*)|(?P<text>[^%{*]+|\{)")
_FIELDS = ("tile", "product")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern of file names, without their suffix.

    Examples
    --------
    >>> NamePattern("LC08_*_{tile}_%Y%m%d").read("LC08_L2SP_006066_20150716")
    ('2015 07 16', '%Y %m %d', {'tile': '006066'})
    """

    pattern: str

    def __post_init__(self) -> None:
        fields = [part["field"] for part in self._parts() if part["field"] is not None]
        wrong = [field for field in fields if field not in _FIELDS or fields.count(field) > 1]
        if wrong:
            raise ValueError(
                f"{{{wrong[0]}}} is no part of a file's name; write {{tile}} or {{product}}, once"
            )
        known = ", ".join(f"%{directive}" for directive in _DIGITS)
        others = [directive for directive in self._directives() if directive not in _DIGITS]
        if others:
            raise ValueError(f"%{others[0]} is not read in file names (only {known})")
        if not {"Y", "y"} & set(self._directives()):
            raise ValueError("a date in a file's name has a year: %Y or %y")

    def _parts(self) -> list[re.Match[str]]:
        return list(_PART.finditer(self.pattern))

    def _directives(self) -> list[str]:
        return [part["directive"] for part in self._parts() if part["directive"] is not None]

    @property
    def gives(self) -> frozenset[str]:
        """Whether names give ``tile`` and ``product``."""
        return frozenset(part["field"] for part in self._parts() if part["field"] is not None)

    def read(self, name: str) -> tuple[str, str, dict[str, str]]:
        """Return the text of the instant, its format, and the fields of a name; `InvalidInput` ``no-date``."""
        match = self._compiled().fullmatch(name)
        if match is None:
            raise InvalidInput(
                "no-date",
                f"the name '{name}' is not as the definition says: '{self.pattern}'",
                hint="rename the file, or correct [acquired] file in the definition",
            )
        groups = match.groupdict()
        directives = self._directives()
        text = " ".join(groups[f"date{place}"] for place in range(len(directives)))
        fields = {name: value for name, value in groups.items() if name in _FIELDS}
        return text, " ".join(f"%{directive}" for directive in directives), fields

    def _compiled(self) -> re.Pattern[str]:
        parts, place = [], 0
        for part in self._parts():
            if part["directive"] is not None:
                parts.append(rf"(?P<date{place}>\d{{{_DIGITS[part['directive']]}}})")
                place += 1
            elif part["field"] is not None:
                parts.append(rf"(?P<{part['field']}>[^_]+?)")
            else:
                parts.append(".*?" if part["any"] else re.escape(part["text"]))
        return re.compile("".join(parts))
