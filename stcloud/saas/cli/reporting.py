"""`stcloud report`. Tested by `tests/saas/cli/test_reporting.py`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import question_of
from stcloud.saas.cli.option import CityFolder, EngineOption, open_city, read_places
from stcloud.saas.cli.output import note
from stcloud.saas.cli.target import document_path
from stcloud.saas.wholefile import refuse_unwritable

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Question

__all__ = ["report"]

Documents = Annotated[
    list[Path], typer.Argument(metavar="QUESTION…", help="Questions, TOML or JSON.", show_default=False)
]
OutputPage = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The page: FILE.html, or FILE.pdf by Chromium.", show_default=False),
]
TemplateName = Annotated[str, typer.Option(help="weekly, monthly, class, or a jinja2 file of your own.")]
LanguageName = Annotated[str, typer.Option("--lang", help="Language of headings and fixed words: en or zh.")]
PageTitle = Annotated[
    str | None, typer.Option(help="Title of the page; default: the template's.", show_default=False)
]
PageKnownAt = Annotated[
    str | None,
    typer.Option(
        help="As it was known at this instant; default: the city's newest load.", show_default=False
    ),
]
Areas = Annotated[
    str | None,
    typer.Option(
        metavar="LAYER[.COLUMN]", help="Areas; default: the layer of communities.", show_default=False
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of classes; default: the definition's.", show_default=False),
]
Closed = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column with the instant of closing; default: the definition's.",
        show_default=False,
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        metavar="LOG|LAYER",
        help="What is evaluated; default: the layer, or the only log.",
        show_default=False,
    ),
]
PdfFile = Annotated[
    Path | None, typer.Option("--pdf", help="Print the page into this file, too.", show_default=False)
]
MovingMap = Annotated[
    Path | None,
    typer.Option("--map", help="Draw the first question as a moving map, FILE.gif.", show_default=False),
]
FrameStep = Annotated[
    str | None,
    typer.Option("--every", help="A frame a day, week or month; default: by the time.", show_default=False),
]
_CHOICES = ("areas", "classes", "closed", "log")


def report(
    city: CityFolder,
    questions: Documents,
    output: OutputPage = None,
    template: TemplateName = "weekly",
    title: PageTitle = None,
    lang: LanguageName = "en",
    known_at: PageKnownAt = None,
    areas: Areas = None,
    classes: Classes = None,
    closed: Closed = None,
    log: Log = None,
    pdf: PdfFile = None,
    moving: MovingMap = None,
    every: FrameStep = None,
    engine: EngineOption = "duckdb",
) -> None:
    """Write questions as a page of maps, charts and tables. Under each figure is the command behind its numbers."""
    given = dict(locals())
    _check_targets(output, pdf, moving, every)
    from stcloud.saas.paper.template import PaperTemplate  # noqa: PLC0415  (an extra, slow to import)

    page = PaperTemplate(template) if output is not None or pdf is not None else None
    opened = open_city(city, engine)
    documents = [question_of(opened.configuration, {}, path) for path in questions]
    if page is not None:
        _write_page(opened, documents, page, given)
    if moving is not None:
        _write_map(opened, documents[0], given)


def _check_targets(output: Path | None, pdf: Path | None, moving: Path | None, every: str | None) -> None:
    """Refuse files that could not be written; nothing is read or created."""
    if output is None and pdf is None and moving is None:
        raise InvalidInput(
            "file-needed", "a report is not written to stdout", hint="name a file: -o report.html"
        )
    document_path(output, ".html", ".htm", ".pdf")
    document_path(pdf, ".pdf")
    document_path(moving, ".gif")
    for path in (output, pdf, moving):
        if path is not None:
            refuse_unwritable(path)
    if any(path is not None and path.suffix.lower() == ".pdf" for path in (output, pdf)):
        from stcloud.saas.paper.pagefile import chromium_program  # noqa: PLC0415  (keeps --help light)

        chromium_program()
    if every is not None and moving is None:
        raise InvalidInput("no-picture", "--every is the step of a moving map", hint="add --map FILE.gif")


def _write_page(opened: City, questions: list[Question], page: Any, given: Mapping[str, Any]) -> None:
    from stcloud.saas.paper.choices import PaperChoices  # noqa: PLC0415
    from stcloud.saas.paper.pagefile import write_page, write_pdf  # noqa: PLC0415
    from stcloud.saas.paper.paper import known_of, paper_of  # noqa: PLC0415  (slow to import)

    choices = PaperChoices(**{name: given[name] for name in _CHOICES})
    known = known_of(opened, given["known_at"], choices.log)
    paper = paper_of(
        opened, questions, place=given["city"], title=given["title"] or "", language=given["lang"], choices=choices,
        known_at=known, command=_command(given, known), read=read_places,
    )  # fmt: skip
    text = page.render(paper)
    for path in (given["output"], given["pdf"]):
        if path is not None:
            (write_pdf if path.suffix.lower() == ".pdf" else write_page)(text, path)
            note(f"report: {path}")
    note(f"known at {known}")


def _write_map(opened: City, question: Question, given: Mapping[str, Any]) -> None:
    from stcloud.saas.paper.movingmap import write_moving_map  # noqa: PLC0415  (slow to import)
    from stcloud.saas.paper.paper import known_of  # noqa: PLC0415

    known = known_of(opened, question.known_at or given["known_at"])
    pinned = question.model_copy(update={"known_at": known})
    frames = write_moving_map(
        opened, pinned, given["moving"], every=given["every"], title=given["title"], tell=note, read=read_places
    )  # fmt: skip
    note(f"map: {given['moving']}, {frames} frames")


def _command(given: Mapping[str, Any], known: str) -> str:
    """Return the command that writes the same page; its file is named anew by whoever runs it."""
    words = ["stcloud", "report", given["city"], *map(str, given["questions"]), "--known-at", known]
    defaults = {"template": "weekly", "lang": "en"}
    for name in ("template", "title", "lang", *_CHOICES):
        if given[name] is not None and given[name] != defaults.get(name):
            words += [f"--{name}", given[name]]
    return " ".join([*map(shlex.quote, words), "-o", "report.html"])
