"""What is measured of the service, for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import cast

import pandas as pd
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.champion import Champion
from api.store.figures import Figures

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_BOUNDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counters of one application; with several workers added up in a folder, see ``VARIABLE``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        request, registry = ("method", "route"), self.registry
        self._requests = Counter("dealodds_requests", "Requests answered.", (*request, "status"), registry=registry)
        self._seconds = Histogram(
            "dealodds_request_seconds", "Seconds to the answer.", request, buckets=_BOUNDS, registry=registry
        )
        self._scores = Counter("dealodds_scores", "Scores given.", ("status", "opportunity_class"), registry=registry)
        self._refusals = Counter(
            "dealodds_events_refused",
            "Events refused. conflict: the id was used for another body; schema: not as /docs describes it; "
            "content: a stage, kind, id or instant that cannot be. field: the first that is wrong.",
            ("reason", "field"),
            registry=registry,
        )
        self._failed_loads = Counter(
            "dealodds_champion_loads_failed",
            "Champions that were refused, the one before served on.",
            registry=registry,
        )

    def count_request(self, method: str, route: str, status: int, took: float) -> None:
        """Count a request by the template of its route; paths themselves hold ids of customers."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(took)

    def count_scores(self, scores: Iterable[tuple[str, str | None]]) -> None:
        """Count scores by status and class."""
        for status, opportunity_class in scores:
            self._scores.labels(status, opportunity_class or "none").inc()

    def count_refusals(self, refusals: Iterable[tuple[str, str]]) -> None:
        """Count events that were refused by reason and field, as ``api.refusals.refusal_of`` names them."""
        for reason, field in refusals:
            self._refusals.labels(reason, field).inc()

    def count_failed_load(self) -> None:
        """Count a champion that did not load."""
        self._failed_loads.inc()

    def text(self, more: Collector) -> bytes:
        """Write everything in Prometheus' format; ``more`` is asked now, not counted."""
        registry = self.registry
        if os.environ.get(VARIABLE):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        asked = CollectorRegistry()
        asked.register(more)
        return generate_latest(registry) + generate_latest(asked)


class Present(Collector):
    """The state of a service at this moment: its model, list, outbox, and how its probabilities came true."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked before it is wanted."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Say how things stand."""
        now = self._app.state.clock()
        yield from _of_model(self._app.state.champion, now)
        figures = cast(Figures | None, self._app.state.figures)
        if figures is not None:
            for name, meaning, value in figures.at(now):
                yield GaugeMetricFamily(f"dealodds_{name}", meaning, value)


def _of_model(champion: Champion, now: pd.Timestamp) -> Iterator[Metric]:
    model = champion.model
    yield GaugeMetricFamily("dealodds_champion_loaded", "1 when a model is in service.", float(model is not None))
    if model is None:
        return
    about = {"version": model.version, "origin": str(model.training["origin"])}
    yield InfoMetricFamily("dealodds_model", "The model in service.", about)
    cutoff = model.training.get("cutoff")
    if cutoff is not None:
        age = (now - pd.Timestamp(str(cutoff))).total_seconds()
        yield GaugeMetricFamily("dealodds_model_age_seconds", "Since the end of what the model learned from.", age)
