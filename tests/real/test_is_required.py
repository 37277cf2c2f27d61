"""Where the data is, these tests run; a CI that has it may not skip them."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not os.environ.get("CI"), reason="required in CI only")
def test_real_data_is_used_where_it_is(request):
    if not BESIDE.is_dir():
        pytest.skip("no real data beside the repository")
    assert request.getfixturevalue("real_data").is_dir()
