"""Prometheus metrics of the receiver, in a registry of their own for each app."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]


class Metrics:
    """Counters of what came in and where it went."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "workbench_deliveries_total",
            "Deliveries answered, by HTTP status.",
            ["status"],
            registry=self.registry,
        )
        self.events = Counter(
            "workbench_events_total",
            "Events made safe, by way (published, spooled).",
            ["way"],
            registry=self.registry,
        )
        self.drained = Counter(
            "workbench_spool_drained_total",
            "Events that left the spool for the broker.",
            registry=self.registry,
        )
        self.seconds = Histogram(
            "workbench_delivery_seconds",
            "Time from the first byte to the answer.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )

    def watch(self, *, spooled: Callable[[], float], ready: Callable[[], float]) -> None:
        """Read two gauges at scrape time."""
        Gauge(
            "workbench_spool_events", "Events in the spool.", registry=self.registry
        ).set_function(spooled)
        Gauge(
            "workbench_broker_ready", "1 while the broker confirms.", registry=self.registry
        ).set_function(ready)

    def render(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)
