"""moto's server of S3, with conditional puts made one at a time: ``python -m stcloud.testing.motoserver PORT``.

moto looks whether a key is there and then writes it, in threads: of eight racers two win once in some hundred rounds.
Amazon's S3 does both in one step, and so does this server.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Serve on the port of 127.0.0.1 that the first argument names, until the process ends."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  (tests alone have it)
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import run_simple  # noqa: PLC0415  (as above)

    application = _in_turn(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True, request_handler=MotoRequestHandler)


def _in_turn(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the application with conditional requests that write made one after another."""
    turn = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT" or "HTTP_IF_NONE_MATCH" not in environ:
            return application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with turn:
            return list(application(environ | {"wsgi.input": io.BytesIO(body)}, start_response))

    return serve


if __name__ == "__main__":
    main()
