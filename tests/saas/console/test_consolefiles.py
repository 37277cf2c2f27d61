"""The files of the page: whole, compressed, typed, and of vendored libraries what their list says."""

from __future__ import annotations

import gzip
import hashlib
import json
import re

import pytest

from stcloud.saas.console.consolefiles import PAGE, console_files

FILES = console_files()
VENDORED = json.loads((PAGE / "vendor/vendored.json").read_text())
START_GZIP_BYTES = 1_200_000


def test_a_file_is_given_as_it_is():
    file = FILES.files["core/state.js"]
    assert file.content == gzip.decompress(file.compressed) == (PAGE / "core/state.js").read_bytes()
    assert file.media_type == "text/javascript; charset=utf-8"
    assert file.tag == f'"{hashlib.sha256(file.content).hexdigest()[:32]}"'
    assert not [name for name in FILES.files if name.endswith(".d.mts") or name == "index.html"]


@pytest.mark.parametrize("library", VENDORED, ids=[library["name"] for library in VENDORED])
def test_vendored_files_have_the_checksums_of_their_list_and_a_licence(library):
    for name, listed in library["files"].items():
        assert hashlib.sha256((PAGE / "vendor" / name).read_bytes()).hexdigest() == listed["sha256"]
    assert (PAGE / "vendor" / library["licence_file"]).stat().st_size > 500
    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    assert library["licence"] in ("Apache-2.0", "BSD-3-Clause", "MIT")


def test_the_list_of_vendored_files_has_all_of_them():
    listed = {name for library in VENDORED for name in [*library["files"], library["licence_file"]]}
    listed |= {library["parts_licence_file"] for library in VENDORED if "parts" in library}
    there = {path.name for path in (PAGE / "vendor").iterdir() if not path.name.endswith(".d.mts")}
    assert there == {*listed, "vendored.json"}


def test_the_page_names_its_files_and_is_escaped():
    page = FILES.html(root="http://host/below", base='http://host/a"b', title="<Town>")
    assert "{{" not in page
    assert 'data-city="http://host/a&quot;b"' in page
    assert "<title>&lt;Town&gt;</title>" in page
    for address in re.findall(r'(?:href|src)="(http://host/below/static/console/[^"]+)"', page):
        assert address.removeprefix("http://host/below/static/console/") in FILES.files
    assert re.findall(r"<script(?![^>]*src=)", page) == []
    assert "style=" not in page


def test_all_that_a_start_transfers_is_small():
    started = [file.compressed for name, file in FILES.files.items() if not name.endswith((".txt", ".json"))]
    assert sum(map(len, started)) <= START_GZIP_BYTES


def test_no_file_names_another_host():
    own = [name for name in FILES.files if not name.startswith("vendor/")]
    named = {
        (name, address)
        for name in own
        for address in re.findall(r"https?://[\w.]+", FILES.files[name].content.decode())
    }
    assert {address for _, address in named} <= {"http://modules", "http://www.w3.org"}


def test_modules_import_what_there_is_and_in_no_circle():
    imports = {
        name: {
            _joined(name, path)
            for path in re.findall(
                r'^(?:import|export)[^;]*?from "([^"]+)"', file.content.decode(), re.MULTILINE
            )
        }
        for name, file in FILES.files.items()
        if name.endswith(".js")
    }
    assert {other for others in imports.values() for other in others} <= set(FILES.files)
    left = dict(imports)
    while left:
        free = [name for name, others in left.items() if not others & set(left)]
        assert free, f"these import each other: {sorted(left)}"
        for name in free:
            del left[name]


def _joined(name: str, path: str) -> str:
    parts = name.split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_both_languages_have_the_same_words():
    for path in sorted((PAGE / "words").glob("*.js")):
        halves = path.read_text().split("export const zh")
        keys = [re.findall(r'^  (?:"([^"]+)"|([\w$]+)): ', half, re.MULTILINE) for half in halves]
        english, chinese = ({quoted or plain for quoted, plain in half} for half in keys)
        assert english == chinese, path.name


def test_colours_are_those_of_maps_and_charts():
    from stcloud.saas.report import palette

    text = FILES.files["core/palette.js"].content.decode()
    sides = [palette.diverging(3, below=below) for below in (True, False)]
    for colours in (palette.SEQUENTIAL, palette.LINES, *sides):
        assert "[" + ", ".join(f'"{colour}"' for colour in colours) + "]" in text
    for faces in (palette.HOT, palette.COLD):
        for name, colour in faces.items():
            assert f'{name}: "{colour}"' in text
    for name in ("POINT", "ZERO", "ABSENT", "NO_VALUE"):
        assert f'{name} = "{getattr(palette, name)}"' in text
