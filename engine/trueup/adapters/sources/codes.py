"""What can go wrong where an artifact comes from."""

from trueup.core.diagnostics import Code

UNKNOWN_SCHEME = Code(
    "ART101",
    "Source with an unknown scheme",
    "The part of `source.uri` before the colon says how the bytes are fetched, and nothing here knows that way.",
    "Use one of the schemes listed, or install the plugin that brings it (entry-point group `trueup.sources`).",
)
MISSING = Code(
    "ART102",
    "The source has no such file",
    "The path in `source.uri` leads to nothing.",
    "Correct the path, or add the file. Large files may be left out by a partial clone or by git LFS.",
)
OUTSIDE = Code(
    "ART103",
    "The source leaves its folder",
    "A path in `source.uri`, or a link below it, leads out of the repository or package. What is outside is not part "
    "of what was reviewed.",
    "Use a path below the folder, without `..`, and copy the file instead of linking to it.",
)
NOT_A_FILE = Code(
    "ART104",
    "The source is not made of files",
    "Only regular files and folders of them can be an artifact; this is a device, a socket, a pipe, a link to a "
    "folder, or nothing but empty folders.",
    "Point `source.uri` at a file, or at a folder that holds the files themselves.",
)
NO_PACKAGE = Code(
    "ART105",
    "The Python package is not installed",
    "The artifact is data of a Python package that the interpreter running trueup does not have.",
    "Install it with the command in the hint.",
)
BAD_URI = Code(
    "ART106",
    "The source's URI cannot be read",
    "The URI does not have the form that its scheme asks for.",
    "Write `file:PATH` with a path from the repository root, or `package://NAME/PATH`.",
)
UNREADABLE = Code(
    "ART107",
    "The source cannot be read",
    "The operating system refused to open or read a file of the source.",
    "Give the user who runs trueup the right to read it, then run the command again.",
)
CHANGED = Code(
    "ART108",
    "The source changed while it was read",
    "A file became shorter or longer during the copy, so the copy is neither the old content nor the new.",
    "Wait until nothing writes it any more, then run the command again.",
)

CODES = (UNKNOWN_SCHEME, MISSING, OUTSIDE, NOT_A_FILE, NO_PACKAGE, BAD_URI, UNREADABLE, CHANGED)
