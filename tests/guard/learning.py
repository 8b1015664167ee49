"""Learns the weights of `kernel.textlint.weighing` from the drafts and sentences that people labelled.

    python -m tests.guard.learning          how well it reads hands it has not seen
    python -m tests.guard.learning --write  that, and the weights for the product

Needs scikit-learn, which the product does not: `requirements/learn.txt`.

Two scales are learned for each kind by logistic regression. The whole: from drafts, what a whole answer reads like. The part:
from sentences, and from drafts, of which first the sentence that sounds most like it is taken for the one that made the label.
From where on a text is of a kind is set on hands left out in turn: so that few clean drafts are remarked on, and the kind
found least is helped first.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy
from scipy.sparse import csr_matrix, diags, hstack, vstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from suyuan.kernel.textlint import Folding
from suyuan.kernel.textlint.weighing import SENTENCES_COUNT, grams, packed, sentences
from suyuan.playbooks.guarding import REPLIES, SURFACES, rule_set
from suyuan.playbooks.shipped import guarding_of
from suyuan.playbooks.weights import FILE
from tests.guard.scoring import ROOT, Draft, learned_from, made_of

OF_THE_WHOLE = frozenset({"no_empathy", "no_next_step", "no_private_channel"})
SELDOM = 3  # texts: a gram in fewer teaches nothing
MOST_GRAMS = 40_000  # the heaviest
REMARKED = 0.03  # of clean drafts by hands left out: as many may be remarked on
FAR_ENOUGH = 0.95  # of a kind found: others first
RULES_SAY = 2.0  # what a doubtful rule adds
STEPS = 127
PLACES = [*SURFACES, *(f"re:{reply}" for reply in ("", *REPLIES))]


@dataclass
class Text:
    """A draft as the learner sees it."""

    draft: Draft
    plain: str
    whole: bool  # a whole draft, not a sentence for one kind

    @property
    def place(self) -> list[float]:
        here = (self.draft.surface, f"re:{self.draft.reply_to}")
        return [float(place in here) for place in PLACES]

    @property
    def parts(self) -> list[str]:
        return [self.plain[start:end] for start, end in sentences(self.plain)]


@cache
def texts() -> tuple[Text, ...]:
    folding = Folding(rule_set(guarding_of(ROOT / "packs"), weighed=False).substitutes)
    return tuple(Text(draft, folding(draft.text).text, draft.seen) for draft in learned_from())


@dataclass
class Learned:
    """One scale: `weights` and `places` of each kind, over `names`."""

    names: list[str]
    weights: numpy.ndarray  # kinds × grams
    places: numpy.ndarray  # kinds × PLACES
    base: numpy.ndarray  # kinds

    def scores(self, counted: csr_matrix, places: numpy.ndarray) -> numpy.ndarray:
        """Texts × kinds."""
        return _long_as_one(counted) @ self.weights.T + places @ self.places.T + self.base

    @property
    def units(self) -> numpy.ndarray:
        return numpy.maximum(numpy.abs(self.weights).max(axis=1), 1e-9) / STEPS

    @property
    def steps(self) -> numpy.ndarray:
        """Grams × kinds, from -STEPS to STEPS."""
        return numpy.rint(self.weights / self.units[:, None]).astype(int).T

    def as_told(self) -> dict[str, object]:
        return {
            "units": [round(float(unit), 9) for unit in self.units],
            "base": [round(float(one), 4) for one in self.base],
            "places": {place: [round(float(one), 4) for one in row] for place, row in zip(PLACES, self.places.T, strict=True)},
        }


PLACES_COUNT = 0.3


def _counted(names: Sequence[str], some: Sequence[str]) -> csr_matrix:
    """Texts × grams: whether they stand in it."""
    vectorizer = CountVectorizer(analyzer=grams, vocabulary=names, binary=True)
    return vectorizer.transform(some).astype(float)


@dataclass
class Table:
    """All texts and their sentences × grams, counted once: in how many sentences they stand. `of`: of each sentence its text."""

    names: list[str]
    wholes: csr_matrix
    parts: csr_matrix
    of: numpy.ndarray

    def narrowed(self, names: list[str]) -> Table:
        place = {name: number for number, name in enumerate(self.names)}
        kept = [place[name] for name in names]
        return Table(names, self.wholes[:, kept], self.parts[:, kept], self.of)


@cache
def table() -> Table:
    often = CountVectorizer(analyzer=grams, min_df=SELDOM, binary=True).fit([text.plain for text in texts()])
    names = sorted(often.get_feature_names_out())
    pieces = [(number, piece) for number, text in enumerate(texts()) for piece in text.parts]
    parts, of = _counted(names, [piece for _number, piece in pieces]), numpy.array([number for number, _piece in pieces])
    together = csr_matrix((numpy.ones(len(of)), (of, numpy.arange(len(of)))), shape=(len(texts()), len(of)))
    return Table(names, together @ parts, parts, of)


def _long_as_one(counted: csr_matrix) -> csr_matrix:
    many = numpy.maximum(numpy.asarray(counted.sum(axis=1)).ravel(), 1)
    return diags(1 / numpy.sqrt(many)) @ counted


def _sized(counted: csr_matrix, places: numpy.ndarray) -> csr_matrix:
    """Each text as long as one, with the place it is for beside it."""
    return hstack([_long_as_one(counted), PLACES_COUNT * csr_matrix(places)]).tocsr()


@cache
def _marks() -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Of all texts: places, whether whole, whether clean."""
    some = texts()
    return (
        numpy.array([t.place for t in some]),
        numpy.array([t.whole for t in some]),
        numpy.array([not t.draft.kinds for t in some]),
    )


def _labels(kind: str) -> numpy.ndarray:
    return numpy.array([kind in text.draft.kinds for text in texts()])


def _fit(rows: csr_matrix, labels: numpy.ndarray, cost: float) -> LogisticRegression:
    return LogisticRegression(C=cost, class_weight="balanced", solver="liblinear", max_iter=400, random_state=1).fit(rows, labels)


def learn_whole(counts: Table, given: numpy.ndarray, kinds: Sequence[str]) -> Learned:
    """From whole drafts among those given."""
    places, whole, _clean = _marks()
    some = given & whole
    rows = _sized(counts.wholes[some], places[some])
    return _learned(counts.names, [_fit(rows, _labels(kind)[some], 10) for kind in kinds])


def learn_part(counts: Table, given: numpy.ndarray, kinds: Sequence[str]) -> Learned:
    """Texts for one kind, all sentences of clean drafts, and of the others the one that sounds most like the label."""
    places, whole, clean = _marks()
    alone, of = given & ~whole, counts.of
    peaceful, bagged = (given & whole & clean)[of], (given & whole & ~clean)[of]
    known = vstack(
        [_sized(counts.wholes[alone], places[alone]), _sized(counts.parts[peaceful], places[of[peaceful]])]
    ).tocsr()
    bags, bag_of = _sized(counts.parts[bagged], places[of[bagged]]), of[bagged]
    models = []
    for kind in kinds:
        there = _labels(kind)
        labels = numpy.concatenate([there[alone], numpy.zeros(int(peaceful.sum()), bool)])
        if kind in OF_THE_WHOLE:
            models.append(None)
            continue
        sounds = _fit(known, labels, 5).decision_function(bags)
        worst: dict[int, int] = {}
        for place in numpy.flatnonzero(there[bag_of]):
            bag = int(bag_of[place])
            if bag not in worst or sounds[place] > sounds[worst[bag]]:
                worst[bag] = int(place)
        more, less = numpy.array(sorted(worst.values())), numpy.flatnonzero(~there[bag_of])
        ends = numpy.concatenate([labels, numpy.ones(len(more), bool), numpy.zeros(len(less), bool)])
        models.append(_fit(vstack([known, bags[more], bags[less]]).tocsr(), ends, 5))
    return _learned(counts.names, models)


def _learned(names: list[str], models: Sequence[LogisticRegression | None]) -> Learned:
    wide = len(names) + len(PLACES)
    coefficients = numpy.array([numpy.zeros(wide) if m is None else m.coef_[0] for m in models])
    base = numpy.array([0.0 if m is None else m.intercept_[0] for m in models])
    return Learned(names, coefficients[:, : len(names)], PLACES_COUNT * coefficients[:, len(names) :], base)


def _heaviest(*scales: Learned) -> list[str]:
    weight = numpy.max([numpy.abs(scale.weights / scale.units[:, None]).max(axis=0) for scale in scales], axis=0)
    return sorted(scales[0].names[place] for place in numpy.argsort(-weight, kind="stable")[:MOST_GRAMS])


def learn(counts: Table, given: numpy.ndarray, kinds: Sequence[str]) -> tuple[Learned, Learned]:
    return learn_whole(counts, given, kinds), learn_part(counts, given, kinds)


def weigh(scales: tuple[Learned, Learned], some: numpy.ndarray, kinds: Sequence[str]) -> numpy.ndarray:
    """Texts × kinds, as `Weights.weigh` says it; of scales over all grams."""
    (whole, part), counts = scales, table()
    places = _marks()[0]
    scores = whole.scores(counts.wholes[some], places[some])
    pieces = some[counts.of]
    said = part.scores(counts.parts[pieces], places[counts.of[pieces]])
    worst = numpy.full((len(some), len(kinds)), -numpy.inf)
    numpy.maximum.at(worst, counts.of[pieces], said)
    counting = numpy.array([SENTENCES_COUNT * (kind not in OF_THE_WHOLE) for kind in kinds])
    return scores + numpy.where(counting > 0, worst[some], 0) * counting


def left_out(kinds: Sequence[str], folds: int = 4) -> tuple[list[Text], numpy.ndarray]:
    """Every draft weighed by what was learned without its hand."""
    whole, hand = _marks()[1], numpy.array([text.draft.hand for text in texts()])
    hands = sorted(set(hand[whole]))
    tried: list[Text] = []
    scores = []
    for fold in range(folds):
        here = whole & numpy.isin(hand, hands[fold::folds])
        scores.append(weigh(learn(table(), ~here, kinds), here, kinds))
        tried += [text for text, out in zip(texts(), here, strict=True) if out]
        print(f"left out {', '.join(hands[fold::folds])}", file=sys.stderr)
    return tried, numpy.vstack(scores)


def bounds(tried: Sequence[Text], scores: numpy.ndarray, kinds: Sequence[str]) -> dict[str, float]:
    """From where on a text is of each kind: at first above every clean draft, then lower for the kind found least, one clean draft at
    a time, until as many clean drafts are remarked on as may be."""
    clean = numpy.array([not text.draft.kinds for text in tried])
    there = {kind: numpy.array([kind in text.draft.kinds for text in tried]) for kind in kinds}
    orders = {kind: numpy.sort(scores[clean, place])[::-1] for place, kind in enumerate(kinds)}
    passed = dict.fromkeys(kinds, 0)

    def bound(kind: str) -> float:
        return float(orders[kind][passed[kind]])

    def found(kind: str) -> float:
        return float((scores[there[kind], kinds.index(kind)] > bound(kind)).mean())

    def remarked() -> float:
        return float((scores[clean] > numpy.array([bound(kind) for kind in kinds])).any(axis=1).mean())

    while remarked() < REMARKED:
        least = min(kinds, key=found)
        if found(least) >= FAR_ENOUGH:
            break
        passed[least] += 1
    return {kind: bound(kind) for kind in kinds}


def told(tried: Sequence[Text], scores: numpy.ndarray, kinds: Sequence[str], sure: dict[str, float]) -> Iterable[str]:
    over = scores > numpy.array([sure[kind] for kind in kinds])
    all_there = all_found = 0
    for place, kind in enumerate(kinds):
        there = numpy.array([kind in text.draft.kinds for text in tried])
        found = int((over[:, place] & there).sum())
        all_there, all_found = all_there + int(there.sum()), all_found + found
        yield f"{kind:20s} {found}/{int(there.sum())} = {found / max(1, there.sum()):.2f}  from {sure[kind]:.2f}"
    clean = numpy.array([not text.draft.kinds for text in tried])
    yield f"all {all_found}/{all_there} = {all_found / all_there:.3f}; clean drafts remarked on {over[clean].any(axis=1).mean():.3f}"


def main(arguments: list[str]) -> int:
    kinds = sorted({kind for text in texts() for kind in text.draft.kinds})
    tried, scores = left_out(kinds)
    sure = bounds(tried, scores, kinds)
    print("\n".join(told(tried, scores, kinds, sure)))
    if "--write" in arguments:
        everything = numpy.ones(len(texts()), bool)
        names = _heaviest(*learn(table(), everything, kinds))
        whole, part = learn(table().narrowed(names), everything, kinds)
        weights = {
            "made_of": made_of(),
            "kinds": kinds,
            "of_parts": [kind for kind in kinds if kind not in OF_THE_WHOLE],
            "sure": {kind: round(bound, 4) for kind, bound in sure.items()},
            "leaning": {kind: round(bound - RULES_SAY, 4) for kind, bound in sure.items()},
            "whole": whole.as_told(),
            "part": part.as_told(),
            **packed(names, numpy.hstack([whole.steps, part.steps]).tolist()),
        }
        FILE.write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")), "utf-8")
        print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.2f} MB, {len(names)} grams")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
