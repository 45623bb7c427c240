"""How an Overheard is: its stages, its sources, its deliveries; as a record and as metrics for Prometheus."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from overheard import __version__
from overheard.log.base import Log
from overheard.log.deadletters import list_letters
from overheard.records import Delivery, decode
from overheard.web.base import SourceStatus
from overheard.web.results import Health, StageHealth
from overheard.wiring.system import STAGES, System, newest

# Seconds that a record may wait before it is said. A burst of a batch takes some, a stage that hangs takes more.
_LONG = 60.0


def health_of(system: System, sources: Sequence[SourceStatus], now: datetime) -> Health:
    """Return how the system with these sources is at `now`."""
    fates = system.fates()
    stages = [StageHealth(stage="collect", lag=0, fates=dict(fates["collect"]))]
    for name, topic in STAGES.items():
        lag, oldest = _waiting(system.log, name, topic)
        age = None if oldest is None else max(0.0, now.timestamp() - oldest / 1000)
        stages.append(StageHealth(stage=name, lag=lag, oldest_waiting=age, fates=dict(fates[name])))
    return Health(
        status="behind" if any((stage.oldest_waiting or 0) > _LONG for stage in stages) else "ok",
        version=__version__,
        stages=tuple(stages),
        sources=len(sources),
        failing_sources=tuple(source.name for source in sources if source.state and source.state.failures),
        dead_letters=len(list_letters(system.log)),
        deliveries=_deliveries(system.log),
    )


def metrics_of(health: Health, sources: Sequence[SourceStatus]) -> bytes:
    """Return the metrics in Prometheus' text format; nothing is counted between two calls."""
    registry = CollectorRegistry()
    registry.register(_Metrics(health, sources))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Metrics:
    """One look as a collector."""

    def __init__(self, health: Health, sources: Sequence[SourceStatus]) -> None:
        self._health = health
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        records = CounterMetricFamily("overheard_records", "Records by stage and fate.", labels=("stage", "fate"))
        lag = GaugeMetricFamily("overheard_lag_records", "Records that lie ahead of a stage.", labels=("stage",))
        oldest = GaugeMetricFamily(
            "overheard_oldest_waiting_seconds",
            "Age of the oldest record that lies ahead of a stage.",
            labels=("stage",),
        )
        for stage in self._health.stages:
            for fate, count in sorted(stage.fates.items()):
                records.add_metric((stage.stage, fate), count)
            if stage.stage in STAGES:
                lag.add_metric((stage.stage,), stage.lag)
                oldest.add_metric((stage.stage,), stage.oldest_waiting or 0.0)
        success = GaugeMetricFamily(
            "overheard_source_last_success_timestamp_seconds", "When a source last answered well.", labels=("source",)
        )
        failures = GaugeMetricFamily("overheard_source_failures", "Failures in a row of a source.", labels=("source",))
        for source in self._sources:
            if source.state and source.state.succeeded:
                success.add_metric((source.name,), source.state.succeeded.timestamp())
            failures.add_metric((source.name,), source.state.failures if source.state else 0)
        deliveries = GaugeMetricFamily("overheard_deliveries", "Alerts and digests by state.", labels=("state",))
        for state, count in sorted(self._health.deliveries.items()):
            deliveries.add_metric((state,), count)
        dead = GaugeMetricFamily("overheard_dead_letters", "Dead letters that wait for a person.")
        dead.add_metric((), self._health.dead_letters)
        yield from (records, lag, oldest, success, failures, deliveries, dead)


def _waiting(log: Log, stage: str, topic: str) -> tuple[int, int | None]:
    """Return how many offsets lie ahead of a stage, and when the oldest record there was appended (ms since 1970)."""
    positions = log.checkpoint(stage, topic).positions
    lag, oldest = 0, None
    for partition, (first, end) in log.spans(topic).items():
        at = max(first, positions.get(partition, 0))
        lag += end - at
        if at < end and (records := log.read(topic, partition, at, 1)):
            oldest = records[0].timestamp if oldest is None else min(oldest, records[0].timestamp)
    return lag, oldest


def _deliveries(log: Log) -> dict[str, int]:
    """Return the number of deliveries by state."""
    states = Counter[str]()
    for record in newest(log, "deliveries"):
        if record.value is not None and isinstance(delivery := decode(record.value).data, Delivery):
            states[delivery.state] += 1
    return dict(states)
