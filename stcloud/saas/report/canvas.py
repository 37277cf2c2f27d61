"""The canvas a map is drawn on: a Matplotlib figure measured in pixels from its top left corner.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas.plaintext import visible, visible_lines
from stcloud.saas.report.glyph import WIDE, families, has_bold, missing
from stcloud.saas.wholefile import whole_file

__all__ = ["DPI", "PICTURES", "Canvas", "check_picture", "fixed_look", "lettering", "wrap"]

DPI = 128
"""Pixels an inch: a power of two, so that whole pixels stay whole in inches."""

PICTURES = (".png", ".svg", ".pdf")
"""Suffixes of the formats that a picture is written in."""

_SMALLEST, _LARGEST = (640, 480), 10_000
_METADATA = {
    "svg": {"Date": None, "Creator": "stcloud"},
    "pdf": {"CreationDate": None, "Creator": "stcloud", "Producer": None},
}
_LOOK: Any = {
    "svg.hashsalt": "stcloud",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
}

# Punctuation stays with what it follows; a long word may be cut.
_PIECE = re.compile(rf"\s+|[{WIDE}][，。、；：！？）」』》】]*|[^\s{WIDE}]{{1,40}}")


class Canvas(Figure):
    """A figure without pyplot. Text is plain: ``$`` is a dollar, not the start of a formula.

    ``missing`` holds the characters written so far that no font here has.

    Parameters
    ----------
    width_px, height_px
        Size in pixels.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        super().__init__(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, facecolor="white")
        self.set_layout_engine("none")
        self.agg = FigureCanvasAgg(self)
        self.width_px, self.height_px = width_px, height_px
        self.missing = ""

    def draw(self, renderer: Any) -> None:
        """Draw, quietly where no font has a glyph."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().draw(renderer)

    def measure(self, text: str, font: FontProperties) -> float:
        """Return the width of a text in pixels."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            renderer = self.agg.get_renderer()  # type: ignore[no-untyped-call]
            return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0])

    def write(
        self, x_px: float, y_px: float, text: str, size_pt: float, *, bold: bool = False, **style: Any
    ) -> None:
        """Write a text with its top left corner at a place, unless ``style`` aligns it otherwise."""
        style = {"va": "top", "ha": "left", "parse_math": False, "usetex": False, **style}
        text = visible(text)
        font = lettering(size_pt, text, bold=bold)
        self.missing = "".join(dict.fromkeys(self.missing + missing(text, font.get_family())))
        self.text(x_px / self.width_px, 1 - y_px / self.height_px, text, fontproperties=font, **style)

    def plain(self, text: str) -> str:
        """Return a text as it is drawn by axes, with its hidden characters written out; note what no font has."""
        text = visible_lines(text)
        self.missing = "".join(dict.fromkeys(self.missing + missing(text, lettering(8, text).get_family())))
        return text

    def paragraph(
        self,
        top_px: float,
        inset_px: float,
        text: str,
        size_pt: float,
        *,
        most: int,
        bold: bool = False,
        color: str,
    ) -> float:
        """Write a text between left and right inset, in at most so many lines; return where it ends."""
        text = visible_lines(text).expandtabs(1)
        font = lettering(size_pt, text, bold=bold)
        lines = wrap(text, self.width_px - 2 * inset_px, lambda part: self.measure(part, font))
        if len(lines) > most:
            lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
        elif len(lines) > 1:
            lines = self._balanced(lines, inset_px, text, font)
        step = size_pt / 72 * DPI * 1.35
        for number, line in enumerate(lines):
            self.write(inset_px, top_px + number * step, line, size_pt, bold=bold, color=color)
        return top_px + len(lines) * step

    def _balanced(self, lines: list[str], inset_px: float, text: str, font: FontProperties) -> list[str]:
        """Return as many lines of more equal width: no last line of a single word."""
        for share in (0.6, 0.7, 0.85):
            width = share * (self.width_px - 2 * inset_px)
            tried = wrap(text, width, lambda part: self.measure(part, font))
            if len(tried) == len(lines):
                return tried
        return lines

    def save(self, path: Path) -> None:
        """Write the figure as PNG, SVG or PDF, by the suffix, whole or not at all; its bytes are always the same.

        Raises
        ------
        StorageError
            ``picture-not-written``
        """
        form = path.suffix.lower().removeprefix(".")
        try:
            with whole_file(path, f".{form}") as whole:
                if form == "png":
                    self.agg.print_png(whole)  # type: ignore[no-untyped-call]
                else:
                    with whole.open("wb") as sink:
                        self.savefig(sink, format=form, dpi=DPI, facecolor="white", metadata=_METADATA[form])
        except StorageError as error:
            raise StorageError("picture-not-written", error.message, hint=error.hint) from error

    def block(self, x_px: float, y_px: float, width_px: float, height_px: float, **style: Any) -> None:
        """Fill a box given by its top left corner and size."""
        low = (x_px / self.width_px, 1 - (y_px + height_px) / self.height_px)
        size = (width_px / self.width_px, height_px / self.height_px)
        self.add_artist(Rectangle(low, *size, transform=self.transFigure, **style))

    def plot_box(self, x_px: float, y_px: float, width_px: float, height_px: float) -> Axes:
        """Return axes that fill a box given by its top left corner and size."""
        low = (x_px / self.width_px, 1 - (y_px + height_px) / self.height_px)
        return self.add_axes((*low, width_px / self.width_px, height_px / self.height_px))


@contextlib.contextmanager
def fixed_look() -> Iterator[None]:
    """Draw by Matplotlib's own defaults, whatever the user's ``matplotlibrc`` or a style says."""
    defaults: Any = {name: value for name, value in mpl.rcParamsDefault.items() if "backend" not in name}
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore", mpl.MatplotlibDeprecationWarning)
        mpl.rcParams.update(defaults)
        mpl.rcParams.update(_LOOK)
        yield


def check_picture(path: Path | None, size_px: tuple[int, int]) -> None:
    """Refuse a picture of no known format or of an impossible size.

    Raises
    ------
    InvalidInput
        ``unknown-picture``: the name does not end in .png, .svg or .pdf; ``invalid-size``.
    """
    if path is not None and path.suffix.lower() not in PICTURES:
        raise InvalidInput(
            "unknown-picture",
            f"a picture is PNG, SVG or PDF, not '{path.name}'",
            hint="let the name end in .png, .svg or .pdf",
        )
    if any(not least <= size <= _LARGEST for size, least in zip(size_px, _SMALLEST, strict=True)):
        raise InvalidInput(
            "invalid-size", f"{size_px[0]} x {size_px[1]} pixels", hint="640 x 480 to 10,000 x 10,000"
        )


def lettering(size_pt: float, text: str = "", *, bold: bool = False) -> FontProperties:
    """Return the fonts of a text: DejaVu Sans, and fonts found here for what that has not.

    Where one of them has no bold face the whole text is plain.
    """
    chosen = families(text)
    weight = "bold" if bold and all(map(has_bold, chosen)) else "normal"
    return FontProperties(family=chosen, size=size_pt, weight=weight)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break a text into lines at blanks, between Chinese characters, and within words beyond 40 letters.

    Parameters
    ----------
    text
        Text; a line break stays one.
    width
        Width of a line.
    measure
        Returns the width of a text in the same unit.

    Notes
    -----
    No character but blanks is lost. A line is wider than ``width`` only where it cannot be broken.

    Examples
    --------
    >>> wrap("what happened where", 13, len)
    ['what happened', 'where']
    >>> wrap("蓝塘大道夜市，占道经营", 7, len)
    ['蓝塘大道夜市，', '占道经营']
    """
    lines: list[str] = []
    for whole in text.splitlines():
        line = ""
        for piece in _PIECE.findall(whole):
            if line and measure((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return [line for line in lines if line]
