"""What watching counts. Labels are the codes of mailboxes, and what became of messages; nothing of any mail."""

from prometheus_client import Counter, Gauge

STATE = Gauge("rammevagt_mailbox_watched", "1 while the mailbox is being watched, 0 while something is wrong", ["mailbox"])
LOOKED_AT = Gauge("rammevagt_mailbox_looked_at_seconds", "When the last look succeeded (Unix time)", ["mailbox"])
TOKEN_ENDS = Gauge("rammevagt_mailbox_token_ends_seconds", "When the access token ends (Unix time)", ["mailbox"])
CANARY = Gauge("rammevagt_mailbox_canary_found_seconds", "When the newest canary that arrived was sent (Unix time)", ["mailbox"])
CONNECTIONS = Counter("rammevagt_mailbox_connections_total", "Logins that succeeded", ["mailbox"])
TROUBLES = Counter("rammevagt_mailbox_troubles_total", "Connections that ended in trouble, by its code", ["mailbox", "trouble"])
MESSAGES = Counter(
    "rammevagt_mailbox_messages_total",
    "Messages: handled before, come straight to it; in route mode how they ended",
    ["mailbox", "kind"],
)
