"""Work of a service for which nobody waits: it is begun, and left where it is when the process ends.

Tested by `tests/saas/web/test_background.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["in_background"]


def in_background(work: Callable[[], object]) -> threading.Thread:
    """Do work in a thread of its own, which says nothing of what the end of the process breaks off.

    Once that has come no thread can be started, and no module imported that wants to be told of it: a `RuntimeError`
    that names the shutdown.
    """

    def done() -> None:
        try:
            work()
        except RuntimeError as error:
            if "shutdown" not in str(error):
                raise

    thread = threading.Thread(target=done, name="background", daemon=True)
    thread.start()
    return thread
