"""Write THIRD_PARTY.md, or compare it with what is installed: whose work is in the wheel, and whose comes with it.

``python tools/third_party.py`` writes it from the list of the page's libraries and from what the packages of this
environment say of themselves (``pip install '.[dev]'``); with ``--check`` it says what differs.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "THIRD_PARTY.md"
VENDOR = "stcloud/saas/console/page/vendor"
OURS = ("dev", "bench")
"""Extras of those who work on stcloud: no user installs them."""
SAID = {
    "BSD License": "BSD", "MIT License": "MIT", "Apache Software License": "Apache-2.0", "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
}  # fmt: skip
"""What classifiers say, as SPDX names it where it names one licence."""
ASSUMED = {"mgrs": "MIT"}
"""Licences of packages whose text says another than their classifier."""
COPYLEFT = {
    "certifi": "MPL-2.0 covers its own files, a list of certificates, which stcloud does not change",
    "psycopg": "LGPL-3.0: a library that stcloud calls, and neither changes nor ships; of the extra `postgres`",
    "psycopg-binary": "LGPL-3.0: as psycopg",
    "paho-mqtt": "one may choose BSD-3-Clause",
}
"""What is to be said of each dependency whose licence is one of copyleft, or may be."""
WEAK = re.compile(r"GPL|MPL|EPL|CDDL|EUPL")


def licence_of(name: str) -> str:
    """Return the licence that an installed package states."""
    described = importlib.metadata.metadata(name)
    if canonicalize_name(name) in ASSUMED:
        return ASSUMED[canonicalize_name(name)]
    if stated := described.get("License-Expression"):
        return str(stated)
    kinds = [
        said.rpartition(" :: ")[2]
        for said in described.get_all("Classifier") or ()
        if said.startswith("License")
    ]
    if kinds:
        return " or ".join(SAID.get(kind, kind) for kind in kinds)
    text = str(described.get("License") or "").strip()
    return text if text and "\n" not in text and len(text) <= 40 else "see its files"


def needed(requirements: list[str]) -> set[str]:
    """Return the installed packages that requirements bring, those that they bring in turn among them."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        one = waiting.pop()
        for extra in ("", *sorted(one.extras)):
            key = (canonicalize_name(one.name), extra)
            if key in found:
                continue
            found.add(key)
            for line in importlib.metadata.requires(one.name) or ():
                then = Requirement(line)
                if then.marker is None or then.marker.evaluate({"extra": extra}):
                    waiting.append(then)
    return {name for name, _ in found}


def dependencies() -> dict[str, dict[str, str]]:
    """Return the licences of what the core needs, and of what each extra adds to it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = needed(project["dependencies"])
    groups = {"core": core}
    for extra, lines in project["optional-dependencies"].items():
        if extra not in OURS:
            groups[extra] = needed(lines) - core
    return {group: {name: licence_of(name) for name in sorted(names)} for group, names in groups.items()}


def lines() -> Iterator[str]:
    """Yield the file's lines."""
    yield from INTRODUCTION.splitlines()
    yield "| library | version | licence | its text | files |"
    yield "|---|---|---|---|---|"
    vendored = json.loads((ROOT / VENDOR / "vendored.json").read_text())
    for one in vendored:
        files = ", ".join(one["files"])
        yield f"| {one['name']} | {one['version']} | {one['licence']} | {one['licence_file']} | {files} |"
    for one in vendored:
        if "parts" in one:
            yield ""
            yield f"The makers of {one['name']} built these in, whose texts are in `{one['parts_licence_file']}`:"
            yield ""
            yield "| library | version | licence |"
            yield "|---|---|---|"
            for part in one["parts"]:
                yield f"| {part['name']} | {part['version']} | {part['licence']} |"
    yield from DATA.splitlines()
    for group, licences in dependencies().items():
        yield ""
        yield f"### {group if group == 'core' else f'Extra `{group}`'}"
        yield ""
        if not licences:
            yield "Nothing that the core has not."
            continue
        yield "| package | licence |"
        yield "|---|---|"
        for name, licence in licences.items():
            yield f"| {name} | {licence} |"
    yield from COPYLEFT_TEXT.splitlines()
    for name, said in COPYLEFT.items():
        yield f"- {name}: {said}."


INTRODUCTION = f"""# Work of others

stcloud is under the [Apache License 2.0](LICENSE). This page lists the work of others that its wheel holds, and the
packages that are installed with it. `tools/third_party.py` writes it; a test compares it with what is installed.

## In the wheel

The console's page has copies of these libraries, as their packages on npm have them, but for addresses of modules and
notes of source maps (`{VENDOR}`). The texts of their licences are beside them, and
among the wheel's licences.

"""
DATA = """
No fonts, images, maps or data sets of others are in the wheel. Its definitions (`stcloud/_bundled`) are stcloud's own
and under its licence. Lists of classes, limits, grids and indicators among them restate codes and names of the
standards that each file names (`source`); definitions of open-data portals name the columns of these portals, and
hold none of their rows. The demo's town is invented.

## Installed beside it

The wheel holds none of these: pip installs them under their own licences, here as the packages themselves state them.
An extra's table has what it adds to the core.
"""
COPYLEFT_TEXT = """
## Copyleft

No package of the core is under the GPL, LGPL or AGPL. Some of their wheels hold libraries that are: those of shapely
and pyogrio, and of rasterio in the extra `scene`, GEOS (LGPL-2.1); those of numpy and scipy libgfortran
(GPL-3.0 with the runtime library exception) and libquadmath (LGPL-2.1); that of scikit-learn libgomp (as they).
Who ships an image with these wheels in it ships these libraries.

"""


def main(arguments: list[str]) -> int:
    """Write the file; with ``--check`` say whether it differs."""
    text = "\n".join(lines()) + "\n"
    if "--check" in arguments:
        return int(text != FILE.read_text())
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
