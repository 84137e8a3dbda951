"""Codes of folders that hold what was rendered."""

from trueup.core.diagnostics import Code

FOREIGN_FOLDER = Code(
    "REN001",
    "The folder is not one that was rendered",
    "It has files and no list of those that were rendered before, or it holds another environment. Rendering into it "
    "could replace or remove what others put there.",
    "Name a folder that is new or empty, or the one that this environment was rendered to before.",
)
CHANGED_FILE = Code(
    "REN002",
    "A rendered file was changed",
    "What was rendered is made from the declaration alone; a change by hand would be lost without a word.",
    "Declare what you changed, then remove the file and render again.",
)
IN_THE_WAY = Code(
    "REN003",
    "Something is in the way of a rendered file",
    "A file or link that was not rendered lies where a file is to be written.",
    "Move it away, or render to another folder.",
)
NOT_WRITABLE = Code(
    "REN004",
    "The folder cannot be written",
    "The operating system refused to write what was rendered. What was written so far is whole.",
    "Free some space or make the folder writable, and render again.",
)

CODES = (FOREIGN_FOLDER, CHANGED_FILE, IN_THE_WAY, NOT_WRITABLE)
