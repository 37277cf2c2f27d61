"""A profile is written whole, for its owner alone, or there is none."""

import json
import stat

import pytest

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas.rights.shareprofile import new_profile

ENDPOINT = "https://data.example.org/xiamen/delta-sharing"


def test_a_profile_has_what_clients_need(tmp_path):
    path = tmp_path / "config.share"
    with new_profile(path, f"{ENDPOINT}/", 1_720_000_000_000_000) as write:
        write("stc_x")
    assert json.loads(path.read_text()) == {
        "shareCredentialsVersion": 1, "endpoint": ENDPOINT, "bearerToken": "stc_x",
        "expirationTime": "2024-07-03T09:46:40+00:00",
    }  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lasting = tmp_path / "lasting.share"
    with new_profile(lasting, ENDPOINT) as write:
        write("stc_y")
    assert "expirationTime" not in json.loads(lasting.read_text())


def test_without_a_token_there_is_no_profile(tmp_path):
    path = tmp_path / "config.share"
    with pytest.raises(ZeroDivisionError), new_profile(path, ENDPOINT):
        raise ZeroDivisionError
    assert not path.exists()


@pytest.mark.parametrize(
    "endpoint", ["data.example.org", "ftp://x/y", "https://u:p@x/y", "https://x/y?token=z", ""]
)
def test_what_is_no_endpoint_is_refused(endpoint, tmp_path):
    with pytest.raises(InvalidInput) as refused, new_profile(tmp_path / "p", endpoint):
        pytest.fail("it is no endpoint")
    assert refused.value.kind == "bad-setting"


def test_a_file_that_is_there_is_kept(tmp_path):
    path = tmp_path / "config.share"
    path.write_text("mine")
    with pytest.raises(InvalidInput) as refused, new_profile(path, ENDPOINT):
        pytest.fail("it is there")
    assert (refused.value.kind, path.read_text()) == ("target-exists", "mine")
    with pytest.raises(StorageError), new_profile(tmp_path / "nowhere" / "p", ENDPOINT):
        pytest.fail("there is no folder")
