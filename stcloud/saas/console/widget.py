"""The console as a widget of a notebook; needs ``anywidget``, and is imported where that is wanted.

The page's modules come with the widget, and its requests go to the kernel: nothing is fetched, and no port is opened.

Tested by `tests/saas/console/test_notebook.py`.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import anywidget
import traitlets

from stcloud.saas.console.consolefiles import PAGE, console_files
from stcloud.saas.console.inprocess import Received

__all__ = ["ConsoleWidget", "PageDesk"]

_ROOT = re.compile(r"\.console(?![\w-])")
_STYLES = ("style/page.css",)
"""Styles of a page of its own, which a cell of a notebook has not."""


class PageDesk(Protocol):
    """What answers the page's requests."""

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes, then: Any) -> Any:
        """Ask, and have ``then`` called with what is received."""

    def close(self) -> None:
        """End it."""


class ConsoleWidget(anywidget.AnyWidget):
    """The console in a cell.

    Parameters
    ----------
    desk
        What answers its requests; it is closed with the widget.
    state
        What is shown at first: fields of the page's state.
    height_px
        Height of the cell, pixels.
    """

    _esm = PAGE / "notebook.js"
    modules = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    height_px = traitlets.Int(640).tag(sync=True)

    def __init__(self, desk: PageDesk, *, state: dict[str, Any], height_px: int = 640) -> None:
        files = console_files()
        modules = {
            name: file.content.decode()
            for name, file in files.files.items()
            if name.endswith((".js", ".mjs")) and name not in ("main.js", "notebook.js")
        }
        styles = "\n".join(files.files[name].content.decode() for name in files.styles if name not in _STYLES)
        # No rule reaches what is around the cell; in a scope its root has a name of its own.
        self._css = f"@scope (.console) {{\n{_ROOT.sub(':scope', styles)}\n}}"
        super().__init__(modules=modules, state=state, height_px=height_px)
        self._desk = desk
        self.on_msg(self.receive)

    def receive(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        """Have a request of the page answered; the answer goes back under its number."""
        number = content["number"]

        def answered(received: Received) -> None:
            self.send(
                {"number": number, "status": received.status, "headers": received.headers}, [received.body]
            )

        body = bytes(buffers[0]) if buffers else b""
        self._desk.ask(content["method"], content["path"], content["headers"], body, answered)

    def close(self) -> None:
        """Remove it from the notebook, and end what answers it."""
        super().close()
        self._desk.close()
