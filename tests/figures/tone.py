"""How well words tell an offensive tone: ``python -m figures.tone CORPUS.tsv [--pieces] [--mails FOLDER]`` in ``tests``.

Cross-validated on DKhate (Sigurbergsson and Derczynski 2020, CC-BY-4.0): a text in the second column, ``OFF`` or ``NOT`` in
the third. A text is its words, and whether any is in the list of insults of ``config/signals.da.toml``; each word's weight is
learnt from the texts of the other folds. ``--pieces`` adds what a model of letters would: pieces of words of 2 to 5 letters.
``--mails`` tells what such a tone, learnt from all of DKhate, would say of labelled mails.
"""

import argparse
import math
import random
import re
import tomllib
from collections import Counter
from pathlib import Path

from figures.judged import mails
from services.signal_words import FILE
from workflows.signals.folding import bare, fold

FOLDS = 10
ROUNDS = 15
COST = 0.1  # of a text on the wrong side; the less, the smaller the weights, so that a word of one text decides nothing
BIAS = ""
SELDOM = 2  # texts that a feature must be in


def words_of(text):
    return bare(fold(text)).replace(".", " ").split()[:500]


def insults():
    lists = tomllib.loads(FILE.read_text(encoding="utf-8"))["lists"]
    written = [fold(one) for one in lists["skaeld"]]
    return frozenset(written), tuple(one.rstrip("*") for one in written if one.endswith("*"))


WHOLE, BEGINNINGS = insults()


def features(text, pieces):
    words = set(words_of(text))
    found = {f"={word}" for word in words}
    if any(word in WHOLE or word.startswith(BEGINNINGS) for word in words):
        found.add("insult")
    if pieces:
        framed = [f" {word} " for word in words]
        found.update(word[at : at + n] for word in framed for n in (2, 3, 4, 5) for at in range(len(word) - n + 1))
    return found


class Weights:
    """A weight for each feature, by which the texts of both kinds lie apart as far as can be: a linear support vector machine.

    Learnt by dual coordinate descent with squared hinge loss (Hsieh et al. 2008), in a few passes over the texts.
    """

    def __init__(self, texts, offensive, seed=0, cost=COST, seldom=SELDOM):
        held_by = Counter(one for text in texts for one in text)
        self.rarity = {one: math.log(len(texts) / n) + 1 for one, n in held_by.items() if n >= seldom}
        self.weights = dict.fromkeys([BIAS, *self.rarity], 0.0)
        share = sum(offensive) / len(offensive)
        slack = {1: share / cost, -1: (1 - share) / cost}  # both kinds count alike
        self._learn([(self.scaled(text), 1 if bad else -1) for text, bad in zip(texts, offensive, strict=True)], slack, seed)

    def scaled(self, text):
        known = [(one, self.rarity[one]) for one in text if one in self.rarity]
        length = math.sqrt(sum(value * value for _, value in known)) or 1
        return [(BIAS, 1.0), *((one, value / length) for one, value in known)]

    def _learn(self, examples, slack, seed):
        pulls = [0.0] * len(examples)
        chance, order = random.Random(seed), list(range(len(examples)))
        for _ in range(ROUNDS):
            chance.shuffle(order)
            for number in order:
                text, kind = examples[number]
                short = kind * self._score(text) - 1 + slack[kind] * pulls[number]
                new = max(0.0, pulls[number] - short / (sum(value * value for _, value in text) + slack[kind]))
                change, pulls[number] = (new - pulls[number]) * kind, new
                if change:
                    for one, value in text:
                        self.weights[one] += change * value

    def _score(self, text):
        return sum(self.weights[one] * value for one, value in text)

    def score(self, text):
        """Above 0 the text is more like the offensive ones."""
        return self._score(self.scaled(text))


def read(corpus):
    lines = [line.split("\t") for line in corpus.read_text("utf-8").splitlines()[1:]]
    return [(line[1], line[2] == "OFF") for line in lines if len(line) == 3 and line[2] in ("OFF", "NOT")]


def folds(examples, seed):
    """Each fold has its share of both kinds."""
    chance = random.Random(seed)
    order = sorted(range(len(examples)), key=lambda number: (examples[number][1], chance.random()))
    return [order[start::FOLDS] for start in range(FOLDS)]


def macro_f1(pairs):
    scores = []
    for kind in (True, False):
        right = sum(given == found == kind for given, found in pairs)
        scores.append(2 * right / (sum(given == kind for given, _ in pairs) + sum(found == kind for _, found in pairs)))
    return sum(scores) / 2


def cross_validated(examples, pieces, seed=1):
    texts = [features(text, pieces) for text, _ in examples]
    pairs = []
    for fold_ in folds(examples, seed):
        held_back = set(fold_)
        rest = [number for number in range(len(examples)) if number not in held_back]
        learnt = Weights([texts[number] for number in rest], [examples[number][1] for number in rest])
        pairs += [(examples[number][1], learnt.score(texts[number]) > 0) for number in fold_]
    return macro_f1(pairs)


def of_mails(learnt, folder, pieces, over):
    """Of mails of each sort how many have a sentence that is offensive by more than ``over``."""
    count, alarms = Counter(), Counter()
    for mail in mails(folder):
        kinds = {one["kind"]: one["level"] for one in mail["signals"]}
        serious = {"red", "yellow"} & set(kinds.values())
        sort = "insult" if "insult" in kinds else "other signal" if serious else "angry and clean" if kinds else "clean"
        own = [line for line in mail["text"].splitlines() if not line.startswith(">")]
        sentences = [one for one in re.split(r"[.!?\n]+", "\n".join([mail["subject"], *own])) if len(one.split()) > 2]
        count[sort] += 1
        alarms[sort] += any(learnt.score(features(one, pieces)) > over for one in sentences)
    return {sort: f"{alarms[sort]} of {n}" for sort, n in sorted(count.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", action="store_true")
    parser.add_argument("--mails", type=Path)
    asked = parser.parse_args()
    examples = read(asked.corpus)
    print(f"{len(examples)} texts, macro-F1 {cross_validated(examples, asked.pieces):.3f}")
    if asked.mails:
        learnt = Weights([features(text, asked.pieces) for text, _ in examples], [is_offensive for _, is_offensive in examples])
        for over in (0, 0.2, 0.4, 0.6, 0.8, 1):
            print(f"over {over}:", of_mails(learnt, asked.mails, asked.pieces, over))


if __name__ == "__main__":
    main()
