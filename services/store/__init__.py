"""Durable state: mail, decisions, queue, register, outbox, audit chain."""
