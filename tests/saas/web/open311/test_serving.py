"""`stcloud serve --open311`: what cannot be served is refused before anything listens."""

import stcloud


def test_a_log_that_there_is_not_is_refused(run, tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland").close()
    result = run("serve", tmp_path / "city", "--open311", "desk", "--port", "0")
    assert result.code == 3
    assert "neither a log of cases nor a layer 'desk'" in result.line
    result = run("serve", tmp_path / "city", "--open311", "desk", "--open311-rate", "often")
    assert result.code == 2
    assert "'often' is no rate" in result.line
