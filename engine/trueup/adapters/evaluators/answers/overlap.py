"""How much of a reference an answer has: ROUGE by rouge-score, BLEU and chrF by sacrebleu."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from trueup.adapters.evaluators.answers.libraries import library
from trueup.adapters.evaluators.answers.texts import spelled, words
from trueup.core.json import Json

ROUGE = ("rouge1", "rouge2", "rougeL")
BLEU_TOKENIZERS = ("13a", "intl", "char", "zh", "none")
"""Those that sacrebleu brings itself; the others need models or dictionaries."""


class _Words:
    """The library's own tokenizer drops every letter that is not ASCII: any two Greek answers would be equal to it."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


@lru_cache(maxsize=1)
def _rouge() -> Any:
    scorer = library("rouge_score.rouge_scorer", "rouge")
    return scorer.RougeScorer(list(ROUGE), tokenizer=_Words())


def rouge(answer: str, references: Sequence[str]) -> dict[str, float]:
    """Return the F-measures of *answer*, each against the reference that is best for it."""
    scores = [_rouge().score(reference, answer) for reference in references]
    return {name: max(float(s[name].fmeasure) for s in scores) for name in ROUGE}


def bleu(params: Mapping[str, Json], *, sentence: bool) -> Any:
    """Return sacrebleu's BLEU as *params* declare it: `tokenize` and `ignoreCase`."""
    return library("sacrebleu.metrics", "bleu").BLEU(
        tokenize=str(params.get("tokenize", "13a")),
        lowercase=params.get("ignoreCase") is True,
        effective_order=sentence,
        # Else it warns on standard error of text that looks tokenized; what an answer looks like is not up to us.
        force=True,
    )


def chrf(params: Mapping[str, Json]) -> Any:
    """Return sacrebleu's chrF as *params* declare it: `wordOrder` and `ignoreCase`."""
    order = params.get("wordOrder", 0)
    return library("sacrebleu.metrics", "chrf").CHRF(
        word_order=order if isinstance(order, int) else 0, lowercase=params.get("ignoreCase") is True
    )


def of_sentence(metric: Any, answer: str, references: Sequence[str]) -> float:
    """Return the score of one answer, 0 to 100."""
    return _bounded(metric.sentence_score(spelled(answer), [spelled(r) for r in references]).score)


def of_corpus(metric: Any, answers: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return the score of all *answers* as one corpus, 0 to 100."""
    most = max(map(len, references))
    # The library wants as many streams as the example with most references has; None where one has fewer.
    streams = [[spelled(r[i]) if i < len(r) else None for r in references] for i in range(most)]
    return _bounded(metric.corpus_score([spelled(a) for a in answers], streams).score)


def _bounded(score: float) -> float:
    """Take the last digit off: a perfect answer has 100.00000000000004 there."""
    return min(100.0, max(0.0, round(float(score), 10)))
