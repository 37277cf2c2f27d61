"""Work of a service for which nobody waits: it is begun, and left where it is when the process ends.

Tested by `tests/saas/web/test_background.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["in_background"]


def in_background(work: Callable[[], object]) -> threading.Thread:
    """Do work in a thread of its own, which says nothing of what the end of the process breaks off.

    A module that wants to be told of the end cannot be imported any more once that has come: a `RuntimeError`.
    """

    def done() -> None:
        try:
            work()
        except RuntimeError:
            if threading.main_thread().is_alive():
                raise

    thread = threading.Thread(target=done, name="background", daemon=True)
    thread.start()
    return thread
