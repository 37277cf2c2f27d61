"""The files of the console's page, as a browser is given them: read once, compressed once.

Tested by `tests/saas/console/test_consolefiles.py`.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGE", "ConsoleFile", "ConsoleFiles", "console_files"]

PAGE = Path(__file__).parent / "page"
"""The folder of the page's files."""
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}
_TYPED_ONLY = (".d.ts", ".d.mts")
"""Endings of files that say what vendored modules have, for the checker of types alone."""


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """A file of the page.

    Parameters
    ----------
    media_type
        Its media type, with a charset where it is text.
    content, compressed
        Its bytes; the same, compressed by gzip.
    tag
        Digest of its bytes, as a strong ``ETag``.
    """

    media_type: str
    content: bytes
    compressed: bytes
    tag: str

    @classmethod
    def read(cls, path: Path) -> ConsoleFile:
        """Read a file."""
        content = path.read_bytes()
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        text = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        digest = hashlib.sha256(content).hexdigest()[:32]
        return cls(text, content, gzip.compress(content, 9, mtime=0), f'"{digest}"')


@dataclass(frozen=True, slots=True)
class ConsoleFiles:
    """The files of the page by their names, such as ``core/state.js``.

    Parameters
    ----------
    files
        All of them, but for the page's own frame and what is for the checker of types.
    frame
        The page itself, a template: ``{{base}}``, ``{{title}}``, ``{{modules}}`` and others are to be replaced.
    """

    files: Mapping[str, ConsoleFile]
    frame: str

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the page's own modules and of the small vendored ones, which a browser loads at once."""
        small = ("vendor/preact.mjs", "vendor/hooks.mjs", "vendor/htm.mjs")
        return tuple(sorted(name for name in self.files if name.endswith(".js") or name in small))

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of its styles, in the order in which they hold."""
        return tuple(sorted((name for name in self.files if name.endswith(".css")), key=_style_order))

    def html(self, *, root: str, base: str, title: str) -> str:
        """Return the page of a city.

        Parameters
        ----------
        root, base
            Addresses of the service and of the city, without a slash at their end.
        title
            What the window is called.
        """
        files = f"{root}/static/console"
        preloads = "\n".join(f'<link rel="modulepreload" href="{files}/{name}">' for name in self.modules)
        styles = "\n".join(f'<link rel="stylesheet" href="{files}/{name}">' for name in self.styles)
        page = self.frame
        for name, value in (
            ("modules", preloads),
            ("styles", styles),
            ("files", files),
            ("base", _attribute(base)),
        ):
            page = page.replace("{{" + name + "}}", value)
        return page.replace("{{title}}", _attribute(title))


def _style_order(name: str) -> tuple[bool, bool, str]:
    return not name.startswith("vendor/"), name != "style/base.css", name


def _attribute(text: str) -> str:
    """Return a text as it stands in HTML."""
    from html import escape  # noqa: PLC0415

    return escape(text, quote=True)


@functools.cache
def console_files() -> ConsoleFiles:
    """Return the files of the page, read at the first call."""
    files = {
        path.relative_to(PAGE).as_posix(): ConsoleFile.read(path)
        for path in sorted(PAGE.rglob("*"))
        if path.is_file() and not path.name.endswith(_TYPED_ONLY)
    }
    frame = files.pop("index.html").content.decode()
    return ConsoleFiles(files, frame)
