"""What can go wrong with artifacts in the store."""

from trueup.core.diagnostics import Code

WRONG_DIGEST = Code(
    "ART001",
    "Digest differs from what is declared",
    "The bytes that the source gave do not have the digest that the specification pins. They were changed, are "
    "incomplete, or the digest was never that of these bytes. Nothing was admitted to the store.",
    "Find out which of the two is right. If the new bytes are meant, declare them as a new version with their digest.",
)
NO_SPACE = Code(
    "ART002",
    "No space for the artifact",
    "The disk, quota or file size limit under the store is exhausted. What was already copied is kept and continued "
    "from by the next try.",
    "Free space (`trueup gc` removes what no release needs) or move the store, then run the command again.",
)
NOT_WRITABLE = Code(
    "ART003",
    "The store cannot be written",
    "The user who runs trueup may not write the store's folder, or the file system is read-only.",
    "Give that user the right to write it, or set `spec.store.path` in trueup.yaml to a folder that is writable.",
)
STORE_FAILED = Code(
    "ART004",
    "The store could not be read or written",
    "The operating system refused an operation on the store's files. What was already copied is kept.",
    "See the detail; the device, the mount or the file may need attention. Then run the command again.",
)
PICKLE = Code(
    "ART005",
    "Weights in a pickle format",
    "A pickle runs code when it is loaded, so a weights file in that format can do anything that the server may. It is "
    "refused unless an exception allows this artifact and a scanner found nothing.",
    "Use the safetensors or GGUF release of the model, or convert the weights in an isolated place.",
)
WRONG_FORMAT = Code(
    "ART006",
    "Content is not in the declared format",
    "The specification declares a format that the bytes do not have, so the runtime would get something else than was "
    "reviewed.",
    "Correct `spec.format`, or point `spec.source` at the artifact that was meant.",
)
BROKEN_WEIGHTS = Code(
    "ART007",
    "Weights file is broken",
    "The header of a weights file and its length do not fit together: the file was cut short, or was never whole.",
    "Get the file again from where it was published and compare the digests.",
)
UNKNOWN_STORE = Code(
    "ART008",
    "The store has another layout",
    "The store's folder was written by a release of trueup whose layout this one does not know.",
    "Use that release, or point `spec.store.path` at another folder; artifacts can be fetched and built again.",
)
NO_BUILDER = Code(
    "ART009",
    "No builder for this mode",
    "The build's mode needs a builder that is not installed here.",
    "Use a mode that is listed, or install the plugin that brings the builder (entry-point group `trueup.builders`).",
)
NO_RESULT = Code(
    "ART010",
    "The builder left no result",
    "The builder ended without an error and without the file it should have written.",
    "Report it to whoever maintains the builder; nothing was admitted to the store.",
)
NO_INPUT = Code(
    "ART011",
    "What the build reads is not in the store",
    "A build reads the model's artifact and, for calibration, a dataset. They are fetched and verified before.",
    "Run the command again; it fetches what is missing first.",
)
REMOTE = Code(
    "ART012",
    "The remote store cannot be used",
    "`spec.store.url` in trueup.yaml names a store that others share, and it did not answer, refused, or holds "
    "something that is not what it says. What is declared can be fetched and built without it.",
    "See the detail: the address, the credentials of its kind (such as `AWS_PROFILE`), or the network. Then run the "
    "command again.",
)
NO_LIBRARY = Code(
    "ART013",
    "A library for the remote store is missing",
    "Stores elsewhere are reached through fsspec and the library of their kind, which are not part of the default "
    "installation.",
    "Install what the detail names.",
)

CODES = (
    WRONG_DIGEST,
    NO_SPACE,
    NOT_WRITABLE,
    STORE_FAILED,
    PICKLE,
    WRONG_FORMAT,
    BROKEN_WEIGHTS,
    UNKNOWN_STORE,
    NO_BUILDER,
    NO_RESULT,
    NO_INPUT,
    REMOTE,
    NO_LIBRARY,
)
