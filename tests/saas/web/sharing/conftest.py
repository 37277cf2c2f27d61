"""A town that is shared by a policy, and what reads its tables."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from stcloud.iaas.clock import system_clock
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from tests.saas.web.conftest import auckland, place, shanghai
from tests.saas.web.town import heads_of

__all__ = ["auckland", "place", "shanghai"]

SHARE = "/delta-sharing/shares/town"
TABLES = f"{SHARE}/schemas/layers/tables"
POLICY = """
secret = "0123456789012345678901234567890123456789"
[[allow]]
who = ["role:desk"]
do = ["read"]
layers = ["*"]
[[allow]]
who = ["role:masked"]
do = ["read"]
layers = ["calls"]
hide = ["weight"]
mask = {category = "hash"}
position = "cell:100m"
[[allow]]
who = ["role:few"]
do = ["read"]
layers = ["calls"]
what = ["n > 1"]
[[allow]]
who = ["role:few"]
do = ["read"]
layers = ["plots"]
[[allow]]
who = ["role:counts"]
do = ["count"]
layers = ["*"]
"""
ROLES = {"zhao": ["desk"], "qian": ["masked"], "sun": ["few"], "li": ["counts"], "wu": []}


@dataclass
class Shared:
    """A service of a town by a policy, with the headers of its principals, and its clock."""

    client: TestClient
    heads: dict[str, dict[str, str]]
    trail: Path
    service: Service
    late_us: list[int]

    def get(self, path, who="zhao", **options):
        return self.client.get(path, headers=self.heads[who], **options)

    def query(self, table, who="zhao", **wanted):
        return self.client.post(f"{TABLES}/{table}/query", headers=self.heads[who], json=wanted)

    def files(self, table, who="zhao", **wanted):
        """Return the lines of files."""
        response = self.query(table, who, **wanted)
        assert response.status_code == 200, response.text
        return [json.loads(line)["file"] for line in response.text.splitlines()[2:]]

    def rows(self, table, who="zhao", **wanted):
        """Return the rows of a table; its files are read without a token."""
        tables = []
        for file in self.files(table, who, **wanted):
            given = self.client.get(file["url"])
            assert (given.status_code, len(given.content)) == (200, file["size"]), given.text
            tables.append(pq.read_table(io.BytesIO(given.content)))
            assert json.loads(file["stats"]) == {"numRecords": len(tables[-1])}
        return pa.concat_tables(tables)


@pytest.fixture(scope="module")
def shared(shanghai, tmp_path_factory):
    folder, late_us = tmp_path_factory.mktemp("shared"), [0]
    tokens = Tokens(folder / "tokens.toml")
    heads = {**heads_of(tokens, ROLES, system_clock()), "nobody": {}}
    policy, trail = Policy.from_toml(POLICY, name="policy.toml"), AuditTrail(folder / "audit.ndjson")
    service = Service(
        {"town": shanghai.city}, Settings(rate="100000/second"), policy=policy, tokens=tokens, audit=trail,
        clock=lambda: system_clock() + late_us[0],
    )  # fmt: skip
    with TestClient(application(service), raise_server_exceptions=False) as client:
        yield Shared(client, heads, folder / "audit.ndjson", service, late_us)
        service.cities = {}  # the town is served on
