"""While a feed is listened to, all objects are searched for garbage between batches alone."""

import gc
import weakref

from stcloud.saas.feed.garbage import garbage_between_batches


class Ring:
    """Garbage that nothing but a search finds."""

    def __init__(self):
        self.itself = self


def aged(count):
    """Give the search so many reasons to look at old objects."""
    for _ in range(count):
        gc.collect(1)


def test_old_garbage_goes_after_a_batch_and_not_in_its_midst():
    before, searched = gc.get_threshold(), []
    gc.callbacks.append(lambda phase, info: phase == "stop" and searched.append(info["generation"]))
    try:
        with garbage_between_batches() as rest:
            rest()
            assert gc.get_freeze_count()
            gc.collect()  # few objects are left: a search among all is due as soon as there are some
            ring = Ring()
            gone = weakref.ref(ring)
            aged(2)  # it is old
            del ring
            searched.clear()
            aged(before[2] + 1)
            kept = [[number] for number in range(before[0] * (before[1] + 2) * 2)]
            assert kept
            assert 2 not in searched
            assert gone() is not None
            rest()
            assert 2 in searched
            assert gone() is None
    finally:
        gc.callbacks.pop()
    assert gc.get_threshold() == before
    assert not gc.get_freeze_count()
