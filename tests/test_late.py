"""Names that are imported when they are first used: those that are listed, once, and no others."""

import subprocess
import sys

import pytest

import stcloud.space
from stcloud.late import late_names


def test_a_name_is_imported_when_it_is_first_used_and_kept():
    code = (
        "import sys, stcloud.space as space\n"
        "assert 'stcloud.space.crs' not in sys.modules and 'LONLAT' not in vars(space)\n"
        "assert space.LONLAT == 'OGC:CRS84' and vars(space)['LONLAT'] == 'OGC:CRS84'\n"
        "assert 'shapely' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_home_may_be_of_the_whole_package():
    get = late_names("stcloud.space", {"StcloudError": "stcloud.errors"})
    assert get("StcloudError").__module__ == "stcloud.errors"
    del stcloud.space.StcloudError


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match=r"'stcloud\.space' has no attribute 'lattice_of'"):
        stcloud.space.lattice_of  # noqa: B018
