"""What Prometheus sees of events. Labels are our own names, never ids."""

from prometheus_client import Counter, Gauge

PUBLISHED = Counter("rammevagt_outbox_published_total", "Events that the broker has on disk")
LAG = Gauge("rammevagt_outbox_lag_seconds", "Age of the oldest event not yet published")
CONNECTED = Gauge("rammevagt_broker_connected", "1 while the broker is connected")
HANDLED = Counter("rammevagt_events_handled_total", "Events handled", ("handler", "outcome"))  # done, retried, dead
WEBHOOK_STATE = Gauge(
    "rammevagt_webhook_state", "0 while it takes events, 1 while it is tried again, 2 when it is stopped", ("webhook",)
)
WEBHOOK_WAITING = Gauge("rammevagt_webhook_waiting", "Events of the broker that it has not taken", ("webhook",))
WEBHOOK_EVENTS = Counter("rammevagt_webhook_events_total", "Events: sent, failed, set_aside", ("webhook", "outcome"))
