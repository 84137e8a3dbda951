"""Why a likelihood could not be found out. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

NOT_FINITE = Code(
    "LIK001",
    "The network gives what is no number",
    "A log-likelihood came out as infinite or not a number: weights are broken, or a server's numbers are. A mean over "
    "the rest would look fine, so nothing is measured.",
    "Look at the artifact: build or fetch it again, and compare it with its source (`parity.logits`).",
)
NO_WEIGHTS = Code(
    "LIK002",
    "There is nothing to compute likelihoods from",
    "Likelihoods are computed from the weights that are served, and a comparison from what they were built from too. "
    "One of the two is not at hand.",
    "Evaluate a release whose Model or Build has its files in the store; `kl` and `top1` need a Build.",
)
NO_ECHO = Code(
    "LIK003",
    "The server does not tell how likely a text is",
    "The log-likelihood of given text needs a server that echoes the prompt with its log-probabilities "
    "(`/v1/completions` with `echo` and `logprobs`), as vLLM does. llama.cpp and transformers serve do not.",
    "Leave `backend` out: likelihoods are then computed from the weights.",
)
TOO_LONG = Code(
    "LIK004",
    "A text does not fit into the context",
    "A choice alone has more tokens than are read at once. Cut short, another choice would be measured.",
    "Shorten the choices that are named, or raise `context` if the model allows it.",
)
OTHER_TOKENS = Code(
    "LIK005",
    "Source and artifact read different tokens",
    "Divergence compares two predictions of one next token. Where vocabularies differ there is no such pair.",
    "Compare what was built from one source with that source, with the same tokenizer.",
)

CODES = (NOT_FINITE, NO_WEIGHTS, NO_ECHO, TOO_LONG, OTHER_TOKENS)
