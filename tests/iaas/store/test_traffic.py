"""Traffic is counted whichever thread adds to it."""

from concurrent.futures import ThreadPoolExecutor

from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic, TrafficCounter


def test_traffic_between_two_moments():
    later = Traffic(requests=7, lists=2, bytes_read=100, bytes_written=5)
    earlier = Traffic(requests=3, lists=2, bytes_read=40)
    assert later.since(earlier) == Traffic(4, 0, 60, 5)
    assert later.since(earlier) + earlier == later
    assert later.since(later) == NO_TRAFFIC == Traffic()


def test_threads_lose_no_count():
    counter = TrafficCounter()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counter.add(lists=1, bytes_read=3, bytes_written=2), range(2000)))
    assert counter.counted == Traffic(2000, 2000, 6000, 4000)
