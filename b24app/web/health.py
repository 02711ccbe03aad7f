"""Live, ready, and the counters for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from b24app.resources import resources

blueprint = Blueprint("health", __name__)


class SharedCounters(Collector):
    """The counters all processes share, read at the moment they are asked for."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One family for each name, one sample for each outcome."""
        resources().meter.flush()
        families: dict[str, CounterMetricFamily] = {}
        for (name, outcome), value in sorted(resources().counters.all().items()):
            if name not in families:
                label = "method" if name.startswith("portal_call_") else "outcome"
                families[name] = CounterMetricFamily(f"b24app_{name}", name, labels=[label])
            families[name].add_metric([outcome], value)
        yield from families.values()


@blueprint.get("/healthz")
def live() -> ResponseReturnValue:
    """The process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain"}


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The store answers; 503 otherwise."""
    resources().installations.ping()
    return "ok\n", 200, {"Content-Type": "text/plain"}


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SharedCounters())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
