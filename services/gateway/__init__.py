"""SMTP in: listener, sessions, limits, and the hand-over to the store."""
