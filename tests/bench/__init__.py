"""The guard beside Postfix on one machine: throughput, CPU per mail, latency and memory (``make bench``).

Only ratios within one run mean anything. How it measures, and what to look out for: tests/bench/README.md.
"""
