"""Prometheus metrics of the receiver, in a registry of their own for each app."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .errors import InvalidDelivery, WorkbenchError

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (256, 1024, 4096, 16384, 65536, 262144, 1048576)
REFUSALS = {
    400: "malformed",
    401: "not_authentic",
    408: "slow",
    413: "too_large",
    415: "content_type",
    422: "no_event",
}


class Metrics:
    """Counters of what came in and where it went, step by step."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = self._counter(
            "deliveries", "Deliveries answered, by HTTP status.", "status"
        )
        self.refused = self._counter("refused", "Deliveries refused, by reason.", "reason")
        events = self._counter("events", "Events made safe, by way (published, spooled).", "way")
        self.published = events.labels("published")
        self.spooled = events.labels("spooled")
        self.drained = self._counter("spool_drained", "Events that left the spool for the broker.")
        self.drain_failures = self._counter(
            "spool_drain_failures",
            "Tries to drain the spool that failed, by what failed.",
            "reason",
        )
        self.connects = self._counter("broker_connects", "Connections made to the broker.")
        self.seconds = self._histogram(
            "delivery_seconds", "Time from the first byte to the answer.", QUICK
        )
        self.body_bytes = self._histogram("delivery_body_bytes", "Size of the bodies read.", SIZES)
        self.confirm_seconds = self._histogram(
            "confirm_seconds",
            "Time until the broker has confirmed, or not, what it was sent.",
            QUICK,
        )

    def watch(
        self,
        *,
        spooled: Callable[[], float],
        spool_open: Callable[[], float],
        ready: Callable[[], float],
    ) -> None:
        """Read gauges at scrape time."""
        self._gauge("spool_events", "Events in the spool.", spooled)
        self._gauge("spool_open", "1 while the spool takes events, 0 if full or off.", spool_open)
        self._gauge("broker_ready", "1 while the broker confirms.", ready)

    def refuse(self, exc: Exception) -> None:
        """Count a refusal under its reason; a status tells more than the class of the error."""
        reason = exc.reason if isinstance(exc, WorkbenchError) else "unexpected"
        if isinstance(exc, InvalidDelivery):
            reason = REFUSALS.get(exc.status, reason)
        self.refused.labels(reason).inc()

    def render(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"workbench_{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, read: Callable[[], float]) -> None:
        Gauge(f"workbench_{name}", told, registry=self.registry).set_function(read)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"workbench_{name}", told, buckets=buckets, registry=self.registry)
