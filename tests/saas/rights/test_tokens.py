"""Tokens are shown once, kept as digests in a file of their owner, expire and can be revoked."""

import stat

import pytest

from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.tokens import Tokens

NOW_US = 1_720_000_000_000_000
DAY_US = 86_400_000_000


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.toml")


def test_a_token_says_who_shows_it(tokens):
    token = tokens.add("zhao", ["desk", "desk"], now_us=NOW_US)
    assert tokens.principal_of(token, NOW_US) == Principal("zhao", frozenset({"desk"}))
    assert tokens.principal_of(token + "x", NOW_US) is None
    assert tokens.principal_of("", NOW_US) is None
    assert tokens.principal_of("\udcff", NOW_US) is None
    assert tokens.add("li", now_us=NOW_US) != token


def test_only_its_owner_reads_the_file_and_no_token_is_in_it(tokens, tmp_path):
    token = tokens.add("zhao", now_us=NOW_US)
    path = tmp_path / "tokens.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token.removeprefix("stc_") not in path.read_text()
    assert token not in repr(tokens.list())


def test_a_token_is_valid_until_it_expires(tokens):
    token = tokens.add("zhao", now_us=NOW_US, expires_us=NOW_US + DAY_US)
    assert tokens.principal_of(token, NOW_US + DAY_US - 1) is not None
    assert tokens.principal_of(token, NOW_US + DAY_US) is None
    assert tokens.add("zhao", now_us=NOW_US + DAY_US) != token  # another one has its place


def test_a_token_is_revoked_for_good(tokens):
    token = tokens.add("zhao", now_us=NOW_US)
    assert tokens.revoke("zhao", now_us=NOW_US + 1) is True
    assert tokens.revoke("zhao", now_us=NOW_US + 2) is False
    assert tokens.principal_of(token, NOW_US + 1) is None
    assert [record.revoked_us for record in tokens.list()] == [NOW_US + 1]


@pytest.mark.parametrize("name", ["", "anonymous", "signed-in", "role:desk", "a\nb"])
def test_names_that_rules_mean_otherwise_are_refused(tokens, name):
    with pytest.raises(InvalidInput) as caught:
        tokens.add(name, now_us=NOW_US)
    assert caught.value.kind == "bad-principal"


@pytest.mark.parametrize("role", ["", "a\nb"])
def test_a_role_has_a_name(tokens, role):
    with pytest.raises(InvalidInput) as caught:
        tokens.add("zhao", ["desk", role], now_us=NOW_US)
    assert caught.value.kind == "bad-role"
    assert not tokens.list()


def test_what_cannot_be_done_is_refused(tokens, tmp_path):
    tokens.add("zhao", now_us=NOW_US)
    with pytest.raises(Conflict) as caught:
        tokens.add("zhao", now_us=NOW_US)
    assert caught.value.kind == "token-exists"
    with pytest.raises(InvalidInput) as caught:
        tokens.add("li", now_us=NOW_US, expires_us=NOW_US)
    assert caught.value.kind == "expired-token"
    with pytest.raises(NotFound, match="did you mean 'zhao'") as caught:
        tokens.revoke("zha", now_us=NOW_US)
    assert caught.value.kind == "unknown-token"
    (tmp_path / "tokens.toml").write_text("zhao = 1")
    with pytest.raises(FormatError) as caught:
        tokens.list()
    assert caught.value.kind == "damaged-tokens"
