"""Which evaluation goes first: the one that costs least and can refuse a release soonest."""

from collections.abc import Mapping, Sequence

from trueup.core.json import Json, mapping_of
from trueup.desired.state import RequiredEvaluation

LIKELIHOODS = frozenset(
    {
        "perplexity",
        "loglikelihood",
        "choice",
        "choice_accuracy",
        "multiple_choice",
        "kl",
        "kl_divergence",
        "top1",
        "top1_agreement",
        "parity",
    }
)
"""Tasks that read what is given and write nothing: one pass over the tokens."""

PROMPT_TESTS, LIKELIHOOD, ANSWERS, PROBES, LOAD = range(5)
"""The classes, cheapest first: prompt tests, likelihoods, answers, probes of safety, and load."""

_BY_CATEGORY: Mapping[str, int] = {
    "parity": LIKELIHOOD,
    "quality": ANSWERS,
    "factuality": ANSWERS,
    "robustness": PROBES,
    "fairness": PROBES,
    "safety": PROBES,
    "security": PROBES,
    # It has to wait for its own clock, and keeps a machine busy meanwhile.
    "performance": LOAD,
}


def cost_class(required: RequiredEvaluation, document: Json) -> int:
    """Return the class of *required*, which *document* declares; lower is cheaper."""
    if required.evaluation.id.kind == "Prompt":
        return PROMPT_TESTS
    spec = mapping_of(mapping_of(document).get("spec"))
    declared = spec.get("tasks")
    tasks = [str(mapping_of(t).get("task")) for t in (declared if isinstance(declared, list | tuple) else ())]
    if tasks and all(task in LIKELIHOODS for task in tasks):
        return LIKELIHOOD
    return _BY_CATEGORY.get(str(spec.get("category")), ANSWERS)


def cheapest_first(
    required: Sequence[RequiredEvaluation], documents: Mapping[str, Json]
) -> tuple[RequiredEvaluation, ...]:
    """Return *required* in the order in which they are run.

    Within a class, what no judge has to score goes first; else they keep their order.

    Args:
        required: What is asked for.
        documents: Declared documents by address; one that is absent is taken for answers.
    """

    def rank(one: RequiredEvaluation) -> tuple[int, bool]:
        return cost_class(one, documents.get(str(one.evaluation.id))), one.judge is not None

    return tuple(sorted(required, key=rank))
