"""What people choose for a report besides its questions, checked before anything is answered.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.errors import NotFound, nearest

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = ["PaperChoices"]


@dataclass(frozen=True, slots=True)
class PaperChoices:
    """What a report is told besides its questions; None: what the city's definitions name.

    Parameters
    ----------
    areas
        Layer of areas, or ``LAYER.COLUMN``.
    classes
        Column that says of what kind a row is.
    closed
        Column with the instant at which a row was closed.
    log
        Log, or layer of cases or requests, that is evaluated.
    """

    areas: str | None = None
    classes: str | None = None
    closed: str | None = None
    log: str | None = None

    def refuse_unknown(self, city: City, layers: Iterable[str]) -> None:
        """Refuse what there is not in a city, or in none of the layers that are asked about.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``unknown-column``, ``no-records``.
        """
        columns = {attribute.name for name in layers for attribute in city.layer(name).attributes}
        for option, column in (("--classes", self.classes), ("--closed", self.closed)):
            if column is not None and column not in columns:
                raise _unknown_column(option, column, columns)
        if self.areas is not None:
            name, _, column = self.areas.partition(".")
            names = {attribute.name for attribute in city.layer(name).attributes}
            if column and column not in names:
                raise _unknown_column("--areas", self.areas, names)
        if self.log is not None and self.log not in city.case_logs():
            known = [layer.name for layer in city.layers()]
            if self.log not in known:
                names_near = nearest(self.log, [*city.case_logs(), *known])
                raise NotFound(
                    "no-records", f"the city has no log and no layer '{self.log}'", nearest=names_near
                )


def _unknown_column(option: str, name: str, columns: Iterable[str]) -> NotFound:
    near = nearest(name.rpartition(".")[2], sorted(columns))
    return NotFound("unknown-column", f"{option} {name}: there is no such column", nearest=near)
