"""What becomes of earlier cells: which keep their code, which are retired, and who follows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.grid.numbering import centres, standard_order

__all__ = ["CODES", "Earlier", "coded", "predecessors", "unchanged"]

CODES = 999
_SAME_M = 2e-3
_SHARE = 0.01

Geometries = NDArray[np.object_]
Texts = NDArray[np.str_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """Cells that were there before, those of every earlier division among them.

    Parameters
    ----------
    cells
        ``(n,)`` polygons, in the CRS of the division.
    codes
        ``(n,)`` text, 15 characters.
    retired
        ``(n,)`` bool: cells that had ended already; their codes are never given again.
    """

    cells: Geometries
    codes: Texts
    retired: Flags

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together, and codes of another length."""
        sizes = {len(self.cells), len(self.codes), len(self.retired)}
        wrong = [code for code in self.codes.tolist() if len(code) != 15 or not code[12:].isdecimal()]
        if wrong:
            raise InvalidInput(
                "bad-earlier-cells", f"an earlier cell has the code {wrong[0]!r}",
                hint="give codes of 15 characters, the last three a number",
            )  # fmt: skip
        if len(sizes) > 1:
            raise InvalidInput(
                "bad-earlier-cells", f"earlier cells, codes and ends have lengths {sorted(sizes)}",
                hint="give arrays of one length",
            )  # fmt: skip

    @classmethod
    def none(cls) -> Earlier:
        """Return a past without cells."""
        return cls(np.array([], dtype=object), np.array([], dtype="U15"), np.array([], dtype=np.bool_))

    @property
    def active(self) -> Earlier:
        """The cells that had not ended."""
        now = ~self.retired
        return Earlier(self.cells[now], self.codes[now], self.retired[now])

    def used(self, community: str) -> int:
        """Return how many codes of a community were ever given."""
        return len(set(self.numbers(community)))

    def numbers(self, community: str) -> list[int]:
        """Return the sequence numbers ever given in a community."""
        return [int(code[12:]) for code in self.codes.tolist() if code.startswith(community)]


def unchanged(cells: Geometries, community: Texts, earlier: Earlier) -> Texts:
    """Return the code each cell had already; empty for a new cell.

    A cell is the same if its outline moved by less than two millimetres on the mean.
    """
    now, kept = earlier.active, np.full(len(cells), "", dtype="U15")
    if not len(now.cells):
        return kept
    cell, old = shapely.STRtree(now.cells).query(shapely.point_on_surface(cells), predicate="intersects")
    apart = shapely.area(shapely.symmetric_difference(cells[cell], now.cells[old]))
    same = apart <= _SAME_M * shapely.length(cells[cell])
    same &= np.array([code[:12] for code in now.codes[old].tolist()], dtype="U12") == community[cell]
    kept[cell[same]] = now.codes[old[same]]
    return kept


def coded(cells: Geometries, community: Texts, kept: Texts, earlier: Earlier, row_m: float) -> Texts:
    """Return the code of each cell: what it had, else the next free ones of its community in standard order."""
    codes = kept.copy()
    new = np.flatnonzero(kept == "")
    order = new[standard_order(*centres(cells[new]), community[new], row_m=row_m)]
    for code_prefix in np.unique(community[new]).tolist():
        free = sorted(set(range(1, CODES + 1)) - set(earlier.numbers(code_prefix)))
        last = max(earlier.numbers(code_prefix), default=0)
        free = [number for number in free if number > last] + [number for number in free if number < last]
        rows = order[community[order] == code_prefix]
        codes[rows] = [f"{code_prefix}{number:03d}" for number in free[: len(rows)]]
    return codes


def predecessors(cells: Geometries, kept: Texts, earlier: Earlier) -> tuple[tuple[str, ...], ...]:
    """Return, for each new cell, codes of the earlier cells it took ground from, the largest share first.

    A share below a hundredth of the new cell is no succession. Cells that kept their code have none.
    """
    now = earlier.active
    shares: list[list[tuple[float, str]]] = [[] for _ in cells]
    if len(now.cells):
        cell, old = shapely.STRtree(now.cells).query(cells, predicate="intersects")
        fresh = kept[cell] == ""
        cell, old = cell[fresh], old[fresh]
        share = shapely.area(shapely.intersection(cells[cell], now.cells[old])) / shapely.area(cells[cell])
        for row, which, part in zip(cell.tolist(), old.tolist(), share.tolist(), strict=True):
            if part >= _SHARE:
                shares[row].append((-part, str(now.codes[which])))
    return tuple(tuple(code for _, code in sorted(cell_shares)) for cell_shares in shares)
