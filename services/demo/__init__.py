"""A sample municipality with its mail, to see the guard work."""
