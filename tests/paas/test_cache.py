"""The city's cache: the values used last, made once by several threads, none after it was closed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.cache import Cache


def test_the_values_used_last_are_kept():
    cache = Cache(most=2, most_bytes=100)
    for key in ("a", "b"):
        cache.keep(key, key, 1)
    assert cache.get("a") == "a"
    cache.keep("c", "c", 1)
    assert [cache.get(key) for key in "abc"] == ["a", None, "c"]


def test_bytes_are_bounded_and_the_last_value_stays():
    cache = Cache(most=9, most_bytes=10)
    cache.keep("a", "a", 6)
    cache.keep("b", "b", 4)
    assert len(cache) == 2
    cache.keep("c", "c", 50)
    assert [cache.get(key) for key in "abc"] == [None, None, "c"]


def test_of_threads_that_want_a_value_one_makes_it():
    cache, made, gate = Cache(), [], threading.Barrier(8)

    def want(_):
        gate.wait()
        return cache.once("key", lambda: made.append(1) or object(), lambda _: 1)

    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(want, range(8)))
    assert len(made) == 1
    assert len(set(map(id, values))) == 1


def test_a_value_that_cannot_be_made_is_tried_again():
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.once("key", lambda: 1 // 0, lambda _: 1)
    assert cache.once("key", lambda: 5, lambda _: 1) == 5


def test_a_closed_cache_keeps_nothing_and_refuses():
    cache = Cache()
    cache.keep("a", "a", 1)
    cache.close()
    assert cache.keep("b", "b", 1) == "b"
    assert not len(cache)
    with pytest.raises(InvalidInput) as refused:
        cache.get("a")
    assert refused.value.kind == "city-closed"
