"""Workers: threads that answer, so many at a time, each question no longer than it may take.

Tested by `tests/saas/web/test_workers.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from stcloud.errors import Unsupported
from stcloud.iaas.engine.stop import Stop, heed_stop, stoppable
from stcloud.saas.web.settings import Settings

__all__ = ["Workers"]

_Result = TypeVar("_Result")


class Workers:
    """Threads for small questions, for loads, and a few for questions of a whole layer: they keep the others waiting.

    A question that nobody waits for any more, or that takes too long, is interrupted; its thread takes the next one
    when it has ended.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most = settings.waiting + settings.workers
        self._light = ThreadPoolExecutor(settings.workers, thread_name_prefix="question")
        self._heavy = ThreadPoolExecutor(settings.heavy, thread_name_prefix="heavy-question")
        self._loads = ThreadPoolExecutor(settings.loads, thread_name_prefix="load")
        self._pending = 0

    @property
    def pending(self) -> int:
        """Questions that are being answered, or wait for a worker."""
        return self._pending

    async def run(
        self, work: Callable[[], _Result], gone: Callable[[], Awaitable[object]], *, heavy: bool = False,
        loading: bool = False, ended: Callable[[], object] = lambda: None,
    ) -> _Result | None:  # fmt: skip
        """Return what a piece of work returns; None if its client went away before.

        Parameters
        ----------
        work
            Runs in a thread.
        gone
            Returns when nobody waits any more.
        heavy
            Whether it may read a whole layer.
        loading
            Whether it is a load, which may take longer.
        ended
            Called once when the work has ended, or is not begun.

        Raises
        ------
        Unsupported
            ``too-busy``: too many wait already; ``took-too-long``. And what the work raises.
        """
        if self._pending >= self._most:
            ended()
            raise Unsupported("too-busy", "too many questions wait at present", hint="ask again in a while")
        stop = Stop()
        pool = self._loads if loading else self._heavy if heavy else self._light
        future = pool.submit(_stoppable, work, stop)
        self._pending += 1
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: ended())
        future.add_done_callback(lambda _: self._note_end(loop))
        return await self._awaited(future, stop, gone, loading=loading)

    async def _awaited(
        self, future: Future[_Result], stop: Stop, gone: Callable[[], Awaitable[object]], *, loading: bool
    ) -> _Result | None:
        seconds = self._settings.load_seconds if loading else self._settings.seconds
        answer: asyncio.Future[Any] = asyncio.wrap_future(future)
        leaving: asyncio.Future[Any] = asyncio.ensure_future(gone())
        try:
            done, _ = await asyncio.wait(
                {answer, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if answer in done:
                result: _Result = answer.result()
                return result
            stop.now()
            answer.cancel()
            if leaving in done:
                return None
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await leaving
        raise _took_too_long(seconds, loading=loading)

    def _note_end(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the service has ended meanwhile, and counts no more
            loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        self._pending -= 1

    def close(self) -> None:
        """Take no more work; wait for none."""
        for pool in (self._light, self._heavy, self._loads):
            pool.shutdown(wait=False, cancel_futures=True)


def _took_too_long(seconds: float, *, loading: bool) -> Unsupported:
    if loading:
        return Unsupported(
            "took-too-long", f"the load was given up after {seconds:g} seconds",
            hint="send it again to learn whether it was done just then, or in parts",
        )  # fmt: skip
    return Unsupported(
        "took-too-long", f"the question was given up after {seconds:g} seconds",
        hint="ask for less: a shorter time, a smaller area, larger groups",
    )  # fmt: skip


def _stoppable(work: Callable[[], _Result], stop: Stop) -> _Result:
    with stoppable(stop):
        heed_stop()
        return work()
