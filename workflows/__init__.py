"""The core: decides, and does nothing else.

Values in, values out: no clock, no I/O, no chance, no logging. What a function needs to know (facts,
the instant, a time zone, an id) comes in as an argument, so that live mail, ``rammevagt decide``, backtest
and explain run the same code on the same inputs and get the same answer.
"""
