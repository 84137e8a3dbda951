"""What can go wrong while a build is compared with its source."""

from trueup.core.diagnostics import Code

NOT_COMPARABLE = Code(
    "PAR001",
    "The build cannot be compared with its source",
    "Parity is computed from the weights as they were exported. This result, or a tensor in it, is of a kind that "
    "nothing here can compute, so nobody could say what it is worth.",
    "Remove `parity.logits` from the Build and require an Evaluation of the served release, or build in another "
    "format.",
)
BROKEN_EXPORT = Code(
    "PAR002",
    "The exported weights are not whole",
    "A tensor that belongs to a quantized weight is missing or has another shape, so the weight cannot be rebuilt. A "
    "server that loads it would give nonsense without an error.",
    "Build again; if it stays, the exporter is at fault: report it, and use another format until then.",
)
TEXT_TOO_SHORT = Code(
    "PAR003",
    "There is too little text to compare on",
    "`parity.logits` asks for more tokens than the text has. Comparing on fewer would be another test than the "
    "declared one.",
    "Ask for fewer `sequences` or a smaller `seqLen`, or name a larger `dataset` under `parity.logits`.",
)
UNREADABLE_TEXT = Code(
    "PAR004",
    "The dataset has no text to compare on",
    "Parity is measured on text: files ending in .txt, or rows of .jsonl with `text`, `prompt`, `messages` or "
    "`expected`.",
    "Name a dataset of one of these forms under `parity.logits`.",
)
NO_TOKENIZER = Code(
    "PAR005",
    "The tokenizer needs another package",
    "This tokenizer is none of the byte-level kinds that are read here; the package `tokenizers` reads all others.",
    "Install it with `pip install 'trueup[transformers]'`.",
)

CODES = (NOT_COMPARABLE, BROKEN_EXPORT, TEXT_TOO_SHORT, UNREADABLE_TEXT, NO_TOKENIZER)
