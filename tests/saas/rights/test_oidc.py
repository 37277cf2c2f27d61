"""Signed tokens of an identity provider are believed only if everything about them holds."""

import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from stcloud.errors import FormatError, InvalidInput, StorageError
from stcloud.saas.rights.oidc import OidcKeys
from stcloud.saas.rights.policy import OidcClause
from stcloud.saas.rights.principal import Principal

NOW_S = 1_720_000_000
CLAIMS = {
    "iss": "https://id.example",
    "aud": "stcloud",
    "sub": "zhao",
    "exp": NOW_S + 60,
    "roles": ["desk", 1],
}
RSA, EC = RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-256", {"kid": "ec"})
SHARED = OctKey.generate_key(256, {"kid": "oct"})


@pytest.fixture
def keys(tmp_path):
    document = KeySet([RSA, EC]).as_dict(private=False)
    document["keys"].append(SHARED.as_dict())
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(document))
    return OidcKeys(OidcClause(issuer="https://id.example", audience="stcloud", jwks=str(path), leeway_s=30))


def signed(key=RSA, alg="RS256", **claims):
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode({"alg": alg, "kid": key.kid}, kept, key, algorithms=[alg])


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (EC, "ES256")])
def test_a_valid_token_says_who_asks(keys, key, alg):
    assert keys.principal_of(signed(key, alg), NOW_S * 1_000_000) == Principal(
        "zhao", frozenset({"desk"}), "oidc"
    )


def test_roles_may_be_words_of_a_text(keys):
    assert keys.principal_of(signed(roles="desk north"), NOW_S * 1_000_000).roles == {"desk", "north"}


@pytest.mark.parametrize(
    "token",
    [
        signed(iss="https://other.example"),
        signed(aud="other"),
        signed(aud=None),
        signed(exp=NOW_S - 31),
        signed(exp=None),
        signed(nbf=NOW_S + 31),
        signed(sub=None),
        signed(sub=""),
        signed(SHARED, "HS256"),
        signed(RSA, "RS384"),
        signed(RSAKey.generate_key(2048, {"kid": "rsa"})),
        signed(RSAKey.generate_key(2048, {"kid": "other"})),
        signed()[:-4] + "AAAA",
        "eyJhbGciOiJub25lIn0." + signed().split(".")[1] + ".",
        "",
        "a.b.c",
        "stc_abc",
    ],
)
def test_whatever_does_not_hold_is_not_believed(keys, token):
    assert keys.principal_of(token, NOW_S * 1_000_000) is None


def test_clocks_may_differ_by_the_leeway(keys):
    assert keys.principal_of(signed(exp=NOW_S - 29, nbf=NOW_S + 29), NOW_S * 1_000_000) is not None


@pytest.mark.parametrize("text", ["", "[]", '{"keys": 1}', b"x" * 1_048_577])
def test_keys_that_cannot_be_read_are_an_error(tmp_path, text):
    path = tmp_path / "jwks.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError) as caught:
        OidcKeys(OidcClause(issuer="i", audience="a", jwks=str(path))).principal_of(signed(), 0)
    assert caught.value.kind == "unreadable-keys"


def test_keys_come_from_a_file_or_by_https(tmp_path):
    for place, error, kind in (
        (str(tmp_path / "none.json"), StorageError, "keys-unreachable"),
        ("http://127.0.0.1/jwks", InvalidInput, "insecure-keys"),
        ("https://127.0.0.1:1/jwks", StorageError, "keys-unreachable"),
    ):
        with pytest.raises(error) as caught:
            OidcKeys(OidcClause(issuer="i", audience="a", jwks=place)).principal_of(signed(), 0)
        assert caught.value.kind == kind
