"""Make the vendored libraries of the console's page from their packages on npm, or compare them with these.

``make vendored`` writes them, ``make check`` compares. What a browser loads is the packages' own file, but for names
of other packages, which become addresses, and for notes of source maps, which are not shipped.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / ".venv/page/node_modules"
VENDOR = ROOT / "stcloud/saas/console/page/vendor"
LIST = "vendored.json"
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*\Z|/\*# sourceMappingURL=\S+ \*/\s*\Z")
_NAMES = {'from"preact"': 'from"./preact.mjs"'}


@dataclass(frozen=True, slots=True)
class Vendored:
    """A library: its package, the files that are taken of it with the names that they get, and its licence.

    Its parts are the packages that its makers built into these files; their licences ask to go with them.
    """

    package: str
    files: dict[str, str]
    licence: str
    parts: tuple[str, ...] = ()


LIBRARIES = (
    Vendored("htm", {"dist/htm.module.js": "htm.mjs"}, "LICENSE"),
    Vendored(
        "maplibre-gl",
        {
            "dist/maplibre-gl.mjs": "maplibre-gl.mjs",
            "dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
            "dist/maplibre-gl.css": "maplibre-gl.css",
        },
        "LICENSE.txt",
        parts=(
            "@mapbox/jsonlint-lines-primitives",
            "@mapbox/point-geometry",
            "@mapbox/tiny-sdf",
            "@mapbox/unitbezier",
            "@mapbox/vector-tile",
            "@maplibre/geojson-vt",
            "@maplibre/maplibre-gl-style-spec",
            "@maplibre/mlt",
            "@maplibre/vt-pbf",
            "bidi-js",
            "earcut",
            "gl-matrix",
            "json-stringify-pretty-compact",
            "kdbush",
            "murmurhash-js",
            "pbf",
            "potpack",
            "quickselect",
            "tinyqueue",
        ),
    ),
    Vendored("preact", {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "hooks.mjs"}, "LICENSE"),
    Vendored("uplot", {"dist/uPlot.esm.js": "uplot.mjs", "dist/uPlot.min.css": "uplot.css"}, "LICENSE"),
)


def made() -> Iterator[tuple[str, bytes]]:
    """Yield the names and the bytes of all vendored files, the list of them last."""
    listed = []
    for library in LIBRARIES:
        folder = PACKAGES / library.package
        described = json.loads((folder / "package.json").read_text())
        files = {}
        for source, name in library.files.items():
            content = _shipped((folder / source).read_text()).encode()
            files[name] = {"from": source, "sha256": hashlib.sha256(content).hexdigest()}
            yield name, content
        licence = f"LICENSE.{library.package}.txt"
        yield licence, (folder / library.licence).read_bytes()
        own = {
            "name": library.package, "version": described["version"], "licence": described["license"],
            "licence_file": licence, "files": files,
        }  # fmt: skip
        if library.parts:
            texts = f"LICENSE.{library.package}.parts.txt"
            yield texts, "\n".join(_licence(name) for name in library.parts).encode()
            own |= {"parts_licence_file": texts, "parts": [_part(name) for name in library.parts]}
        listed.append(own)
    yield LIST, (json.dumps(listed, indent=2) + "\n").encode()


def _part(package: str) -> dict[str, str]:
    described = json.loads((PACKAGES / package / "package.json").read_text())
    return {"name": package, "version": described["version"], "licence": described["license"]}


def _licence(package: str) -> str:
    """Return the text of a package's licence below a line with its name; of one that has it there, the read-me's."""
    folder = PACKAGES / package
    files = sorted(path for path in folder.iterdir() if path.name.upper().startswith("LICENSE"))
    text = files[0].read_text() if files else (folder / "README.md").read_text().partition("## License")[2]
    if not text.strip():
        raise SystemExit(f"{package} has no text of its licence")
    return f"{'=' * 80}\n{package} {_part(package)['version']}\n{'=' * 80}\n{text.strip()}\n"


def _shipped(text: str) -> str:
    for name, address in _NAMES.items():
        text = text.replace(name, address)
    return _SOURCE_MAP.sub("\n", text)


def main(arguments: list[str]) -> int:
    """Write the files; with ``--check`` say which ones differ."""
    different = []
    for name, content in made():
        path = VENDOR / name
        if path.is_file() and path.read_bytes() == content:
            continue
        different.append(name)
        if "--check" not in arguments:
            path.write_bytes(content)
    for name in different:
        print(f"{name} {'is not what its package has' if '--check' in arguments else 'is written'}")
    return 1 if different and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
