"""SMTP out: lease, send, record per recipient, back off."""
