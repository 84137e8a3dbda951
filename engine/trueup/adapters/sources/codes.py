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
    "Write it as the page on sources says, for example `file:PATH` or `hf://OWNER/NAME`.",
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
    "A file became shorter or longer, or another one, between listing and reading, so what was read is neither the old "
    "content nor the new.",
    "Wait until nothing writes it any more, then run the command again.",
)

UNSAFE_PATH = Code(
    "ART109",
    "A path that is not one file everywhere",
    "The source lists a path that some systems cannot have, or take for another one: two names that differ in case "
    "alone, a device of Windows, a dot at the end, characters that cannot be shown. The same artifact would not be "
    "the same files everywhere.",
    "Rename the file at the source, or leave it out by `source.files`.",
)
TOO_MUCH = Code(
    "ART110",
    "The source lists more than an artifact has",
    "The number of files, their size, or what an archive says it unpacks to is beyond any real artifact. It is refused "
    "before anything is copied.",
    "Take less by `source.files`, or a folder below it; if the source was not meant to be that large, ask who made it.",
)
NO_EXTRA = Code(
    "ART111",
    "A library for this source is not installed",
    "The scheme needs a library that is not part of the core, so that what nobody uses is not installed.",
    "Install it with the command in the hint, for the interpreter that runs trueup.",
)
UNREACHABLE = Code(
    "ART112",
    "The source does not answer",
    "The connection failed, broke too often, or the server said that it is busy. What was already copied is kept and "
    "continued from by the next try.",
    "Check the network and the service, then run the command again.",
)
NOT_ALLOWED = Code(
    "ART113",
    "The source refuses access",
    "The source wants other credentials, or the right to read this artifact is missing. A gated model has to be "
    "requested by the account whose token is used. Some sources say the same of what does not exist.",
    "Name a secret that opens it in `source.credentials`, and see that its account may read it.",
)
NO_SECRET = Code(
    "ART114",
    "There is no secret where the reference leads",
    "`source.credentials` names an environment variable that is not set, or a file that cannot be read or is empty; or "
    "the secret has not the form that the scheme asks for.",
    "Set the variable or write the file where the command runs.",
)
NO_MATCH = Code(
    "ART115",
    "A glob fits no file of the source",
    "Each glob of `source.files` has to take a file. One that takes none would leave something out without a word.",
    "Correct it: `*` stays inside a folder, `**/*.json` looks into all of them.",
)
BAD_ANSWER = Code(
    "ART116",
    "The source's answer cannot be used",
    "What the source says it has is broken, incomplete, or of a kind that is not read here.",
    "See the detail. Use another revision, or another way to the same bytes.",
)
NOT_APPLICABLE = Code(
    "ART117",
    "The source has no use for this field",
    "Files of the repository and of packages are read where they are: no mirror is asked and no secret opens them.",
    "Remove the field that the detail names.",
)
BAD_ARCHIVE = Code(
    "ART118",
    "An archive of the source is refused",
    "A layer of the artifact is an archive that is broken, or has links, devices or holes. Only plain files and "
    "folders are unpacked.",
    "Package the model anew, with plain files in layers of their own.",
)
OTHER_BYTES = Code(
    "ART119",
    "A file has other bytes than its source says",
    "The source published a digest for each file, and what it sent does not have it: it was damaged on the way, or the "
    "source contradicts itself. The file is not kept.",
    "Run the command again; if it stays so, the source or something between is broken, so use another.",
)

CODES = (
    UNKNOWN_SCHEME,
    MISSING,
    OUTSIDE,
    NOT_A_FILE,
    NO_PACKAGE,
    BAD_URI,
    UNREADABLE,
    CHANGED,
    UNSAFE_PATH,
    TOO_MUCH,
    NO_EXTRA,
    UNREACHABLE,
    NOT_ALLOWED,
    NO_SECRET,
    NO_MATCH,
    BAD_ANSWER,
    NOT_APPLICABLE,
    BAD_ARCHIVE,
    OTHER_BYTES,
)
