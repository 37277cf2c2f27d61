"""A package for a principal: it answers as the city does that the principal may see, and has nothing else."""

import gzip
import io
import zipfile

import pyarrow.parquet as pq
import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal
from stcloud.testing.exchange import Sender, Ticking, receiving_city

SECRET = "a secret of more than thirty-two letters"
RULES = {
    "all": "",
    "hidden": 'hide = ["note"]',
    "rows": """what = "note <> 'SECRET'" """,
    "hashed": 'mask = { note = "hash" }',
    "dropped": 'mask = { note = "drop" }',
    "cells": 'position = "cell:100m"',
    "columns": 'columns = ["id"]',
}


def seen(city, rule, do="read"):
    text = f'secret = "{SECRET}"\n[[allow]]\nwho = ["city"]\ndo = ["{do}"]\nlayers = ["events"]\n{rule}\n'
    policy = Policy.from_toml(text, name="policy.toml")
    return PermittedCity(city, policy.grants(Principal("city"), city.name))


def content(path):
    """Return all that a package says, as text."""
    with zipfile.ZipFile(path) as archive:
        texts = [gzip.decompress(archive.read("manifest.json.gz")).decode()]
        for name in archive.namelist():
            if name.endswith(".parquet.gz"):
                texts.append(str(pq.read_table(io.BytesIO(gzip.decompress(archive.read(name)))).to_pylist()))
    return "\n".join(texts)


@pytest.mark.parametrize("rule", RULES)
def test_a_package_answers_as_what_may_be_seen(tmp_path, rule):
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    sender.load(1, 2, note="open")
    sender.load(2, 3, note="SECRET")
    instants, since = [], None
    for number in range(2):
        with seen(sender.city, RULES[rule]) as permitted:
            path = tmp_path / f"{number}.stpack"
            permitted.pack("events", to=path, since=since)
            since = path
        assert ("SECRET" in content(path)) is (rule in ("all", "cells") and not number)
        city.receive(path)
        instants.append(sender.clock.now_us)
        sender.load(3, note="closed")
        sender.load(1, note="SECRET", mode="delete")
    with seen(sender.city, RULES[rule]) as permitted:
        for at_us in instants:
            ours, theirs = (each.query("events").known_at(at_us).rows().table for each in (city, permitted))
            assert ours.equals(theirs)
        assert city.layer("events").attributes == permitted.layer("events").attributes
    assert [finding for finding in city.check() if finding.faults] == []


def test_another_policy_is_another_past(tmp_path):
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    sender.load(1, note="SECRET")
    paths = [tmp_path / f"{number}.stpack" for number in range(3)]
    with seen(sender.city, RULES["hidden"]) as permitted:
        permitted.pack("events", to=paths[0])
    city.receive(paths[0])
    sender.load(2)
    with seen(sender.city, "") as permitted:
        with pytest.raises(StcloudError) as caught:
            permitted.pack("events", to=paths[1], since=paths[0])
        assert caught.value.kind == "changed-past"
        permitted.pack("events", to=paths[2])
    with pytest.raises(StcloudError) as caught:
        city.receive(paths[2])
    assert caught.value.kind == "changed-past"
    assert [done.outcome for done in city.receive(paths[2], anew=True)] == ["anew"]


def test_what_may_be_counted_alone_is_not_packed(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1)
    for do, layer, kind in (("count", "events", "only-counts"), ("read", "other", "unknown-layer")):
        with seen(sender.city, "", do) as permitted, pytest.raises(StcloudError) as caught:
            permitted.pack(layer, to=tmp_path / "x.stpack")
        assert caught.value.kind in (kind, "not-permitted")
    with seen(sender.city, "") as permitted, pytest.raises(StcloudError) as caught:
        permitted.receive(tmp_path / "x.stpack")
    assert caught.value.kind == "not-permitted"
    assert stcloud.open(tmp_path / "district").layers()
