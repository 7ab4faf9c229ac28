"""Tells people what happened, calmly, without the words of the mail."""
