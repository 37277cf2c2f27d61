"""Receipts map instants of the city to those of owners: monotone, and for ever."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.exchange.receipt import Receipt, origin_us
from stcloud.testing.exchange import Sender, Ticking, receiving_city

steps = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1)


@given(steps, st.lists(st.integers(-5, 100), min_size=2))
def test_the_map_is_monotone_and_does_not_change(steps, instants):
    receipts, ours, theirs = [], 0, 10
    for our_step, their_step in steps:
        ours, theirs = ours + our_step, theirs + their_step
        receipts.append(Receipt(ours, 11, theirs, ""))
    mapped = [origin_us(receipts, at_us) for at_us in sorted(instants)]
    assert mapped == sorted(mapped)
    for at_us in instants:
        until = bisect_right([receipt.received_us for receipt in receipts], at_us)
        assert origin_us(receipts, at_us) == (receipts[until - 1].until_us if until else 10)
        assert origin_us(receipts, at_us) == origin_us(
            [*receipts[: max(until, 1)], Receipt(1000, 11, 99, "")], at_us
        )


def test_what_is_new_alone_is_read_of_a_book(tmp_path, monkeypatch):
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    package, read = None, []
    book, ledger = city.parts.catalogue.receipts, city.parts.catalogue.ledger
    real = ledger.recorded_after
    monkeypatch.setattr(ledger, "recorded_after", lambda *given: read.append(real(*given)) or read[-1])
    for number in range(1, 4):
        sender.load(number)
        package = sender.pack(package)
        city.receive(package)
    assert [receipt.until_us for receipt in book.of("events").receipts] == [
        load.recorded_at_us for load in sender.city.layer("events").loads
    ]
    assert sum(map(len, read)) == 3
    city.delete("events")
    assert book.of("events").receipts == ()
    city.receive(sender.pack())
    assert len(book.of("events").receipts) == 1
