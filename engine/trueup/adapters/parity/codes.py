"""What can go wrong while a build is compared with its source."""

from trueup.core.diagnostics import Code

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

CODES = (TEXT_TOO_SHORT, UNREADABLE_TEXT)
