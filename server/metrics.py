"""What Prometheus reads: counters of this service's processes, and figures out of the database.

With PROMETHEUS_MULTIPROC_DIR set, as the supervisor does for its children, counters live in files
there and whoever is asked adds them all up. NQI_PROCESS names a child's file, so that a restarted
child goes on where the dead one stopped: counts do not fall, and files do not pile up.
Labels hold applications, channels, codes and names of ours: never a person or a ticket.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import wraps
from time import perf_counter
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sanic import HTTPResponse, Request

from handlers import noticed
from handlers.incoming import App
from handlers.watch import Figures

CONTENT_TYPE = CONTENT_TYPE_LATEST
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PROCESS = "NQI_PROCESS"
MOST_CODES = 100
# Most answers take milliseconds; 4.5 s is where WeChat's five seconds come into sight.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.5, 5.0)

if FOLDER in os.environ and PROCESS in os.environ:
    _name = os.environ[PROCESS]
    # prometheus_client leaves these two without types.
    values.ValueClass = values.MultiProcessValue(lambda: _name)  # type: ignore[no-untyped-call]

_registry = CollectorRegistry()
_callbacks = Histogram(
    "nqi_callback_seconds",
    "Time to the answer to WeChat; outcome: reply, success, refused, quarantined, failed",
    ("app", "outcome"),
    buckets=BUCKETS,
    registry=_registry,
)
_duplicates = Counter(
    "nqi_callback_duplicates", "Messages that came again", ("app",), registry=_registry
)
_deliveries = Counter(
    "nqi_deliveries",
    "Ended attempts; code: the platform's, 0 taken",
    ("channel", "code"),
    registry=_registry,
)
_token_fetches = Counter(
    "nqi_token_fetches", "Access tokens asked for", ("app", "mode"), registry=_registry
)
_codes: set[int] = set()
Handler = Callable[[Request], Awaitable[HTTPResponse]]

noticed.on_duplicate(lambda app: _duplicates.labels(app).inc())


def timed(app: App) -> Callable[[Handler], Handler]:
    """Time a callback's handler. Its `request.ctx.outcome` says what an answer's status can't."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def wrapped(request: Request) -> HTTPResponse:
            begun = perf_counter()
            request.ctx.outcome = "failed"
            try:
                return await handler(request)
            finally:
                took = perf_counter() - begun
                _callbacks.labels(app, request.ctx.outcome).observe(took)

        return wrapped

    return decorate


def count_delivery(channel: str, code: int) -> None:
    """An attempt has ended."""
    # The platform's list of codes is long, and an odd answer may hold any number.
    if len(_codes) < MOST_CODES:
        _codes.add(code)
    _deliveries.labels(channel, str(code) if code in _codes else "other").inc()


def count_token_fetch(app: App, *, forced: bool) -> None:
    """An access token is asked for."""
    _token_fetches.labels(app, "forced" if forced else "normal").inc()


def exposition(figures: Figures | None) -> bytes:
    """Everything in Prometheus's text format. figures: None when the database does not answer."""
    registry = _registry
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # without types
    gauges = CollectorRegistry()
    gauges.register(_Gauges(figures))
    return generate_latest(registry) + generate_latest(gauges)


class _Gauges(Collector):
    """Figures as gauges. What is unknown has no sample: a zero would look like good news."""

    def __init__(self, figures: Figures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See Collector."""
        figures = self._figures
        yield _gauge("nqi_database_up", "Whether the database answered", figures is not None)
        if figures is None:
            return
        yield _gauge("nqi_outbox_lag_seconds", "Age of the oldest sendable row", figures.outbox_lag)
        yield _labelled(
            "nqi_outbox_rows", "Unsent rows", ("state",), _items(figures.outbox.items())
        )
        yield _labelled(
            "nqi_gate_shut",
            "APIs of the platform that nothing is sent through now",
            ("gate", "code"),
            [((gate.name, gate.reason.partition(" ")[0]), 1) for gate in figures.gates],
        )
        yield _gauge("nqi_deadlines_missed", "Open tickets past their time", figures.overdue)
        yield _gauge("nqi_messages_failed", "Messages given up", figures.failed_messages)
        yield _gauge("nqi_bodies_quarantined", "Bodies not understood", figures.quarantined)
        yield _labelled(
            "nqi_credits_left",
            "Consents to one subscription message each",
            ("notice",),
            _items(figures.credits.items()),
        )
        if figures.worker_age is not None:
            yield _gauge("nqi_worker_age_seconds", "Since the heartbeat", figures.worker_age)
        if figures.unanswered_rate is not None:
            yield _gauge(
                "nqi_unanswered_ratio",
                "Share of the last 1000 questions that went to a person",
                figures.unanswered_rate,
            )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(
    name: str,
    text: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[tuple[str, ...], float]],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in samples:
        family.add_metric(label_values, value)
    return family


def _items(items: Iterable[tuple[Any, int]]) -> list[tuple[tuple[str, ...], float]]:
    return [((str(name),), number) for name, number in items]
