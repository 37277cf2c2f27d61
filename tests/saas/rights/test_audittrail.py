"""An audit trail is only added to; what was changed in it is seen."""

import stat
import subprocess
import sys

import pytest

from stcloud.errors import FormatError, InvalidInput
from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.principal import ANONYMOUS, Principal


def entry(action):
    return AuditEntry(principal=ANONYMOUS, action=action, at_us=9)


@pytest.fixture
def trail(tmp_path):
    made = AuditTrail(tmp_path / "audit.ndjson")
    for number in range(3):
        made.add(
            AuditEntry(
                principal=Principal("zhao"), action="POST /questions", at_us=number, question={"layer": "requests"},
                pin="pin:…", rows=number, personal=frozenset({"phone", "name"}),
            )
        )  # fmt: skip
    return made


def test_entries_say_who_was_given_what(trail, tmp_path):
    noted = next(trail.entries())
    assert {name: noted[name] for name in ("principal", "action", "rows", "personal", "question")} == {
        "principal": "zhao", "action": "POST /questions", "rows": 0, "personal": ["name", "phone"],
        "question": {"layer": "requests"},
    }  # fmt: skip
    assert trail.verify() == 3
    assert stat.S_IMODE((tmp_path / "audit.ndjson").stat().st_mode) == 0o600


def test_an_empty_trail_is_whole(tmp_path):
    trail = AuditTrail(tmp_path / "none.ndjson")
    assert trail.verify(trail.digest()) == 0
    assert trail.add(entry("\udcff")) == trail.digest()
    assert trail.verify() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b"zhao", b"liao"), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [b"[]\n", *lines],
    ],
)
def test_what_was_changed_is_seen(trail, tmp_path, change):
    path = tmp_path / "audit.ndjson"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(FormatError, match="line") as caught:
        trail.verify()
    assert caught.value.kind == "damaged-audit"


def test_who_has_a_digest_sees_that_the_end_was_cut_off(trail, tmp_path):
    digest, path = trail.digest(), tmp_path / "audit.ndjson"
    trail.add(entry("GET /"))
    assert trail.verify(digest) == 4
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert trail.verify() == 2
    with pytest.raises(FormatError):
        trail.verify(digest)


def test_what_a_killed_process_left_is_no_entry(trail, tmp_path):
    with (tmp_path / "audit.ndjson").open("ab") as file:
        file.write(b'{"action": "GET')
    trail.add(entry("GET /"))
    assert trail.verify() == 4


def test_an_entry_stands_for_a_request_at_least():
    with pytest.raises(InvalidInput) as caught:
        AuditEntry(principal=ANONYMOUS, action="refused", at_us=9, count=0)
    assert caught.value.kind == "bad-setting"


def test_what_is_said_of_refused_requests_is_not_said_of_others(trail):
    trail.add(AuditEntry(principal=ANONYMOUS, action="refused", at_us=9, status=401, error="not-signed-in", count=7,
                         since_us=3, address="192.0.2.7"))  # fmt: skip
    given, *_, refused = trail.entries()
    only = set(refused) - set(given)
    assert {name: refused[name] for name in only} == {
        "error": "not-signed-in", "count": 7, "since_us": 3, "address": "192.0.2.7",
    }  # fmt: skip


def test_processes_share_a_trail(tmp_path):
    program = (
        "import sys; from pathlib import Path\n"
        "from stcloud.saas.rights.auditentry import AuditEntry\n"
        "from stcloud.saas.rights.audittrail import AuditTrail\n"
        "from stcloud.saas.rights.principal import Principal\n"
        "trail = AuditTrail(Path(sys.argv[1]))\n"
        "for number in range(30):\n"
        "    trail.add(AuditEntry(principal=Principal(sys.argv[2]), action='items', at_us=number))\n"
    )
    path = tmp_path / "audit.ndjson"
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("li", "zhao")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    trail = AuditTrail(path)
    assert trail.verify() == trail.head().lines == 60
    for name in ("li", "zhao"):
        assert [each["at_us"] for each in trail.entries() if each["principal"] == name] == list(range(30))
