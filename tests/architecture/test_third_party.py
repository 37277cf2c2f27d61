"""THIRD_PARTY.md is true and complete: libraries of the page, what is installed beside, a word on copyleft."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.third_party import COPYLEFT, OURS, WEAK, dependencies

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEXT = (ROOT / "THIRD_PARTY.md").read_text()
VENDOR = ROOT / "stcloud/saas/console/page/vendor"
VENDORED = json.loads((VENDOR / "vendored.json").read_text())
EXTRAS = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name not in OURS}
GROUPS = {"core": PROJECT["dependencies"], **EXTRAS}
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())


def written() -> dict[str, dict[str, str]]:
    """The licences of packages as the file has them, by group."""
    groups: dict[str, dict[str, str]] = {}
    for section in TEXT.split("\n### ")[1:]:
        heading, _, body = section.partition("\n")
        rows = re.findall(r"^\| ([a-z0-9.-]+) \| (.+) \|$", body.partition("\n## ")[0], re.MULTILINE)
        groups[heading.removeprefix("Extra `").removesuffix("`")] = {
            name: licence for name, licence in rows if name != "package"
        }
    return groups


@pytest.mark.parametrize("library", VENDORED, ids=[library["name"] for library in VENDORED])
def test_each_library_of_the_page_is_listed_with_its_parts_and_their_texts(library):
    assert f"| {library['name']} | {library['version']} | {library['licence']} |" in TEXT
    texts = (VENDOR / library["parts_licence_file"]).read_text() if "parts" in library else ""
    for part in library.get("parts", ()):
        assert f"| {part['name']} | {part['version']} | {part['licence']} |" in TEXT
        assert f"\n{part['name']} {part['version']}\n" in texts


def test_the_wheel_has_each_text_among_its_licences():
    kept = {path for pattern in PROJECT["license-files"] for path in ROOT.glob(pattern)}
    assert {ROOT / "LICENSE", ROOT / "THIRD_PARTY.md", *VENDOR.glob("LICENSE.*")} == kept
    assert PROJECT["license"] == "Apache-2.0"


def test_what_is_listed_is_what_is_installed():
    listed = written()
    assert set(listed) == set(GROUPS)
    for group, licences in dependencies().items():
        missing = licences.items() - listed[group].items()
        assert not missing, f"tools/third_party.py lists {group} anew"


def test_what_a_user_asks_for_by_name_is_listed():
    listed = written()
    for group, lines in GROUPS.items():
        names = {canonicalize_name(Requirement(line).name) for line in lines}
        assert names <= listed["core"].keys() | listed[group].keys()


def test_each_licence_of_copyleft_has_a_word():
    weak = {
        name for licences in written().values() for name, licence in licences.items() if WEAK.search(licence)
    }
    assert weak == set(COPYLEFT)
    assert {name for name in weak if name in written()["core"]} == {"certifi"}
    for name, said in COPYLEFT.items():
        assert f"- {name}: {said}." in TEXT


def test_each_requirement_has_a_pin_that_it_allows():
    pins = {canonicalize_name(name): version for name, version in PINS.items()}
    lines = [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]
    for requirement in map(Requirement, lines):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), str(requirement)
