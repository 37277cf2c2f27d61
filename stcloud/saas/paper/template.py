"""Templates: pages in jinja2, rendered where they reach values alone, and no further.

Tested by `tests/saas/paper/test_template.py`.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from stcloud.errors import InvalidInput, MissingExtra, NotFound, StcloudError
from stcloud.saas.paper.markup import escaped

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

    from stcloud.saas.paper.paper import Paper

__all__ = ["MOST_BYTES", "TEMPLATES", "PaperTemplate", "require_jinja"]

TEMPLATES = ("weekly", "monthly", "class")
"""Names of the bundled templates."""
_FOLDER = Path(__file__).parent / "templates"
_SUFFIX = ".html.jinja"
_OPTION = re.compile(r"(?<=\s)--?[a-z][a-z-]*=?")
_OWN = "own:"
"""What the name of a person's own template begins with, so that it hides no bundled one."""
MOST_BYTES, _MOST_LETTERS = 20_000_000, 1_000_000


def require_jinja() -> Any:
    """Return jinja2; `MissingExtra` ``report-needed`` where it is not installed."""
    try:
        import jinja2  # noqa: PLC0415  (an extra)
        import jinja2.sandbox  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "report-needed",
            "reports need jinja2, which is not installed",
            hint="pip install 'stcloud[report]'",
        ) from error
    return jinja2


class PaperTemplate:
    """A template: a bundled one, or a file.

    Parameters
    ----------
    given
        ``weekly``, ``monthly``, ``class``, or the path of a file.

    Raises
    ------
    MissingExtra
        ``report-needed``.
    NotFound
        ``unknown-template``: there is no such template, and no such file.
    InvalidInput
        ``unreadable-template``, with the line.
    """

    def __init__(self, given: str = TEMPLATES[0]) -> None:
        jinja = require_jinja()
        bundled = given in TEMPLATES
        path = _FOLDER / f"{given}{_SUFFIX}" if bundled else Path(given)
        self.name = path.name if bundled else str(given)
        text = _read(path, given)
        key = self.name if bundled else f"{_OWN}{given}"
        try:
            self._template = _environment({} if bundled else {key: text}).get_template(key)
        except jinja.TemplateSyntaxError as error:
            raise _unreadable(self.name, error.lineno, str(error.message)) from error

    def render(self, paper: Paper) -> str:
        """Return the page of a report.

        Raises
        ------
        InvalidInput
            ``unreadable-template`` and ``unsafe-template`` with the line; ``large-report``.
        StcloudError
            What answering raises, such as ``unknown-section``.
        """
        pieces, size = [], 0
        try:
            for piece in self._template.generate(paper=paper, words=paper.words):
                pieces.append(piece)
                size += len(piece)
                _check_size(self.name, size)
        except StcloudError:
            raise
        except Exception as error:
            if _is_ours(error) and not isinstance(error, require_jinja().sandbox.SecurityError):
                raise
            self._refuse(error)
        return "".join(pieces)

    def _refuse(self, error: Exception) -> NoReturn:
        jinja = require_jinja()
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>" or
                  frame.filename.endswith((_SUFFIX, self.name))]  # fmt: skip
        line = int(getattr(error, "lineno", None) or (frames[-1].lineno if frames else None) or 1)
        if isinstance(error, jinja.TemplateSyntaxError):
            raise _unreadable(
                (error.name or self.name).removeprefix(_OWN), error.lineno, str(error.message)
            ) from error
        if isinstance(error, jinja.sandbox.SecurityError | OverflowError | MemoryError):
            raise InvalidInput(
                "unsafe-template", f"{self.name}, line {line}: {_first_line(error)}",
                hint="a template reaches the report's values and nothing else",
            ) from error  # fmt: skip
        if isinstance(error, jinja.TemplateNotFound):
            raise _unreadable(
                self.name, line, f"there is no template '{error.name}' to include or extend"
            ) from error
        raise _unreadable(self.name, line, _first_line(error)) from error


def _read(path: Path, given: str) -> str:
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415  (keeps --help light)

    if not path.is_file():
        raise NotFound(
            "unknown-template", f"there is no template and no file '{given}'",
            hint=f"use {', '.join(TEMPLATES)}, or the path of a file",
        )  # fmt: skip
    with storage_errors(f"read {path}"):
        content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(str(given), content[: error.start].count(b"\n") + 1, "it is not UTF-8") from error


def _environment(own: dict[str, str]) -> SandboxedEnvironment:
    """Return where a template is rendered: all is escaped, and nothing undefined is passed over."""
    jinja = require_jinja()

    class PaperEnvironment(jinja.sandbox.ImmutableSandboxedEnvironment):  # type: ignore[misc, name-defined]
        """Refuse what would make texts of any length."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            sizes = [len(value) for value in (left, right) if isinstance(value, str | list | tuple)]
            factors = [value for value in (left, right) if isinstance(value, int)]
            if operator == "**" or (sizes and factors and sizes[0] * factors[0] > _MOST_LETTERS):
                raise jinja.sandbox.SecurityError(f"what '{operator}' would make here is too large")
            return super().call_binop(context, operator, left, right)

    loader = jinja.ChoiceLoader([jinja.DictLoader(own), jinja.FileSystemLoader(_FOLDER)])
    environment: SandboxedEnvironment = PaperEnvironment(
        loader=loader, autoescape=True, undefined=jinja.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {"markup": SafeMarkup, "typed": _typed}
    return environment


class SafeMarkup(str):
    """Markup that is put on a page as it is: drawings and tables, in which everything is escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup itself, as jinja2 asks for it."""
        return str(self)


def _typed(text: str) -> SafeMarkup:
    """Return a command as markup in which no line breaks within the name of an option."""
    return SafeMarkup(_OPTION.sub(r'<span class="o">\g<0></span>', escaped(text)))


def _unreadable(name: str, line: int, fault: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-template", f"{name}, line {line}: {fault}", hint="see docs/how-to/write-a-report.md"
    )


def _check_size(name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise InvalidInput(
            "large-report", f"the page of {name} is beyond {MOST_BYTES // 1_000_000} MB",
            hint="narrow the questions, or leave sections out",
        )  # fmt: skip


def _is_ours(error: Exception) -> bool:
    """Return whether an error was raised by stcloud's own code, not by a template or its library."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(last).is_relative_to(_FOLDER.parents[2]) and not last.endswith(_SUFFIX)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__
