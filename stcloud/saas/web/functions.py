"""Functions that filters may call (Features 3, ``/functions``). Tested by `tests/saas/web/test_collections.py`."""

from __future__ import annotations

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest

__all__ = ["functions"]

_TYPES = {
    "number": "number", "integer": "integer", "text": "string", "boolean": "boolean", "date": "datetime",
    "instant": "datetime", "interval": "datetime", "geometry": "geometry",
}  # fmt: skip


def functions(call: CityRequest) -> Response:
    """Return the functions, what they take and what they give."""
    from stcloud.paas.query.filter.function import FUNCTIONS  # noqa: PLC0415

    call.known_parameters(())
    described = [
        {
            "name": name,
            "arguments": [
                {"title": f"argument {number}", "type": sorted({_type(str(kind)) for kind in kinds})}
                for number, kinds in enumerate(function.takes, 1)
            ],
            "returns": [_type(str(function.gives))],
        }
        for name, function in sorted(FUNCTIONS.items())
    ]
    return call.document({"functions": described}, "functions")


def _type(kind: str) -> str:
    return _TYPES.get(kind, "string")
