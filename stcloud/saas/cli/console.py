"""`stcloud console`. Tested by `tests/saas/cli/test_console.py`."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from stcloud.saas.cli.serve import open_cities, prepare_service, run_service

__all__ = ["console"]

_HOST = "127.0.0.1"


def console(
    cities: Annotated[list[str], typer.Argument(help="Folders or addresses of cities.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any that is free.", min=0, max=65_535)] = 0,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in the browser.")] = False,  # noqa: FBT002
    seconds: Annotated[float, typer.Option(help="Longest time of a question.", min=0.1)] = 30.0,
) -> None:
    """Open the console of cities, a page, on this machine."""
    prepare_service()
    from stcloud.saas.web import Service, Settings  # noqa: PLC0415
    from stcloud.saas.web.settings import own_names  # noqa: PLC0415
    from stcloud.saas.web.warming import warm_for_pages  # noqa: PLC0415

    settings = Settings(seconds=seconds, hosts=own_names(_HOST, None))
    service = Service(open_cities(cities), settings, page_opened=warm_for_pages)
    run_service(service, _HOST, port, "the console is at", webbrowser.open if browser else None)
