"""`stcloud pack` and `stcloud receive`. Tested by `tests/saas/cli/test_pack.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, StcloudError
from stcloud.saas.cli.option import CityFolder, FormatOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.time import Zone

__all__ = ["pack", "receive"]

_PACKED = ("layer", "since", "until", "rows", "ends", "loads")
_RECEIVED = ("package", "layer", "of", "outcome", "rows", "ends", "until", "received_at")


def pack(
    city: CityFolder,
    layers: Annotated[
        list[str], typer.Argument(metavar="LAYER...", help="Names of the layers.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The package: NAME.stpack, which is replaced.", show_default=False
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            help="What was recorded after this: an instant, a pin, or the package before (NAME.stpack).",
            show_default="from the beginning",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="And until this: an instant or a pin.", show_default="now")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Sign it with this private key of Ed25519, PEM.", show_default=False)
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="With --for: the policy, TOML.", show_default=False)
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option("--for", metavar="NAME", help="Pack what this principal may read.", show_default=False),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="With --for: a role of the principal; may be repeated.", show_default=False),
    ] = None,
    form: FormatOption = None,
) -> None:
    """Write a package of layers for another city. It has what was recorded in a span."""
    target = target_of(form, None, offered=RECORDS)
    opened = open_city(city)
    with _seen_by(opened, policy, principal, role or []) as seen:
        done = seen.pack(*layers, to=output, since=since, until=until, key=key)
    zone = opened.configuration.zone
    records = [
        {
            "layer": each.layer, "since": None if each.since_us is None else zone.iso(each.since_us),
            "until": zone.iso(each.until_us), "rows": each.rows, "ends": each.ends, "loads": each.loads,
        }
        for each in done.layers
    ]  # fmt: skip
    print_records(records, target, _PACKED)
    note(f"packed {output}: {done.bytes:,} bytes")


def _seen_by(opened: City, policy: Path | None, principal: str | None, roles: list[str]) -> City:
    """Return the city, or what a principal may see of it."""
    if (policy is None) != (principal is None) or (roles and principal is None):
        raise InvalidInput(
            "policy-needed", "--for, --role and --policy go together: who it is for, and what that one may read",
            hint="state --policy FILE and --for NAME",
        )  # fmt: skip
    if policy is None or principal is None:
        return opened
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (few packages are for somebody)
    from stcloud.saas.rights.permittedcity import PermittedCity  # noqa: PLC0415
    from stcloud.saas.rights.policy import Policy  # noqa: PLC0415
    from stcloud.saas.rights.principal import Principal  # noqa: PLC0415

    stated = Policy.from_toml(read_text(policy), name=str(policy))
    stated.check(opened)
    return PermittedCity(opened, stated.grants(Principal(principal, frozenset(roles)), opened.name))


def receive(
    city: CityFolder,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|URL", show_default=False,
            help="A package, a folder of packages, or the address of one or of an index of them.",
        ),
    ],
    as_layer: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="LAYER", help="What a layer is called here that is received for the first time.",
            show_default="as its owner calls it",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Packages of the layer must be signed with this public key, PEM.", show_default=False),
    ] = None,
    anew: Annotated[  # noqa: FBT002
        bool, typer.Option("--anew", help="Let a package from the beginning replace a layer with another past.")
    ] = False,
    form: FormatOption = None,
) -> None:  # fmt: skip
    """Receive packages of another city, each once and in order."""
    target = target_of(form, None, offered=RECORDS)
    opened = open_city(city)
    zone = opened.configuration.zone
    try:
        done = opened.receive(source, as_layer=as_layer, trust=trust, anew=anew)
    except StcloudError as error:
        if before := error.context.get("received"):  # a script must know of them
            print_records([_record(each, zone) for each in before], target, _RECEIVED)
        raise
    print_records([_record(each, zone) for each in done], target, _RECEIVED)


def _record(each: Any, zone: Zone) -> dict[str, Any]:
    return {
        "package": each.package, "layer": each.layer, "of": f"{each.city}:{each.owners_layer}",
        "outcome": each.outcome, "rows": each.rows, "ends": each.ends, "until": zone.iso(each.until_us),
        "received_at": zone.iso(each.received_us),
    }  # fmt: skip
