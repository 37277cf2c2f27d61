"""`stcloud token`: a token is printed once, listed without it, and revoked."""

import json
import time

import pytest

from stcloud.errors import InvalidInput
from stcloud.saas.cli.token import add
from stcloud.saas.rights.tokens import Tokens


def test_a_token_is_printed_once_listed_and_revoked(run, tmp_path):
    file = tmp_path / "tokens.toml"
    done = run("token", "add", "zhao", "--role", "desk", "--role", "north", "--file", file)
    token, now_us = done.out.strip(), time.time_ns() // 1000
    assert Tokens(file).principal_of(token, now_us).roles == {"desk", "north"}
    (record,) = json.loads(run("token", "list", "--file", file, "--format", "json").out)
    assert (record["name"], record["roles"], record["valid"]) == ("zhao", "desk north", True)
    assert token not in str(record) + file.read_text()
    days = (Tokens(file).list()[0].expires_us - now_us) / 86_400_000_000
    assert 89.9 < days < 90.1
    assert "revoked" in run("token", "revoke", "zhao", "--file", file).err
    assert Tokens(file).principal_of(token, now_us + 60_000_000) is None
    assert "not valid any more" in run("token", "revoke", "zhao", "--file", file).err


def test_when_it_expires_is_stated(tmp_path):
    file = tmp_path / "tokens.toml"
    add("a", None, "never", file)
    add("b", None, "2999-01-01", file)
    assert [record.expires_us for record in Tokens(file).list()] == [None, 32_472_144_000_000_000]
    with pytest.raises(InvalidInput, match="write 90d"):
        add("c", None, "soon", file)


def test_a_token_is_written_into_a_profile_and_not_printed(run, tmp_path):
    file, profile = tmp_path / "tokens.toml", tmp_path / "config.share"
    address = "https://data.example.org/xiamen/delta-sharing"
    done = run("token", "add", "zhao", "--file", file, "--profile", profile, "--endpoint", address)
    document = json.loads(profile.read_text())
    assert (done.out, document["endpoint"]) == ("", address)
    assert document["bearerToken"] not in done.err
    assert Tokens(file).principal_of(document["bearerToken"], time.time_ns() // 1000).name == "zhao"


def test_a_profile_without_an_endpoint_makes_no_token(run, tmp_path):
    file = tmp_path / "tokens.toml"
    for option, value in (("--profile", tmp_path / "p"), ("--endpoint", "https://x.org/delta-sharing")):
        refused = run("token", "add", "zhao", "--file", file, option, value)
        assert refused.code == 2
        assert "--profile and --endpoint together" in refused.err
    assert not file.exists()


def test_a_profile_is_incomplete_without_where_the_token_is_shown(tmp_path):
    with pytest.raises(InvalidInput) as refused:
        add("zhao", file=tmp_path / "tokens.toml", profile=tmp_path / "p")
    assert refused.value.kind == "incomplete-profile"
