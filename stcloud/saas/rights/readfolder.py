"""The folder of a city that is only read. Tested by `tests/saas/rights/test_permittedcity.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.model import Children
from stcloud.saas.rights.grants import not_permitted

__all__ = ["ReadFolder"]


_CASES = ("cases",)


@dataclass(frozen=True, slots=True)
class ReadFolder(Folder):
    """A city's folder, in which nothing is written: `InvalidInput` ``not-permitted``.

    Parameters
    ----------
    own
        Where arrays are kept that are made ready from what may be seen: those of the whole city are others.
    has_log
        Tells of a log of cases whether it may be read; the others are not there.
    """

    own: Path = field(default=Path(), kw_only=True)
    has_log: Callable[[str], bool] = field(default=lambda _: True, kw_only=True)

    def children(self, *parts: str) -> Children:
        """Return what lies right below a path, of logs of cases those that may be read."""
        below = Folder.children(self, *parts)
        if parts != _CASES:
            return below
        keys = tuple(key for key in below.keys if self.has_log(Path(key).name.partition(".")[0]))
        return replace(below, keys=keys)

    def arrays(self, *parts: str) -> ArrayFolder:
        """Return a place for arrays, apart from those of the whole city."""
        return ArrayFolder(self.own.joinpath(*parts))

    def write_text(self, text: str, *parts: str) -> None:  # noqa: ARG002
        """Refuse to write."""
        _refuse()

    def put_text(self, text: str, *parts: str) -> bool:  # noqa: ARG002
        """Refuse to write."""
        _refuse()
        return False

    def delete(self, *parts: str) -> None:  # noqa: ARG002
        """Refuse to delete."""
        _refuse()

    def occupy(self, text: str, name: str) -> None:  # noqa: ARG002
        """Refuse to write."""
        _refuse()

    @contextlib.contextmanager
    def lock(self, name: str, *, wait_s: float) -> Iterator[None]:  # noqa: ARG002
        """Refuse to write."""
        _refuse()
        yield


def _refuse() -> None:
    raise not_permitted("the city may be read, and nothing in it may be changed")
