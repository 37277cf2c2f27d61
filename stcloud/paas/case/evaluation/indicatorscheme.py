"""Schemes of evaluation: indicators and the policies that they count by, bundled or a city's own.

Tested by `tests/paas/case/evaluation/test_indicatorscheme.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, nearest
from stcloud.iaas.bundle import bundled_text, indicator_schemes
from stcloud.paas.case.evaluation.policies import Policies
from stcloud.paas.case.evaluation.schemeclauses import IndicatorClause, PolicyClause, SchemeClause
from stcloud.time import Zone

__all__ = ["IndicatorScheme", "read_scheme"]


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorScheme:
    """Indicators, and policies; checked.

    Attributes
    ----------
    id, title
        Of the document.
    indicators
        By name, in order.
    policies
        Named sets of cases.

    Examples
    --------
    >>> scheme = read_scheme("urban-management")
    >>> scheme.indicators["rework_rate"].denominator, scheme.policies.variants("should_close")
    ('should_close', ('should_close_handled', 'should_close_flagged', 'should_close_with_suspended'))
    """

    id: str
    title: str
    indicators: Mapping[str, IndicatorClause]
    policies: Policies

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml``, ``invalid-definition``; ``unsound-indicators``: unknown policies or columns, conditions that
            are none, each in a line.
        InvalidInput
            ``unknown-scheme``: it extends one that is not bundled.
        """
        with definition_faults(name, _keys):
            clause = SchemeClause.model_validate(tomllib.loads(text))
        inherited = None if clause.extends is None else read_scheme(clause.extends)
        policies = (dict(inherited.policies.clauses) if inherited else {}) | clause.policies
        indicators = (dict(inherited.indicators) if inherited else {}) | clause.indicators
        try:
            scheme = cls(clause.id, clause.title, indicators, Policies(policies))
        except InvalidInput as error:
            raise InvalidDefinition("unsound-indicators", name, faults=[str(error)]) from error
        if faults := [*scheme.policies.faults(Zone("UTC")), *scheme._faults()]:
            raise InvalidDefinition("unsound-indicators", name, faults=faults)
        return scheme

    def indicator(self, name: str) -> IndicatorClause:
        """Return an indicator; `NotFound` ``unknown-indicator``, with the nearest."""
        if name not in self.indicators:
            close = nearest(name, self.indicators)
            raise NotFound(
                "unknown-indicator", f"there is no indicator '{name}'", nearest=close,
                hint="" if close else f"use one of {', '.join(self.indicators)}",
            )  # fmt: skip
        return self.indicators[name]

    def chosen(self, policies: Sequence[str]) -> dict[str, str]:
        """Return by which policy each other one is replaced.

        Parameters
        ----------
        policies
            Variants, such as ``should_close_handled``.

        Raises
        ------
        NotFound
            ``unknown-policy``.
        InvalidInput
            ``no-variant``: a policy that is no variant; ``ambiguous-policy``: two variants of one.
        """
        replaced: dict[str, str] = {}
        for name in policies:
            role = self.policies.clause(name).variant_of
            if role is None:
                variants = self.policies.variants(name)
                if variants:  # the usual one is named: nothing is replaced
                    continue
                raise InvalidInput(
                    "no-variant", f"'{name}' is no variant of another policy",
                    hint=f"use one of {', '.join(self._variants())}",
                )  # fmt: skip
            if replaced.get(role, name) != name:
                raise InvalidInput(
                    "ambiguous-policy", f"'{replaced[role]}' and '{name}' are both variants of '{role}'",
                    hint="name one of them",
                )  # fmt: skip
            replaced[role] = name
        return replaced

    def _variants(self) -> tuple[str, ...]:
        return tuple(name for name, clause in self.policies.clauses.items() if clause.variant_of)

    def _faults(self) -> Iterator[str]:
        for name, clause in self.indicators.items():
            named = (
                clause.numerator,
                *((clause.denominator,) if clause.denominator else ()),
                *clause.exclude,
            )
            for policy in named:
                if policy not in self.policies.clauses:
                    close = nearest(policy, self.policies.clauses)
                    proposal = f"; did you mean '{close[0]}'?" if close else ""
                    yield f"indicators.{name}: there is no policy '{policy}'{proposal}"


@lru_cache(maxsize=8)
def read_scheme(name: str) -> IndicatorScheme:
    """Return a bundled scheme by its name; `InvalidInput` ``unknown-scheme``."""
    if name not in indicator_schemes():
        raise InvalidInput(
            "unknown-scheme",
            f"there are no bundled indicators {name!r}",
            hint=f"use {', '.join(indicator_schemes())}",
        )
    return IndicatorScheme.from_toml(
        bundled_text("layers", "indicators", f"{name}.toml"), name=f"{name}.toml"
    )


_CLAUSES: dict[str, type[Closed]] = {"policies": PolicyClause, "indicators": IndicatorClause}


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    clause = _CLAUSES.get(str(place[0])) if place else SchemeClause
    fields = clause.model_fields if clause else {}
    return tuple(field.alias or name for name, field in fields.items())
