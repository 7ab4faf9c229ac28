"""What the gateway counts: numbers only, no address is ever a label."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("rammevagt_gateway_connections", "Open SMTP and LMTP connections")
ACCEPTED = Counter("rammevagt_gateway_mails_accepted", "Mails that were answered with 250")
ACCEPTED_BYTES = Counter("rammevagt_gateway_bytes_accepted", "Bytes of the mails that were answered with 250")
REFUSED = Counter("rammevagt_gateway_refused", "Commands, mails and connections that were refused", ["code"])
ABORTED = Counter("rammevagt_gateway_mails_aborted", "Mails whose client went away before the end of data")
