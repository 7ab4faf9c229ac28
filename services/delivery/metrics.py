"""What delivery counts. Labels are hops and outcomes; nothing of any mail."""

from prometheus_client import Counter, Gauge, Histogram

DELIVERIES = Counter("rammevagt_deliveries_total", "Deliveries settled, by outcome", ["hop", "outcome"])
IN_FLIGHT = Gauge("rammevagt_deliveries_in_flight", "Transactions under way", ["hop"])
CONNECTIONS = Counter("rammevagt_delivery_connections_total", "Connections made to a hop", ["hop"])
HOP_UP = Gauge("rammevagt_delivery_hop_up", "1 while the hop can be reached", ["hop"])
ATTEMPT_SECONDS = Histogram("rammevagt_delivery_attempt_seconds", "How long a transaction took, the connection included", ["hop"])
