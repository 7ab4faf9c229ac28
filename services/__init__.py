"""The shell: sockets, database, broker, screens. It gathers facts, lets ``workflows`` decide, and applies."""
