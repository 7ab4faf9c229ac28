"""The figures of what the guard reads out of mails: signals and rights over labelled mails, tone, and time."""
