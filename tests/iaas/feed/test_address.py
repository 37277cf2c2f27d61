"""Feeds by their addresses; what is secret is in no message."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.address import open_feed


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("arrivals", "arrivals"),
        ("http", "http://127.0.0.1:8090"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
        ("nats://me:secret@host/STREAM?subject=a.*", "nats://host:4222/STREAM"),
        ("mqtt://me:secret@host/vehicles/#", "mqtt://host:1883/vehicles/#"),
        ("mqtts://host:99/a/+/b", "mqtts://host:99/a/+/b"),
    ],
)
def test_addresses(address, shown):
    assert open_feed(address).address == shown


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("kafka://host/topic", "unreadable-address"), ("nats://host", "unreadable-address"),
        ("nats://host/A/B", "unreadable-address"), ("nats://host/A?subjekt=a", "unreadable-address"),
        ("nats://host/A?ack_wait=soon", "unreadable-address"),
        ("nats://host:port/A", "unreadable-address"), ("mqtt:///topic", "unreadable-address"),
        ("mqtt://host/", "unreadable-address"), ("http://127.0.0.1/path", "unreadable-address"),
        ("http://0.0.0.0:80", "token-needed"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address, kind):
    with pytest.raises(InvalidInput) as refused:
        open_feed(address)
    assert refused.value.kind == kind
