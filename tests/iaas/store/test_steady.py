"""What is looked at once in a step."""

import concurrent.futures
import itertools

import pytest

from stcloud.iaas.store.steady import forget, remembered, steady


@pytest.fixture
def look():
    numbers = itertools.count()
    return lambda key="key": remembered(key, lambda: next(numbers))


def test_outside_of_a_step_each_look_is_one(look):
    assert [look(), look()] == [0, 1]


def test_in_a_step_a_thing_is_looked_at_once(look):
    with steady():
        assert [look(), look(), look("other"), look()] == [0, 0, 1, 0]
    with steady():
        assert look() == 2


def test_a_step_inside_of_another_is_a_part_of_it(look):
    with steady():
        with steady():
            assert look() == 0
        assert look() == 0
    assert look() == 1


def test_what_was_written_is_looked_at_again(look):
    with steady():
        assert look() == 0
        forget("key")
        forget("unknown")
        assert look() == 1
    forget("key")


def test_a_step_that_fails_ends(look):
    with pytest.raises(ZeroDivisionError), steady():
        look() / 0
    assert look() == 1


def test_another_thread_looks_for_itself(look):
    with steady(), concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert look() == 0
        assert pool.submit(look).result() == 1
        assert look() == 0
