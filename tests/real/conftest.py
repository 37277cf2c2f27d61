"""Where the real data is: beside the repository, or where STCLOUD_REAL_DATA says."""

import os
from pathlib import Path

import pytest

DATA = Path(
    os.environ.get("STCLOUD_REAL_DATA") or Path(__file__).resolve().parents[2].parent / "shared" / "data"
)


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the real data is not at {DATA.name}; set STCLOUD_REAL_DATA to its folder")
    return DATA
