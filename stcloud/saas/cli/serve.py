"""`stcloud serve`. Tested by `tests/saas/cli/test_serve.py`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.store.folder import read_text
from stcloud.saas.cli.option import open_city
from stcloud.saas.cli.output import note

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.saas.web import Service, Settings

__all__ = ["open_cities", "prepare_service", "run_service", "serve"]

Cities = Annotated[list[str], typer.Argument(help="Folders or addresses of cities.", show_default=False)]


def serve(
    cities: Cities,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen at; 0: any that is free.", min=0, max=65_535)
    ] = 8080,
    base_url: Annotated[
        str | None,
        typer.Option(help="Address that clients know it by, where a proxy is before it.", show_default=False),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin whose pages may read it; repeat it.", show_default=False),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Document of who may see what.", exists=True, dir_okay=False)
    ] = None,
    tokens: Annotated[Path | None, typer.Option(help="File of tokens; see stcloud token.")] = None,
    audit: Annotated[Path | None, typer.Option(help="File that notes who was given what.")] = None,
    rate: Annotated[str, typer.Option(help="Most requests of one principal.")] = "200/second",
    seconds: Annotated[float, typer.Option(help="Longest time of a question.", min=0.1)] = 30.0,
    max_load_mb: Annotated[
        int, typer.Option(help="Largest file that is loaded into a layer, in MB; 0: none is.", min=0)
    ] = 1_000,
    load_seconds: Annotated[float, typer.Option(help="Longest time of a load.", min=0.1)] = 600.0,
    open311: Annotated[
        str | None,
        typer.Option(
            metavar="LOG|LAYER",
            help="Serve the requests of a log of cases, which takes reports, or of a layer as Open311.",
            show_default=False,
        ),
    ] = None,
    open311_rate: Annotated[
        str, typer.Option(metavar="N/UNIT", help="Most reports of one network address.")
    ] = "30/minute",
) -> None:
    """Serve cities over HTTP: to other systems, QGIS and browsers."""
    prepare_service()
    from stcloud.saas.web import Settings  # noqa: PLC0415
    from stcloud.saas.web.settings import is_loopback, own_names  # noqa: PLC0415

    if policy is None and not is_loopback(host):
        raise InvalidInput(
            "policy-needed", f"{host} is reached by others, and nothing says what they may see",
            hint="state a policy", in_shell="state it in a --policy, or listen at --host 127.0.0.1",
        )  # fmt: skip
    settings = Settings(
        base_url=base_url, origins=tuple(origin or ()), seconds=seconds, rate=rate, open311=open311,
        open311_rate=open311_rate, hosts=() if policy is not None else own_names(host, base_url),
        most_load_bytes=max_load_mb * 1_000_000, load_seconds=load_seconds,
    )  # fmt: skip
    service = _service(cities, settings, policy, tokens, audit)
    run_service(service, host, port, "serving at")


def prepare_service() -> None:
    """Have Arrow take memory from the C library, unless the environment says otherwise; Arrow is not loaded yet.

    Of its own pool, which is made for few threads, a service that answers while it is loaded holds several times what
    is in use. `MissingExtra` ``web-needed``: a library is not installed.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    _libraries()


def _libraries() -> Any:
    """Return the server's library; `MissingExtra` ``web-needed``."""
    try:
        import jinja2  # noqa: F401, PLC0415
        import limits  # noqa: F401, PLC0415
        import msgspec  # noqa: F401, PLC0415
        import starlette  # noqa: F401, PLC0415
        import uvicorn  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "web-needed",
            f"services need {error.name}, which is not installed",
            hint="pip install 'stcloud[web]'",
        ) from error
    return uvicorn


def _service(
    cities: list[str], settings: Settings, policy: Path | None, tokens: Path | None, audit: Path | None
) -> Service:
    """Return the service of cities, with who may see what."""
    from stcloud.saas.rights.audittrail import AuditTrail  # noqa: PLC0415
    from stcloud.saas.rights.policy import Policy  # noqa: PLC0415
    from stcloud.saas.rights.tokens import Tokens  # noqa: PLC0415
    from stcloud.saas.web import Service  # noqa: PLC0415
    from stcloud.saas.web.warming import warm_for_pages  # noqa: PLC0415

    stated = None if policy is None else Policy.from_toml(read_text(policy), name=str(policy))
    if tokens is not None and stated is None:
        raise InvalidInput("policy-needed", "tokens say who asks, and nothing says what they may see")
    opened = open_cities(cities)
    if settings.open311 is not None:
        _check_open311(opened, settings.open311)
    trail = None if audit is None else AuditTrail(audit)
    if trail is not None:
        trail.prepare()
    return Service(
        opened, settings, policy=stated, tokens=None if tokens is None else Tokens(tokens), audit=trail,
        page_opened=warm_for_pages,
    )  # fmt: skip


def open_cities(addresses: list[str]) -> dict[str, City]:
    """Return the cities by name; `InvalidInput` ``same-names``: two have one name."""
    opened: dict[str, City] = {}
    for address in addresses:
        city = open_city(address)
        name = Path(address.rstrip("/")).name or city.name
        if name in opened:
            raise InvalidInput(
                "same-names", f"two cities have the name '{name}'", hint="serve one of them elsewhere"
            )
        opened[name] = city
    return opened


def _check_open311(cities: dict[str, City], name: str) -> None:
    """Refuse a log or layer that cannot be served: what `open_desk` refuses."""
    from stcloud.iaas.clock import system_clock  # noqa: PLC0415
    from stcloud.saas.web.open311.routes import open_desk  # noqa: PLC0415

    for city in cities.values():
        open_desk(city, name, system_clock()).close()


def run_service(
    service: Service, host: str, port: int, words: str, ready: Callable[[str], object] | None = None
) -> None:
    """Serve until somebody ends it.

    Parameters
    ----------
    service
        What answers.
    host, port
        Where it listens; port 0: any that is free.
    words
        What is said before its address, when it listens and before the first request.
    ready
        What is called with the address then.
    """
    uvicorn = _libraries()
    from stcloud.saas.web import application  # noqa: PLC0415
    from stcloud.saas.web.background import in_background  # noqa: PLC0415
    from stcloud.saas.web.warming import warm  # noqa: PLC0415

    config = uvicorn.Config(
        application(service), host, port, log_level="warning", access_log=False, server_header=False
    )
    with _listening(host, port) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}/"
        note(f"{words} {address} (Ctrl-C ends it)")
        cities = tuple(service.cities.values())
        in_background(lambda: warm(cities))
        if ready is not None:
            ready(address)
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; `InvalidInput` ``cannot-listen``."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        raise InvalidInput(
            "cannot-listen", f"nothing can listen at {host}, port {port}: {error.strerror or error}",
            hint="choose another port",
        ) from error  # fmt: skip
    # Connections inherit it; without it each answer waits 40 ms for the client to acknowledge its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
