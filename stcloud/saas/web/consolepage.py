"""The console over HTTP: its page and the files of it.

Tested by `tests/saas/web/test_consolepage.py`.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stcloud.saas.console import console_files
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.media import HTML, JSON, preferred

__all__ = ["console_file", "console_page", "wants_console"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the page may do: run the service's own files and ask the service. Tiles come as blobs, and so do pictures."""
_OWN = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}


def wants_console(call: CityRequest) -> bool:
    """Tell whether a request is that of a browser that names no format: it gets the page."""
    return not call.query and preferred((JSON, HTML), None, call.headers.get("accept")) is HTML


def console_page(call: CityRequest) -> Response:
    """Return the page of a city, which holds nothing of it but its name."""
    page = console_files().html(root=call.root, base=call.base, title=call.city.name)
    call.extra["Content-Security-Policy"] = _POLICY
    return call.reply(page.encode(), HTML)


async def console_file(request: Request) -> Response:
    """Return a file of the page; 304 where the browser has it. It is compressed once, when it is first wanted."""
    file = console_files().files.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    headers = {**_OWN, "ETag": file.tag}
    if file.tag in [
        tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")
    ]:
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.content, headers=headers, media_type=file.media_type)
    return Response(
        file.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type
    )
