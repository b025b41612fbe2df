#!/usr/bin/env python3
"""Plants facts in natural text: documents and questions for measuring what a long-context method keeps.

    python3 planted.py HAYSTACK.txt --cases 40 --words 3000 --seed 1 > cases.jsonl

Every document is a stretch of the haystack that begins at a paragraph, with three sentences planted
in it, each at the end of a sentence of the haystack, in places drawn between 5 % and 85 % of the
text, at least 10 % apart: an access code, a birthplace, a number. Names (as a whole), places, codes and numbers
occur nowhere in the haystack, and no value is used twice in a run. The same seed, haystack and
settings give the same lines, byte for byte.

A word of the novels is about 1.29 tokens of SmolLM2's vocabulary: with seed 1, --words 3120 makes documents of
3,850 to 4,326 tokens (mean 4,041), --words 12600 of 15,650 to 17,010 (mean 16,189).

A line is {id, seed, text, facts: [{kind, sentence, question, answers, depth}, ...]}; depth is the
share of the text (in characters) that stands before the fact. An answer counts as right when it contains one
of `answers`, letters compared without regard to case. Needs only the standard library.
"""

import argparse
import json
import random
import re
import sys
from pathlib import Path

GIVEN_NAMES = """Marian Oswin Tabitha Lorcan Hester Ambrose Sidony Crispin Averil Leopold Petra Silas Ottilie Rufus Imogen Barnabas
Linnet Corwin Delphine Hector Ursula Merrick Rosalind Caspar Winifred Tobias Beatrix Alaric Cordula Jerome Sabine Gideon Philippa Ronan
Verity Basil Leonie Magnus Isolde Quentin""".split()
FAMILY_NAMES = """Holt Brackett Tolland Vesper Quarles Pellman Ashdown Corrigan Thackwell Melrose Sandiford Larkspur Winterton Galloway
Hargreave Penrose Lockhart Summerby Fairweather Blackwood Netherby Osgood Treadwell Kestrel Mallory Sparrow Rookwood Hollis Drummond Kingsley
Wetherell Langtry Prescott Underhill Mortlock Chadwick Rutland Stanforth Bellweather Hawksworth""".split()
# A village's name is a first and a second part; 20 by 12 names, all of them invented for this.
VILLAGE_FIRST = """Tarn Eller Dun Brack Cor Fen Hark Lorn Mos Nether Ostle Pen Quill Raven Stell Thrush Under Wal Yar Zen""".split()
VILLAGE_SECOND = """wick by ford combe ness stead thorpe burn holt mere dale croft""".split()
# Birthplaces are made of whole words: of a made-up word a small model often gives another spelling, and spelling is
# not what is to be measured.
PLACE_FIRST = """Otter Badger Heron Walnut Copper Granite Falcon Maple Juniper Beaver Salmon Dolphin Velvet Amber Turtle Lobster Saffron Orchid
Eagle Cobalt""".split()
PLACE_SECOND = """Creek Harbor Canyon Ridge Crossing Falls Point Springs Junction Landing""".split()
DOORS = ["north gate", "south gate", "west tower", "east wing", "boat house", "old library", "clock tower", "wine vault", "chapel", "armoury",
         "stables", "orangery"]
THINGS = ["barrels", "books", "candles", "bottles", "chairs", "paintings", "coins", "lanterns", "blankets", "keys"]
ROOMS = {"barrels": "cellar", "books": "library", "candles": "pantry", "bottles": "cellar", "chairs": "ballroom", "paintings": "gallery",
         "coins": "treasury", "lanterns": "stables", "blankets": "attic", "keys": "lodge"}


class Draw:
    """Draws values of which none stands in the haystack and none comes twice."""

    def __init__(self, rng: random.Random, haystack: str):
        self.rng, self.haystack = rng, haystack.lower()
        self.words = set(re.findall(r"\w+", self.haystack))
        self.used = set()

    def fresh(self, make) -> str:
        for _ in range(10_000):
            value = make()
            if value not in self.used and not self.words & set(re.findall(r"\w+", value.lower())):
                self.used.add(value)
                return value
        sys.exit("planted.py: the lists of names are used up: ask for fewer cases")

    def fresh_together(self, make) -> str:
        """The same for two words of which one may stand in the haystack, if the two together do not."""
        for _ in range(10_000):
            value = make()
            if value not in self.used and value.lower() not in self.haystack:
                self.used.add(value)
                return value
        sys.exit("planted.py: the lists of names are used up: ask for fewer cases")

    def village(self) -> str:
        return self.fresh(lambda: self.rng.choice(VILLAGE_FIRST) + self.rng.choice(VILLAGE_SECOND))

    def place(self) -> str:
        return self.fresh_together(lambda: self.rng.choice(PLACE_FIRST) + " " + self.rng.choice(PLACE_SECOND))

    def person(self) -> str:
        return self.fresh_together(lambda: self.rng.choice(GIVEN_NAMES) + " " + self.rng.choice(FAMILY_NAMES))

    def digits(self, count: int) -> str:
        return self.fresh(lambda: str(self.rng.randrange(10 ** (count - 1), 10 ** count)))


def access_code(draw: Draw) -> dict:
    door, village, code = draw.rng.choice(DOORS), draw.village(), draw.digits(7)
    return {"kind": "code", "sentence": f"The access code of the {door} of {village} is {code}.",
            "question": f"What is the access code of the {door} of {village}?", "answers": [code]}


def birthplace(draw: Draw) -> dict:
    person, place = draw.person(), draw.place()
    return {"kind": "place", "sentence": f"The birthplace of {person} is {place}.",
            "question": f"What is the birthplace of {person}?", "answers": [place]}


def number(draw: Draw) -> dict:
    thing, village, count = draw.rng.choice(THINGS), draw.village(), draw.digits(4)
    place = f"the {ROOMS[thing]} of {village} House"
    return {"kind": "number", "sentence": f"The number of {thing} in {place} is {count}.",
            "question": f"What is the number of {thing} in {place}?", "answers": [count]}


def stretch(rng: random.Random, blocks: list, size: int, measure) -> str:
    """Whole paragraphs from a drawn place, about `size` long; the last one is cut at a sentence end."""
    for _ in range(1_000):
        first, taken, length = rng.randrange(len(blocks)), [], 0
        for block in blocks[first:]:
            if length + measure(block) > size:
                for sentence in re.split(r"(?<=[.!?])\s+", block):
                    if length + measure(sentence) > size:
                        break
                    if taken and taken[-1][0] is block:
                        taken[-1] = (block, taken[-1][1] + " " + sentence)
                    else:
                        taken.append((block, sentence))
                    length += measure(sentence)
                return "\n\n".join(text for _, text in taken)
            taken.append((block, block))
            length += measure(block)
    sys.exit("planted.py: the haystack is shorter than a document is to be")


def plant(rng: random.Random, text: str, facts: list, low: float, high: float) -> str:
    """Puts each fact behind a sentence end near a drawn depth, and writes the depth that it got into it."""
    # A capital must follow, so that no abbreviation ("Mr.", "Mrs.") is taken for the end of a sentence.
    ends = [m.end() for m in re.finditer(r"(?<!Mr)(?<!Mrs)(?<!Dr)(?<!St)[a-z]{2}[.!?](?=\s+[\"A-Z])", text)
            if low * len(text) <= m.end() <= high * len(text)]
    for _ in range(10_000):
        places = sorted(rng.sample(ends, len(facts)))
        if all(b - a >= 0.1 * len(text) for a, b in zip(places, places[1:])):
            break
    else:
        sys.exit("planted.py: a stretch has too few sentence ends for the facts: ask for longer documents")
    rng.shuffle(facts)
    pieces, at = [], 0
    for fact, place in zip(facts, places):
        pieces += [text[at:place], " ", fact["sentence"]]
        at = place
    whole = "".join(pieces) + text[at:]
    for fact in facts:
        fact["depth"] = round(whole.index(fact["sentence"]) / len(whole), 4)
    return whole


def check(case: dict) -> None:
    """What a case promises; a broken promise is a defect of this script."""
    lower = case["text"].lower()
    for fact in case["facts"]:
        assert case["text"].count(fact["sentence"]) == 1, fact
        for answer in fact["answers"]:
            assert lower.count(answer.lower()) == 1, (answer, "stands more than once")
            assert answer.lower() not in fact["question"].lower(), fact


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("haystack", type=Path)
    parser.add_argument("--cases", type=int, default=40)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--words", type=int, help="words in a document before planting (default 3000)")
    length.add_argument("--characters", type=int, help="characters in a document before planting, instead of words")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--low", type=float, default=0.05, help="least depth of a fact")
    parser.add_argument("--high", type=float, default=0.85, help="greatest depth of a fact")
    options = parser.parse_args()
    haystack = options.haystack.read_text(encoding="utf-8")
    blocks = haystack.strip().split("\n\n")
    rng = random.Random(options.seed)
    draw = Draw(rng, haystack)
    measure = len if options.characters else lambda text: len(text.split())
    size = options.characters or options.words or 3000
    for index in range(options.cases):
        facts = [access_code(draw), birthplace(draw), number(draw)]
        text = plant(rng, stretch(rng, blocks, size, measure), facts, options.low, options.high)
        case = {"id": f"{options.seed}-{index:03d}", "seed": options.seed, "text": text, "facts": facts}
        check(case)
        print(json.dumps(case))


if __name__ == "__main__":
    main()
