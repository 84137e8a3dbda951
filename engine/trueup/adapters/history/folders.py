"""Where resources were declared before: every folder that the project file of any commit named."""

from trueup.adapters.git.objects import blobs
from trueup.adapters.git.repository import Repository
from trueup.core.digests import BlobId
from trueup.core.json import mapping_of
from trueup.spec.resource import SourceFile
from trueup.spec.yaml.load import load_file

_DEFAULT = "spec"
"""What a project file means that names no folder."""


def named_folders(repository: Repository, head: str, project_file: str) -> tuple[str, ...]:
    """Return the folders that versions of *project_file* up to *head* name, sorted; one that cannot be read names none.

    Raises:
        GitError: Objects are missing.
    """
    if not head:
        return ()
    options = ("-c", "log.showRoot=true", "-c", "diff.relative=false")
    shape = ("--full-history", "--raw", "--no-abbrev", "--no-renames", "-m", "--no-ext-diff", "--no-color", "--format=")
    said = repository.run(*options, "log", *shape, head, "--", project_file).decode("utf-8", "replace")
    found = dict.fromkeys(line.split(" ")[3] for line in said.splitlines() if line.startswith(":"))
    versions = [BlobId(blob) for blob in found if blob.strip("0")]
    return tuple(sorted({folder for content in blobs(repository, versions) for folder in _folders(content)}))


def _folders(content: bytes) -> list[str]:
    documents = load_file(SourceFile("", BlobId(""), content)).documents
    specs = [mapping_of(mapping_of(document.value).get("spec")).get("specs", [_DEFAULT]) for document in documents]
    return [folder for some in specs if isinstance(some, list) for folder in some if isinstance(folder, str)]
