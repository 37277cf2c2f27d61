"""What a page has: figures with their commands and tables, elements and references."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Page", "PageFigure", "differing", "read_page"]

VOID = {"meta", "path", "rect", "line", "circle", "br", "link"}


@dataclass
class PageFigure:
    """A figure as a reader of the page has it: every value as the command prints it."""

    name: str
    command: str = ""
    python: str = ""
    fields: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    caption: str = ""
    some: bool = False
    drawings: int = 0


@dataclass
class Page:
    """A page, parsed."""

    figures: list[PageFigure] = field(default_factory=list)
    elements: set[str] = field(default_factory=set)
    references: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.page, self.open, self.figure, self.cell = Page(), [], None, None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.page.elements.add(tag)
        self.page.references += [given[name] for name in ("src", "href", "action", "data") if name in given]
        if tag not in VOID:
            self.open.append((tag, given.get("class") or ""))
        if tag == "figure":
            self.figure = PageFigure(given["id"])
            self.page.figures.append(self.figure)
        elif self.figure is not None:
            if tag == "svg":
                self.figure.drawings += 1
            elif tag == "table":
                self.figure.some = given.get("data-part") == "some"
            elif tag == "tr" and self.inside("tbody"):
                self.figure.rows.append([])
            elif tag == "th" and "data-field" in given:
                self.figure.fields.append(given["data-field"])
            elif tag in ("td", "th") and self.inside("tbody"):
                self.figure.rows[-1].append("")
                self.cell = None
            elif tag == "data":
                self.cell = given["value"]
                self.figure.rows[-1][-1] = self.cell
        if tag == "p" and given.get("class") == "missing":
            self.page.missing.append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open, f"</{tag}> ends nothing"
        assert self.open[-1][0] == tag, f"</{tag}> within {self.open}"
        self.open.pop()
        if tag == "figure":
            self.figure = None

    def inside(self, tag, css=None):
        return any(name == tag and (css is None or css in classes) for name, classes in self.open)

    def handle_data(self, data):
        if not self.inside("style"):
            self.page.text += data
        if self.inside("p", "missing"):
            self.page.missing[-1] += data
        if self.figure is None:
            return
        if self.inside("pre", "shell"):
            self.figure.command += data
        elif self.inside("pre", "python"):
            self.figure.python += data
        elif self.inside("caption"):
            self.figure.caption += data
        elif self.inside("tbody") and self.open[-1][0] in ("td", "th"):
            self.figure.rows[-1][-1] += data


def read_page(html: str) -> Page:
    """Parse a page; every element must be closed where it was opened."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, reader.open
    return reader.page


def differing(figure: PageFigure, run) -> list[str]:
    """Run the command of a figure and return in what its table differs from what it prints."""
    words = shlex.split(figure.command)
    assert words[0] == "stcloud"
    outcome = run(*words[1:])
    if outcome.code:
        return [outcome.err]
    printed = [*csv.DictReader(io.StringIO(outcome.out))]
    expected = [[row.get(name, "?") for name in figure.fields] for row in printed]
    if figure.some:  # only the cells that are hot or cold, of which forty are shown
        place = figure.fields.index("class")
        hot = [row for row in expected if row[place].endswith((" hot", " cold"))]
        lacking = [f"{row} is not printed" for row in figure.rows if row not in hot]
        return (
            lacking
            if len(figure.rows) == min(len(hot), 40)
            else [f"of {len(hot)} rows {len(figure.rows)} are shown"]
        )
    return [] if figure.rows == expected else [f"{figure.rows} are not {expected}"]
