"""Settings are valid from birth."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.saas.web.settings import Settings, is_loopback


@pytest.mark.parametrize(
    "setting",
    [
        {"base_url": "data.example.org"},
        {"base_url": "ftp://data.example.org"},
        {"base_url": "https://user:secret@data.example.org"},
        {"base_url": "https://data.example.org/?x=1"},
        {"most_rows": 0},
        {"seconds": -1.0},
        {"workers": 0},
        {"waiting": 0},
        {"loads": 0},
        {"most_load_bytes": -1},
        {"rate": "fast"},
    ],
)
def test_what_cannot_be_is_refused(setting):
    with pytest.raises(InvalidInput) as error:
        Settings(**setting)
    assert error.value.kind == "bad-setting"
    assert "secret" not in str(error.value)


def test_usual_settings_are_valid():
    assert Settings(base_url="https://data.example.org/city", rate="5/minute").most_rows == 10_000


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.1", False),
        ("example.org", False),
    ],
)
def test_a_loopback_is_reached_by_this_machine_alone(host, ours):
    assert is_loopback(host) == ours
