"""Policies: who may do what with a city, as a document.

One law decides: the rules are tried in their order, and the first one that is about the principal and the layer
decides everything; without one nothing is allowed.

Tested by `tests/saas/rights/test_policy.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.errors import InvalidDefinition, StcloudError
from stcloud.saas.rights.grants import Grants
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.rule import PolicyRule

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = ["OidcClause", "Policy"]

_VERSION = 1


class OidcClause(Closed):
    """How principals of an identity provider are known; see `OidcKeys`."""

    issuer: Text
    audience: Text
    jwks: Text
    """Where its public keys are: a file, or an ``https`` address."""
    algorithms: Annotated[tuple[Literal["RS256", "ES256", "EdDSA"], ...], Field(min_length=1)] = (
        "RS256", "ES256", "EdDSA",
    )  # fmt: skip
    name_claim: Text = "sub"
    roles_claim: Text = "roles"
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 30
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0


class Policy(Closed):
    """Who may do what: rules in their order, and what is not allowed by one is forbidden.

    Examples
    --------
    >>> policy = Policy.from_toml('''
    ... [[allow]]
    ... who = ["signed-in"]
    ... do = ["read"]
    ... layers = ["requests"]
    ... ''', name="policy.toml")
    >>> policy.grants(Principal("zhao")).may("read", "requests")
    True
    """

    version: int = _VERSION
    allow: tuple[PolicyRule, ...] = ()
    secret: str | None = Field(default=None, min_length=32, repr=False)
    """What codes of hashed columns are made with; whoever has it can try values."""
    oidc: OidcClause | None = None

    @model_validator(mode="after")
    def _can_hash(self) -> Self:
        if self.secret is None and any("hash" in (rule.personal, *rule.mask.values()) for rule in self.allow):
            raise ValueError("columns are hashed: state a secret of 32 letters or more")
        return self

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a policy; ``name`` is what to call it in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with every fault; ``unknown-version``.
        """
        with definition_faults(
            name, lambda place: PolicyRule.model_fields if "allow" in place else cls.model_fields
        ):
            document = tomllib.loads(text)
        version = document.get("version", 1)
        if isinstance(version, int) and version.bit_length() < 64 and not 1 <= version <= _VERSION:
            raise InvalidDefinition(
                "unknown-version", f"{name} is a policy of version {version}; known is up to version {_VERSION}",
                hint="upgrade stcloud, or write the policy anew",
            )  # fmt: skip
        with definition_faults(
            name, lambda place: PolicyRule.model_fields if "allow" in place else cls.model_fields
        ):
            return cls.model_validate(document)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the policy says, 64 hexadecimal digits; it changes with the secret, too."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def grants(self, principal: Principal, city: str | None = None) -> Grants:
        """Return what a principal may do in a city, or with None, in any."""
        places = tuple(
            place
            for place, rule in enumerate(self.allow)
            if rule.fits(principal) and (city is None or rule.names_city(city))
        )
        text = f"{self.digest} {places}"
        key = (self.secret or "").encode()
        return Grants(
            tuple(self.allow[place] for place in places), hashlib.sha256(text.encode()).hexdigest(), key
        )

    def check(self, city: City, name: str | None = None) -> None:
        """Refuse a policy that does not fit a city: layers, columns, filters, places and times that are not there.

        Rules about other cities are passed over; ``name`` is that of the city in rules, by default its own.

        Raises
        ------
        InvalidDefinition
            ``invalid-policy``, with every fault.
        """
        faults = tuple(self._faults(city, city.name if name is None else name))
        if faults:
            raise InvalidDefinition(
                "invalid-policy", f"the policy does not fit city '{city.name}'", faults=faults
            )

    def check_cities(self, names: Collection[str]) -> None:
        """Refuse rules about cities that are not among these: `InvalidDefinition` ``invalid-policy``."""
        faults = tuple(
            f"rule {number}: there is no city '{pattern}'"
            for number, rule in enumerate(self.allow, start=1)
            for pattern in rule.cities
            if "*" not in pattern and pattern not in names
        )
        if faults:
            raise InvalidDefinition(
                "invalid-policy", "the policy does not fit the cities that are served", faults=faults,
                hint=f"there are: {', '.join(names)}",
            )  # fmt: skip

    def _faults(self, city: City, name: str) -> Iterator[str]:
        from stcloud.saas.rights.rulecheck import faults_of  # noqa: PLC0415  (what reads layers is slow to import)

        for number, rule in enumerate(self.allow, start=1):
            if not rule.names_city(name):
                continue
            try:
                yield from (f"rule {number}: {fault}" for fault in faults_of(rule, city))
            except StcloudError as error:
                yield f"rule {number}: {error.message}"
