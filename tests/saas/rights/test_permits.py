"""Who may do the same shares one view of a city."""

import pytest

import stcloud
from stcloud.errors import InvalidDefinition, StcloudError
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal


def test_who_may_do_the_same_shares_one_view(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        text = '[[allow]]\nwho = "role:desk"\ndo = "read"\nlayers = "*"\n'
        permits = Permits(city, Policy.from_toml(text, name="policy.toml"), tmp_path / "copies")
        desk = frozenset({"desk"})
        assert permits.city_for(Principal("a", desk)) is permits.city_for(Principal("b", desk))
        assert (
            permits.city_for(Principal("c"))
            is permits.city_for(ANONYMOUS)
            is not permits.city_for(Principal("a", desk))
        )
        seen = permits.city_for(ANONYMOUS)
        permits.close()
        with pytest.raises(StcloudError, match="closed"):
            seen.layers()
        assert city.layers() == ()


def test_a_policy_that_does_not_fit_is_refused_at_once(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        text = '[[allow]]\nwho = "zhao"\ndo = "read"\nlayers = "nothing"\n'
        with pytest.raises(InvalidDefinition, match="no layer 'nothing'"):
            Permits(city, Policy.from_toml(text, name="policy.toml"))
