"""Workers answer so many at a time; what nobody waits for, or what takes too long, is interrupted."""

import asyncio
import threading
import time

import pytest

from stcloud.errors import Unsupported
from stcloud.iaas.engine.stop import heed_stop
from stcloud.iaas.job import Cancelled
from stcloud.saas.web.settings import Settings
from stcloud.saas.web.workers import Workers


async def stays():
    await asyncio.Event().wait()


def until_stopped(ended):
    """Run until the request to stop comes."""
    try:
        for _ in range(2_000):
            heed_stop()
            time.sleep(0.005)
    except Cancelled:
        ended.set()
        raise


def run(work, settings=None, gone=stays, **options):
    workers = Workers(settings or Settings())

    async def answer():
        try:
            return await workers.run(work, gone, **options)
        finally:
            await asyncio.sleep(0)

    try:
        return asyncio.run(answer())
    finally:
        workers.close()


def test_an_answer_is_returned_and_a_fault_is_raised():
    assert run(lambda: 7) == run(lambda: 7, heavy=True) == 7
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)


def test_a_question_that_takes_too_long_is_interrupted():
    ended = threading.Event()
    with pytest.raises(Unsupported) as error:
        run(lambda: until_stopped(ended), Settings(seconds=0.05))
    assert error.value.kind == "took-too-long"
    assert ended.wait(10)


def test_a_question_whose_client_left_is_interrupted():
    ended = threading.Event()

    async def leaves():
        await asyncio.sleep(0.02)

    assert run(lambda: until_stopped(ended), gone=leaves) is None
    assert ended.wait(10)


def test_more_than_may_wait_are_turned_away():
    workers = Workers(Settings(workers=1, waiting=1, heavy=1))
    hold = threading.Event()

    async def crowd():
        tasks = [asyncio.create_task(workers.run(hold.wait, stays)) for _ in range(3)]
        await asyncio.sleep(0.05)
        pending = workers.pending
        hold.set()
        return pending, await asyncio.gather(*tasks, return_exceptions=True)

    pending, results = asyncio.run(crowd())
    workers.close()
    assert pending == 2
    assert results[:2] == [True, True]
    assert results[2].kind == "too-busy"


def test_heavy_questions_do_not_keep_light_ones_waiting():
    workers = Workers(Settings(workers=1, heavy=1))
    hold = threading.Event()

    async def both():
        heavy = asyncio.create_task(workers.run(hold.wait, stays, heavy=True))
        light = await workers.run(lambda: 7, stays)
        hold.set()
        return light, await heavy

    assert asyncio.run(both()) == (7, True)
    workers.close()


def test_a_worker_is_free_again_after_an_interruption():
    workers = Workers(Settings(workers=1, seconds=0.05))

    async def twice():
        with pytest.raises(Unsupported):
            await workers.run(lambda: until_stopped(threading.Event()), stays)
        return await asyncio.wait_for(workers.run(lambda: 7, stays), 10)

    assert asyncio.run(twice()) == 7
    workers.close()
