"""When Python searches for garbage while a feed is listened to: between batches, and not in the midst of one.

To search among all objects takes a quarter of a second where 10,000 rules have much to remember: as long as what is
done for half a batch. Rules are set apart at the first batch, and young objects are searched as ever.

Tested by `tests/saas/feed/test_garbage.py`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["garbage_between_batches"]

_NEVER = 1 << 30


@contextmanager
def garbage_between_batches() -> Iterator[Callable[[], None]]:
    """Let all objects be searched for garbage only by what this gives, to be called after each batch.

    The first call sets apart what there is then, until the end: what rules are made of stays as long as they do. It
    is for a process that does nothing else.
    """
    young, middle, old = gc.get_threshold()

    def rest() -> None:
        if not gc.get_freeze_count():
            gc.freeze()
        elif gc.get_count()[2] > old:
            gc.collect()

    gc.set_threshold(young, middle, _NEVER)
    try:
        yield rest
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()
