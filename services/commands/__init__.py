"""The commands of ``rammevagt``: each module is loaded only when one of its commands runs."""
