"""Who last wrote a file, as far as this clone can tell: the author of the last commit that changed it."""

from collections.abc import Mapping
from itertools import islice

from trueup.adapters.git.objects import records
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import shown
from trueup.core.digests import BlobId

_COMMIT = b"\x01"
"""Begins the line of a commit, which a path never does here."""
_AT_ONCE = 500
"""Paths that one command line takes."""


def writers(repository: Repository, revision: str, files: Mapping[str, BlobId], actor: str) -> dict[str, str]:
    """Return who last wrote each of *files*, `Name <e-mail>`; empty when this clone cannot tell.

    Args:
        repository: The repository.
        revision: The commit the files were read from; empty for the work tree.
        files: Paths from the root of the repository, with the blobs that were read. A file that its commit does not
            have like that was written by *actor*, as far as anybody can tell.
        actor: Who works here.

    Raises:
        GitError: *revision* is unknown or objects are missing.
    """
    if not files:
        return {}
    head = revision or repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        return dict.fromkeys(files, actor)
    found = dict.fromkeys(files, actor)
    rest = iter(sorted(files))
    while chunk := list(islice(rest, _AT_ONCE)):
        committed = {} if revision else _blobs(repository, head, chunk)
        found.update(_authors(repository, head, [p for p in chunk if revision or committed.get(p) == files[p]]))
    return found


def _blobs(repository: Repository, revision: str, paths: list[str]) -> dict[str, str]:
    listed = repository.run("ls-tree", "-z", "--full-tree", revision, "--", *paths).split(b"\0")
    entries = (entry.partition(b"\t") for entry in listed if entry)
    return {shown(path): facts.split()[2].decode() for facts, _, path in entries}


def _authors(repository: Repository, head: str, paths: list[str]) -> dict[str, str]:
    """Walk back from *head* until each path was changed. Of a merge, what differs from all its parents is its own."""
    found = dict.fromkeys(paths, "")
    if not paths:
        return found  # git would list every file
    wanted = set(paths)
    is_shallow = repository.is_shallow()
    author = ""
    form = "--format=%x01%P%x01%an <%ae>"
    shape = ("-c", "--name-only", "-z", "--no-renames", "--no-show-signature", "--no-ext-diff", "-O/dev/null")
    arguments = ("-c", "log.showRoot=true", "-c", "diff.relative=false", "log", *shape, form, head, "--", *paths)
    for record in records(repository, *arguments):
        text = record.lstrip(b"\n")
        if text.startswith(_COMMIT):
            parents, author = text[1:].decode("utf-8", "replace").split("\x01", 1)
            # The first commit of a shallow clone seems to bring every file.
            author = "" if is_shallow and not parents else author
        elif (path := shown(text)) in wanted:
            wanted.remove(path)
            found[path] = author
            if not wanted:
                break  # which ends git
    return found
