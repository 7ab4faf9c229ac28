"""The broker: relay from the outbox, and handlers with an explicit ack policy."""
