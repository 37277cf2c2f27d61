"""The console in a notebook: of a city, and of one answer.

Tested by `tests/saas/console/test_notebook.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.errors import MissingExtra

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer
    from stcloud.saas.console.widget import ConsoleWidget

__all__ = ["console_of", "explore"]


def console_of(city: City, *, height_px: int = 640, **state: Any) -> ConsoleWidget:
    """Return the console of a city for a cell of a notebook.

    Parameters
    ----------
    city
        The city; it stays open.
    height_px
        Height of the cell, pixels.
    state
        What is shown at first: ``layer``, ``when``, ``where``, ``what``, ``by``, ``known``, ``board`` …

    Raises
    ------
    MissingExtra
        ``notebook-needed``
    """
    widget = _widget()
    from stcloud.saas.console.inprocess import InProcess  # noqa: PLC0415
    from stcloud.saas.web import Service, application  # noqa: PLC0415

    desk = InProcess(application(Service({city.name: city})))
    return widget(desk, state=_state(state), height_px=height_px)


def explore(answer: Answer, *, height_px: int = 480) -> ConsoleWidget:
    """Return an answer as a map, a chart and a table for a cell of a notebook.

    Parameters
    ----------
    answer
        What is shown: all of it, at most 10,000 rows.
    height_px
        Height of the cell, pixels.

    Raises
    ------
    MissingExtra
        ``notebook-needed``
    InvalidInput
        ``too-many-rows``: the answer has more rows than a page can show.
    """
    widget = _widget()
    from stcloud.saas.console.answerdesk import AnswerDesk  # noqa: PLC0415

    return widget(AnswerDesk(answer), state={"board": "answer"}, height_px=height_px)


def _widget() -> type[ConsoleWidget]:
    try:
        import anywidget  # noqa: F401, PLC0415
        import msgspec  # noqa: F401, PLC0415
        import starlette  # noqa: F401, PLC0415

        from stcloud.saas.console.widget import ConsoleWidget  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "notebook-needed", f"notebooks need {error.name}, which is not installed",
            hint="pip install 'stcloud[notebook]'",
        ) from error  # fmt: skip
    return ConsoleWidget


def _state(given: dict[str, Any]) -> dict[str, Any]:
    """Return a state as the page has it: lists of texts, and texts."""
    lists = ("what", "where", "when", "group", "under")
    return {
        name: [value]
        if name in lists and isinstance(value, str)
        else list(value)
        if name in lists
        else str(value)
        for name, value in given.items()
    }
