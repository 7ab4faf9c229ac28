"""What Prometheus sees of events. Labels are our own names, never ids."""

from prometheus_client import Counter, Gauge

PUBLISHED = Counter("rammevagt_outbox_published_total", "Events that the broker has on disk")
LAG = Gauge("rammevagt_outbox_lag_seconds", "Age of the oldest event not yet published")
CONNECTED = Gauge("rammevagt_broker_connected", "1 while the broker is connected")
HANDLED = Counter("rammevagt_events_handled_total", "Events handled", ("handler", "outcome"))  # done, retried, dead
