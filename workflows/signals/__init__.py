"""What a leader should look at in a mail: words and phrases that point to danger, abuse, or a right to be kept.

Signals advise (law 4): they add urgency after 250, never move mail and never feed a decision in a case. The words are
documented data (``config/signals.da.toml``); the shell reads the file and hands its text to ``words_from``.
"""

from workflows.signals.rules import BadSignalWords, Pattern, SignalWords, Tuning
from workflows.signals.word_file import patterns_from, words_from

__all__ = ["BadSignalWords", "Pattern", "SignalWords", "Tuning", "patterns_from", "words_from"]
