"""Signed addresses: what was not signed here, was changed, or has expired grants nothing."""

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from stcloud.errors import InvalidInput
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.web.sharing.fileaddress import FileAddresses, FileGrant

NOW_US = 1_720_000_000_000_000
GRANT = FileGrant(Principal("zhao", frozenset({"desk", "北"}), "oidc"), "town", "calls", NOW_US - 1, "abc-0")


def refused(addresses, text, now_us=NOW_US):
    with pytest.raises(InvalidInput) as error:
        addresses.read(text, now_us)
    return error.value.kind


def test_a_grant_is_read_as_it_was_signed():
    addresses = FileAddresses(900)
    for grant in (GRANT, FileGrant(ANONYMOUS, "town", "calls", 0, "abc-0")):
        assert addresses.read(addresses.signed(grant, NOW_US), NOW_US + 899_000_000) == grant


def test_a_grant_expires():
    addresses = FileAddresses(900)
    assert addresses.expires_s(NOW_US) == NOW_US // 1_000_000 + 900
    assert refused(addresses, addresses.signed(GRANT, NOW_US), NOW_US + 901_000_000) == "not-signed-in"


def test_another_service_did_not_sign_it():
    assert refused(FileAddresses(900), FileAddresses(900).signed(GRANT, NOW_US)) == "not-signed-in"


def part(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_what_is_changed_is_refused():
    addresses = FileAddresses(900)
    text = addresses.signed(GRANT, NOW_US)
    head, body, mark = text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = [f"{head}.{part({**claims, name: value})}.{mark}"
               for name, value in (("file", "abc-1"), ("table", "plots"), ("sub", "li"), ("roles", ["chief"]),
                                   ("at", 0), ("exp", claims["exp"] + 1), ("city", "other"))]  # fmt: skip
    forged = [f"{part({'alg': 'none'})}.{body}.", f"{part({'alg': 'HS256'})}.{body}.{mark[:-4]}AAAA",
              jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(b"0" * 32))]  # fmt: skip
    for each in (*changed, *forged, "", "a.b.c", text[:-1], "x" * 9_000, "ä.ö.ü", text + "\0"):
        assert refused(addresses, each) == "not-signed-in", each
