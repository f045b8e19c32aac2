"""What Prometheus gets. Labels are closed sets; nothing in a metric names a person, a room or a message.

What goes wrong with keys is counted in `crypto_metrics`. Counters are of the process, gauges of one bot.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tim_bots.health import Backlog, Health, readiness, seconds_since


def _counter(name: str, help_text: str, *outcomes: str) -> Counter:
    """A counter whose series are all there from the start."""
    counter = Counter(name, help_text, ["outcome"])
    for outcome in outcomes:
        counter.labels(outcome)
    return counter


SYNCS = _counter("tim_bot_syncs_total", "Syncs", "ok", "failed", "too_large")
HANDLED = _counter("tim_bot_messages_total", "What came in and was taken up", "done", "retried", "dead")
SENT = _counter("tim_bot_answers_total", "What was to be sent", "done", "retried", "dead", "nobody_there")
UNDECRYPTABLE = _counter(
    "tim_bot_undecryptable_total", "Messages that could not be decrypted", "readable_later", "asked", "not_asked"
)
GAPS = _counter("tim_bot_gaps_total", "Timelines that a sync left out", "closed", "refused", "too_long")


class BotCollector(Collector):
    """The gauges of one bot at one moment.

    Args:
        health, backlog, now: as for `readiness`.
    """

    def __init__(self, health: Health, backlog: Backlog | None, now: datetime) -> None:
        self._health = health
        self._backlog = backlog
        self._now = now

    def collect(self) -> Iterator[Any]:
        """For prometheus_client."""
        is_ready, components = readiness(self._health, self._backlog, self._now)
        yield _gauge("tim_bot_ready", "1: the bot does its work", float(is_ready))
        component = GaugeMetricFamily("tim_bot_component_ok", "1: this part is in order", labels=["component"])
        for name, part in components.items():
            component.add_metric([name], float(part["ok"]))
        yield component
        if self._health.last_sync_at is not None:
            last = self._health.last_sync_at.timestamp()
            yield _gauge("tim_bot_last_sync_timestamp_seconds", "End of the last good sync, Unix time", last)
        if self._backlog is not None:
            yield from self._queues(self._backlog)

    def _queues(self, backlog: Backlog) -> Iterator[Any]:
        waiting = GaugeMetricFamily("tim_bot_queue_length", "What waits", labels=["queue"])
        lengths = {
            "inbox": backlog.ready,
            "undecryptable": backlog.undecryptable,
            "outbox": backlog.waiting_out,
            "dead_letters": backlog.dead_in + backlog.dead_out,
            "timers": backlog.timers,
        }
        for name, length in lengths.items():
            waiting.add_metric([name], length)
        yield waiting
        age = GaugeMetricFamily("tim_bot_queue_age_seconds", "Age of what waits longest; 0: nothing", labels=["queue"])
        for name, oldest in (("inbox", backlog.oldest_in), ("outbox", backlog.oldest_out)):
            age.add_metric([name], seconds_since(oldest, self._now) or 0)
        yield age


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def exposition(health: Health, backlog: Backlog | None, now: datetime) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry()
    registry.register(BotCollector(health, backlog, now))
    return generate_latest(REGISTRY) + generate_latest(registry)
