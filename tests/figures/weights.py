"""``cd tests && ../.venv/bin/python -m figures.weights FOLDER [--write]``: what words weigh (``workflows/signals/scales.py``).

Learnt from labelled mails, and cross-validated: every mail is judged by weights that were learnt without it. ``--write`` writes
``config/signals.weights.tsv`` and ``config/rights.weights.tsv`` anew, from all of them.
"""

import argparse
import random
from dataclasses import replace
from pathlib import Path

from figures.judged import RIGHTS, judged, mails
from figures.tone import BIAS, Weights
from services.signal_words import CLASSES_FILE, FILE, RIGHTS_FILE, WEIGHTS_FILE, classes_of, load
from workflows.signals import words_from
from workflows.signals.scales import KINDS, RIGHTS_OVER
from workflows.signals.text import blocks
from workflows.signals.weighing import FEW, Classes, of_sentence, stretches

FOLDS = 8
COST = 1.0  # the weights' freedom
# Chosen by what is printed. In how many texts a thing must be, and what it must weigh, so that it is kept at all.
SELDOM, SELDOM_OF_RIGHTS = 2, 3
LEAST, LEAST_OF_RIGHTS = 0.03, 0.3
# How far on the red side a text must be: as far as keeps the recall of fresh mails that there was without everyday ones.
OVER = 0.44
WHOLE_WORDS = ("=", "[")  # kinds are told apart by words and classes alone
GROUPS = ("", "fresh-", "everyday-")  # beginnings of ids
HEAD = "# Written by tests/figures/weights.py: what is told, a thing, its rarity, its weight. Learnt from {} mails.\n"
HEAD_OF_RIGHTS = "# Written by tests/figures/weights.py: a thing, its rarity, its weight for each right. Learnt from {} mails.\n"


def is_red(mail, kind=None):
    return any(one["level"] == "red" and kind in (None, one["kind"]) for one in mail["signals"])


class Learner:
    """Stretches of mails with what they hold, and weights learnt from any of the mails."""

    def __init__(self, labelled):
        self.mails = labelled
        self.vocabulary = words_from(FILE.read_text("utf-8")).vocabulary
        self.classes = Classes(classes_of(CLASSES_FILE.read_text("utf-8")))
        self.held = [[self.of(stretch) for stretch in stretches(self.own(mail))] or [[]] for mail in labelled]

    def own(self, mail):
        """The writer's own sentences."""
        found = [block for text in (mail["subject"], mail["text"]) for block in blocks(text, self.vocabulary)]
        return [words for block in found if not block.quoted for words in block.words if words]

    def of(self, stretch):
        return sorted(set().union(*(of_sentence(words, {word: self.classes.of(word) for word in words}) for words in stretch)))

    def learnt(self, numbers):
        """Of a long red mail that stretch counts which is most like the others."""
        clear = [n for n in numbers if len(self.held[n]) == 1 or not is_red(self.mails[n])]
        long = [n for n in numbers if n not in set(clear)]
        examples = [(held, is_red(self.mails[n])) for n in clear for held in self.held[n]]
        found = self._weights(examples)
        most = [(max(self.held[n], key=found.score), True) for n in long]
        return self._weights(examples + most) if most else found

    def _weights(self, examples):
        found = Weights([held for held, _ in examples], [red for _, red in examples], cost=COST, seldom=SELDOM)
        return kept([found], LEAST)[0]

    def score(self, weights, number):
        return max(map(weights.score, self.held[number]))

    def cross_validated(self, seed=1):
        """For every mail how red it is by what the others taught."""
        scores, chance = {}, random.Random(seed)
        order = sorted(range(len(self.mails)), key=lambda n: (is_red(self.mails[n]), chance.random()))
        for start in range(FOLDS):
            held_back = set(order[start::FOLDS])
            weights = self.learnt([n for n in order if n not in held_back])
            scores |= {n: self.score(weights, n) for n in held_back}
        return scores

    def kinds(self):
        """What tells the kinds of red mails apart."""
        red = [n for n, mail in enumerate(self.mails) if is_red(mail)]
        texts = [[one for one in self.of_words(n) if one.startswith(WHOLE_WORDS) and " " not in one] for n in red]
        return {kind: Weights(texts, [is_red(self.mails[n], kind) for n in red], cost=COST) for kind in KINDS}

    def of_words(self, number):
        """What the words of a mail put on the scales, without the classes that meet."""
        return sorted(one for one in set().union(*self.held[number]) if not one.startswith("[") or " " not in one)

    def rights(self, numbers):
        """For each right its weights."""
        texts = [self.of_words(n) for n in numbers]
        uses = [[right in self.mails[n]["rights"] for n in numbers] for right in RIGHTS]
        learnt = [Weights(texts, used, cost=COST, seldom=SELDOM_OF_RIGHTS) for used in uses]
        return dict(zip(RIGHTS, kept(learnt, LEAST_OF_RIGHTS), strict=True))

    def rights_cross_validated(self, seed=1):
        """The rights of every mail by what the others taught."""
        found, order = {}, list(range(len(self.mails)))
        random.Random(seed).shuffle(order)
        for start in range(FOLDS):
            held_back = set(order[start::FOLDS])
            weights = self.rights([n for n in order if n not in held_back])
            for n in held_back:
                held = self.of_words(n)
                found[n] = {right for right, one in weights.items() if enough(held) and one.score(held) > RIGHTS_OVER}
        return found


def enough(held):
    """Whether a text has as many different words as are weighed."""
    return sum(one.startswith("=") for one in held) >= FEW


def kept(several, least):
    """Weights of the same things, without the things that weigh less than ``least`` in each of them."""
    light = {one for one in several[0].rarity if all(abs(weights.weights[one]) < least for weights in several)}
    for weights in several:
        for one in light:
            del weights.weights[one], weights.rarity[one]
    return several


def rows(told, weights):
    ordered = sorted((one, weight) for one, weight in weights.weights.items())
    return [f"{told}\t{one}\t{weights.rarity.get(one, 0):.2f}\t{weight:.3f}" for one, weight in ordered]


def write(learner):
    red = learner.learnt(range(len(learner.mails)))
    told = [*rows("red", red), f"over\t\t0\t{OVER}"]
    for kind, weights in learner.kinds().items():
        told += rows(kind, weights)
    WEIGHTS_FILE.write_text(HEAD.format(len(learner.mails)) + "\n".join(told) + "\n", encoding="utf-8")

    rights = learner.rights(range(len(learner.mails)))
    rarity = next(iter(rights.values())).rarity
    columns = ["\t".join(("thing", "rarity", *rights))]
    for thing in (BIAS, *sorted(rarity)):
        weighed = (f"{one.weights[thing]:.2f}" for one in rights.values())
        columns.append("\t".join((thing, f"{rarity.get(thing, 1):.2f}", *weighed)))
    RIGHTS_FILE.write_text(HEAD_OF_RIGHTS.format(len(learner.mails)) + "\n".join(columns) + "\n", encoding="utf-8")


def report_rights(learner):
    """Rights by phrases, by weights, and by either."""
    phrases, weighed = replace(load(), scales=None), learner.rights_cross_validated()
    told = {n: judged(mail, phrases).found & set(RIGHTS) for n, mail in enumerate(learner.mails)}
    for name in GROUPS:
        of = [n for n in told if learner.mails[n]["id"].startswith(name)]
        for by, one in (("phrases", told), ("weights", weighed), ("either", {n: told[n] | weighed[n] for n in told})):
            right = sum(len(one[n] & set(learner.mails[n]["rights"])) for n in of)
            given, raised = sum(len(learner.mails[n]["rights"]) for n in of), sum(len(one[n]) for n in of)
            print(f"{name or 'all'}: rights by {by}: recall {right / given:.2f} precision {right / raised:.2f}")


def report(learner):
    scores = {n: one for n, one in learner.cross_validated().items() if any(map(enough, learner.held[n]))}
    phrases = replace(load(), scales=None)
    told = {n for n, mail in enumerate(learner.mails) if "red" in judged(mail, phrases).found}
    for name in GROUPS:
        of = [n for n in range(len(learner.mails)) if learner.mails[n]["id"].startswith(name)]
        print(f"{name or 'all'}: {len(of)} mails")
        for over in (0.3, 0.35, 0.4, OVER, 0.5):
            print(f"  over {over:4}: {found(learner, of, {n for n in of if scores.get(n, 0) > over})}")
        print(f"  phrases:   {found(learner, of, told)}")
        print(f"  either:    {found(learner, of, told | {n for n in of if scores.get(n, 0) > OVER})}")


def found(learner, of, those):
    red = {n for n in of if is_red(learner.mails[n])}
    those = those & set(of)
    angry = [n for n in of if any(one["kind"] == "criticism" for one in learner.mails[n]["signals"])]
    alarmed = len(those & set(angry))
    recall, precision = len(those & red) / (len(red) or 1), len(those & red) / (len(those) or 1)
    wrong = f"{len(those - red)} of {len(of) - len(red)} wrong"
    return f"recall {recall:.2f} precision {precision:.2f}, {wrong}, {alarmed} of {len(angry)} angry"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    learner = Learner(list(mails(asked.folder)))
    if asked.write:
        write(learner)
    else:
        report(learner)
        report_rights(learner)


if __name__ == "__main__":
    main()
