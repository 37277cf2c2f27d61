"""Small texts of a bucket that several machines may change at once: each change is a numbered revision.

::

    names.toml                                     what everyone reads; the first text is put if there is none
    names.toml.revisions/00000000000000000001      each later one: put if absent, and then in the place of the text

Of two machines that change the same text one gets the number, and the other begins anew with what it finds then. A
machine that stalls between its two puts may put an older revision in the place of a later one: so who reads a text
looks for later ones. They are small and few, and all of them stay.

Tested by `tests/iaas/store/test_revised.py`.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from stcloud.errors import Conflict, StorageError
from stcloud.iaas.store.mount import Mount

__all__ = ["REVISIONS", "Revised", "newest"]

REVISIONS = ".revisions"
"""What the names of folders of revisions end with."""
_LABEL = re.compile(r"revision (\d+) [0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Revised:
    """A text of a bucket that is changed by revisions.

    Parameters
    ----------
    place
        The bucket.
    key
        Where the text is read.
    """

    place: Mount
    key: str

    def read(self) -> str | None:
        """Return the newest text; None: there is none."""
        content = newest(self.place.content, self.key)
        return None if content is None else content.decode("utf-8", "replace")

    def replace(self, former: str | None, made: Callable[[str], str]) -> None:
        """Replace the newest text, unless another machine has done so since it was read.

        Parameters
        ----------
        former
            The text that was read; None: there was none.
        made
            Returns the new text, which must contain the label that it is given: no two revisions have the same.

        Raises
        ------
        Conflict
            ``concurrent-commit``: another machine was faster; nothing was written.
        """
        number = 0 if former is None else _number(former.encode()) + 1
        text = made(f"revision {number} {uuid.uuid4().hex}").encode()
        key = _revision(self.key, number) if number else self.key
        written = self.place.store.put_if_absent(key, text)
        self.place.forget(key)
        self.place.forget(self.key)
        if not written:
            raise Conflict(
                "concurrent-commit", f"another machine changed {self.key} meanwhile; nothing was written",
                hint="try again",
            )  # fmt: skip
        if number:
            with contextlib.suppress(StorageError):  # it counts: who reads looks for later ones
                self.place.store.put(self.key, text)
            self.place.forget(self.key)


def newest(read: Callable[[str], bytes | None], key: str) -> bytes | None:
    """Return the newest revision of a text; None: there is none. ``read`` returns what a key has, None: nothing."""
    content = later = read(key)
    while later is not None:
        content = later
        later = read(_revision(key, _number(content) + 1))
    return content


def _revision(key: str, number: int) -> str:
    return f"{key}{REVISIONS}/{number:020}"


def _number(content: bytes) -> int:
    """Return the number of a revision; a text without a label, from a folder or by hand, is where counting begins."""
    label = _LABEL.search(content.decode("utf-8", "replace"))
    return int(label[1]) if label else 0
