"""Why a network cannot be computed from its files."""

from trueup.core.diagnostics import Code

NOT_COMPARABLE = Code(
    "PAR001",
    "The network cannot be computed here",
    "Parity with a source, perplexity and likelihoods are computed from the weights as they were exported. This one, "
    "or a tensor in it, is of a kind that nothing here can compute, so nobody could say what it is worth.",
    "Require an Evaluation of the served release in place of `parity.logits` or of likelihoods, or build in another "
    "format.",
)
BROKEN_EXPORT = Code(
    "PAR002",
    "The exported weights are not whole",
    "A tensor that belongs to a quantized weight is missing or has another shape, so the weight cannot be rebuilt. A "
    "server that loads it would give nonsense without an error.",
    "Build again; if it stays, the exporter is at fault: report it, and use another format until then.",
)
NO_TOKENIZER = Code(
    "PAR005",
    "The tokenizer needs another package",
    "This tokenizer is none of the byte-level kinds that are read here; the package `tokenizers` reads all others.",
    "Install it with `pip install 'trueup[transformers]'`.",
)

CODES = (NOT_COMPARABLE, BROKEN_EXPORT, NO_TOKENIZER)
