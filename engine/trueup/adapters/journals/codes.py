"""Codes of the journal."""

from trueup.core.diagnostics import Code

JOURNAL_NOT_WRITABLE = Code(
    "LED050",
    "The journal cannot be written",
    "Each step is written to the journal before it is taken, so that a killed run can be finished or undone. Without "
    "the journal the step was not taken.",
    "Free some space or make the folder writable, and run the command again; it goes on where it stopped.",
)
JOURNAL_UNREADABLE = Code(
    "LED051",
    "The journal cannot be read",
    "A line before the last one is damaged, or the file cannot be opened, so what an interrupted run did is not known.",
    "Look at the file; once `trueup status` shows what you expect, move it away and run the command again.",
)

CODES = (JOURNAL_NOT_WRITABLE, JOURNAL_UNREADABLE)
