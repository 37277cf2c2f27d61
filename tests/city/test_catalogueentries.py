"""The catalogue of a city: what it holds, when it came, how late it is, and how it is searched."""

from stcloud.testing.exchange import Sender, Ticking, receiving_city

HOUR_US = 3_600_000_000


def test_what_came_when_and_how_late_it_is(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1)
    sender.city.describe("events", owner="Roads department", themes="transport", update_cycle="PT2H")
    loaded_us = sender.clock.now_us
    first = sender.pack()
    city = receiving_city(tmp_path, sender.clock)
    received_us = sender.clock.tick()
    city.receive(first)
    (entry,) = city.catalogue()
    assert (entry.layer, entry.origin, entry.owner) == ("events", "district", "Roads department")
    assert (entry.last_us, entry.known_us, entry.complete_us) == (received_us, loaded_us, loaded_us)
    assert (entry.due_us, entry.late_us, entry.is_late) == (received_us + 2 * HOUR_US, 0, False)
    sender.clock.now_us += 3 * HOUR_US
    (entry,) = city.catalogue()
    assert (entry.late_us, entry.is_late) == (HOUR_US, True)
    (own,) = sender.city.catalogue()
    assert (own.origin, own.last_us, own.known_us) == (None, loaded_us, loaded_us)
    assert "Roads department, late" in repr(city.catalogue())
    assert "<table" in city.catalogue()._repr_html_()


def test_all_words_are_sought_in_any_case(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1)
    sender.city.describe("events", owner="Roads department", keywords=["potholes", "坑洞"], title="Requests")
    found = {
        words: [entry.layer for entry in sender.city.catalogue(words)]
        for words in ("", "POTHOLES", "roads requests", "坑洞", "roads rail", "EVENTS")
    }
    assert [words for words, layers in found.items() if layers] == [
        "",
        "POTHOLES",
        "roads requests",
        "坑洞",
        "EVENTS",
    ]
    assert repr(sender.city.catalogue("roads rail")) == "Catalogue: 0 layers"
