"""What a service counts of itself, for who watches it. Tested by `tests/saas/web/test_overview.py`."""

from __future__ import annotations

from starlette.responses import Response

__all__ = ["ServiceCounts"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceCounts:
    """Requests by resource and status, and how long they took."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "stcloud_requests", "Requests answered.", ("resource", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "stcloud_request_seconds", "Time from a request to its response.", ("resource",), buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip

    def add(self, resource: str, response: Response | None, seconds: float) -> None:
        """Count a request; of a client that left there is no response."""
        status = "gone" if response is None else str(response.status_code)
        self._requests.labels(resource, status).inc()
        self._seconds.labels(resource).observe(seconds)

    def text(self) -> bytes:
        """Return all counts as OpenMetrics."""
        from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415

        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]
        return text
