"""`stcloud token`: tokens that principals show to services. Tested by `tests/saas/cli/test_token.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.iaas.clock import system_clock
from stcloud.saas.cli.option import FormatOption, OutputOption
from stcloud.saas.cli.output import note, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["token"]

token = typer.Typer(help="Tokens by which a service knows who asks.", no_args_is_help=True)

_DAY_US = 86_400_000_000
_DAYS = re.compile(r"([1-9][0-9]{0,4})d")

PrincipalName = Annotated[
    str, typer.Argument(metavar="NAME", help="Who shows the token.", show_default=False)
]
TokenFile = Annotated[Path, typer.Option("--file", help="File of tokens; only digests of them are in it.")]


@token.command()
def add(
    name: PrincipalName,
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role of the principal; may be given several times.", show_default=False),
    ] = None,
    expires: Annotated[
        str, typer.Option(help="Days from now, as in 90d, an instant or date in UTC, or never.")
    ] = "90d",
    file: TokenFile = Path("tokens.toml"),
    profile: Annotated[
        Path | None,
        typer.Option(help="Write it into a new profile of Delta Sharing instead.", show_default=False),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where tables are shared: CITY/delta-sharing; for --profile.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a token and print it. It is shown once: the file has a digest of it alone."""
    from stcloud.saas.rights.tokens import Tokens  # noqa: PLC0415  (keeps --help light)

    if (profile is None) != (endpoint is None):
        raise InvalidInput(
            "incomplete-profile", "a profile of Delta Sharing has a token, and the address where it is shown",
            hint="state a file and an endpoint", in_shell="state --profile and --endpoint together",
        )  # fmt: skip
    now_us = system_clock()
    expires_us = _expires_us(expires, now_us)
    tokens = Tokens(file)
    if profile is not None and endpoint is not None:
        from stcloud.saas.rights.shareprofile import new_profile  # noqa: PLC0415

        with new_profile(profile, endpoint, expires_us) as write:
            write(tokens.add(name, role or (), now_us=now_us, expires_us=expires_us))
        note(f"{profile} has the token of {name}; {file} has its digest")
        return
    print_text(tokens.add(name, role or (), now_us=now_us, expires_us=expires_us) + "\n")
    note(f"the token of {name} is shown once; {file} has its digest")


@token.command()
def revoke(name: PrincipalName, file: TokenFile = Path("tokens.toml")) -> None:
    """Revoke a token: it is not valid from now on."""
    from stcloud.saas.rights.tokens import Tokens  # noqa: PLC0415

    revoked = Tokens(file).revoke(name, now_us=system_clock())
    note(f"the token of {name} is revoked" if revoked else f"the token of {name} was not valid any more")


@token.command(name="list")
def list_tokens(
    file: TokenFile = Path("tokens.toml"), form: FormatOption = None, output: OutputOption = None
) -> None:
    """List tokens: names, roles, and until when they are valid; instants are UTC."""
    from stcloud.saas.rights.tokens import Tokens  # noqa: PLC0415
    from stcloud.time import Zone  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    now_us, utc = system_clock(), Zone("UTC")
    records = [
        {
            "name": record.name, "roles": " ".join(record.roles), "valid": record.valid_at(now_us),
            "created": utc.iso(record.created_us),
            "expires": None if record.expires_us is None else utc.iso(record.expires_us),
            "revoked": None if record.revoked_us is None else utc.iso(record.revoked_us),
        }
        for record in Tokens(file).list()
    ]  # fmt: skip
    print_records(records, target, ("name", "roles", "valid", "created", "expires", "revoked"))


def _expires_us(text: str, now_us: int) -> int | None:
    """Return when a token expires; None: never."""
    from stcloud.time import Zone, instant_us  # noqa: PLC0415

    if text == "never":
        return None
    if (days := _DAYS.fullmatch(text)) is not None:
        return now_us + int(days[1]) * _DAY_US
    try:
        return instant_us(text, Zone("UTC"))
    except InvalidInput as error:
        raise InvalidInput(
            "unreadable-time",
            f"'{text}' does not say when a token expires",
            hint="write 90d, 2027-01-01 or never",
        ) from error
