"""What the default branch had before: first sightings of versions, in one pass over its commits.

A file that has the blob it was born with shows nothing new, so only other blobs are read: those that were replaced,
deleted or moved, and files whose included text changed. Along first parents, because a version counts as merged
when the default branch has it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from trueup.adapters.git import codes
from trueup.adapters.git.base import Trunk
from trueup.adapters.git.objects import blob_id, limited, records
from trueup.adapters.git.paths import normal_path
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import CommitTree, folder_arguments, shown
from trueup.core.diagnostics import Diagnostic, Severity
from trueup.core.digests import BlobId, Digest, Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.ports import Compared, News
from trueup.spec.immutability import Sighting, Sightings, changed_versions
from trueup.spec.resource import Parsed, Resources, SourceFile, content_digest
from trueup.spec.yaml.events import MAX_BYTES

Parse = Callable[[Iterable[SourceFile], Callable[[str], bytes | Diagnostic]], Parsed]
"""Reads files of one commit; the second argument gives the text that they include."""

_REGULAR = ("100644", "100755", "100664")
_MOST_NEWS = 1_000
"""Commits that are looked at one by one; of more, looking at everything is as fast."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A commit gave a file this content; an empty blob means that it took the file away."""

    revision: Revision
    path: str
    blob: BlobId


@dataclass(frozen=True, slots=True)
class Declared:
    """Where declared files are, and the commit under review, empty for a work tree with changes.

    `project` is the file that says where they are; it may have said something else before. Empty when there is none.
    """

    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    revision: Revision
    project: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """First sightings, and a warning when the history does not go back to the start.

    `folders` are those that were looked through, and `born` the contents that declared files had.
    """

    sightings: Sightings
    diagnostics: tuple[Diagnostic, ...]
    folders: tuple[str, ...] = ()
    born: AbstractSet[BlobId] = frozenset()


def file_versions(repository: Repository, tip: Revision, folders: Sequence[str]) -> Iterator[FileVersion]:
    """Yield what each commit up to *tip*, newest first along first parents, did to the files below *folders*.

    Raises:
        GitError: *tip* is unknown or objects are missing.
    """
    command = ("-c", "log.showRoot=true", "-c", "diff.relative=false", "log", "--raw", "-r")
    shape = ("-O/dev/null", "-z", "-m", "--first-parent", "--no-renames", "--no-abbrev", "--no-color", "--no-ext-diff")
    revision, change = Revision(""), ""
    arguments = (*command, *shape, "--format=%H", tip, "--", *folder_arguments(folders))
    for record in records(repository, *arguments):
        text = record.lstrip(b"\n")
        if change:
            _, mode, _, blob, status = change.split(" ")
            kept = status != "D" and mode in _REGULAR
            yield FileVersion(revision, shown(record), BlobId(blob if kept else ""))
            change = ""
        elif text.startswith(b":"):
            change = text.decode()
        elif text:
            revision = Revision(text.decode().strip())


def first_sightings(
    repository: Repository, tip: Revision, where: Declared, resources: Resources, parse: Parse
) -> History:
    """Find the first content of versions on the branch that ends in *tip*, where it may differ from *resources*.

    Args:
        repository: The repository.
        tip: Tip of the default branch.
        where: Where declared files are.
        resources: What is under review.
        parse: Reads files of one commit.

    Raises:
        GitError: Objects are missing.
    """
    included = _included(resources, len(tip))
    versions, folders = _versions(repository, tip, where, included, parse)
    versions.reverse()
    order = {version.revision: index for index, version in enumerate(versions)}
    births = _births(versions, where.suffixes)
    names = _changed_includes(versions, where.suffixes, included)
    found: dict[ResourceId, Sighting] = {}
    unread = {resource.origin.blob for resource in resources.values()}
    kinds = {id_.kind.encode() for id_ in resources if id_.version}
    for revision, brought in _worth_reading(repository, births, unread, names):
        files = [file for file in brought if _may_declare(file.content, kinds)]
        unread.difference_update(file.blob for file in files)
        for resource in parse(files, CommitTree(repository, revision).read).resources.values():
            if resource.id.version:
                found.setdefault(resource.id, Sighting(content_digest(resource), revision, resource.origin.path))
    for id_, resource in resources.items():
        # A blob that was not read again has the content under review, and may be older than what was read.
        birth = births.get(resource.origin.blob) if resource.origin.blob in unread else None
        if birth and id_ in found and order[birth.revision] <= order[found[id_].revision]:
            del found[id_]
    return History(found, _shallow_warning(repository), folders, births.keys())


def compared(repository: Repository, trunk: Trunk, where: Declared, resources: Resources, parse: Parse) -> Compared:
    """Compare *resources* with what the default branch first had, and say when it cannot be known.

    Raises:
        GitError: Objects are missing.
    """
    if trunk.tip is None and repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
        return Compared(())  # nothing is committed, so nothing was merged
    if trunk.tip is None:
        detail = f"There is neither `origin/{trunk.name}` nor `{trunk.name}`; merged versions are not compared."
        remedy = codes.NO_DEFAULT_BRANCH.remedy
        return Compared((Diagnostic(codes.NO_DEFAULT_BRANCH, detail, None, remedy, Severity.WARNING),))
    history = first_sightings(repository, trunk.tip, where, resources, parse)
    found = history.diagnostics + changed_versions(resources, history.sightings, where.revision)
    tip = None if _is_grafted(repository) else trunk.tip
    return Compared(found, tip, history.folders, history.sightings, history.born)


def merged_since(
    repository: Repository, tip: Revision, earlier: Compared, where: Declared, parse: Parse
) -> News | None:
    """Return what the default branch, which ends in *tip* now, took in since *earlier*.

    None where it does not go on from there along first parents, took in very much, or declares elsewhere; and where
    commits were given other parents.
    """
    if earlier.tip is None or repository.is_shallow() or _is_grafted(repository):
        return None
    if tip == earlier.tip:
        return News(tip)
    span = f"{earlier.tip}..{tip}"
    chain = (repository.ask("rev-list", "--first-parent", "--parents", span) or "").splitlines()
    if not 0 < len(chain) <= _MOST_NEWS or chain[-1].split(" ")[1:2] != [earlier.tip]:
        return None
    versions = list(file_versions(repository, Revision(span), [*earlier.folders, where.project]))
    if any(version.path == where.project for version in versions):
        return None
    versions.reverse()
    brought = [v for v in versions if v.blob and v.path.endswith(where.suffixes)]
    by_commit: dict[Revision, list[SourceFile]] = {}
    for version, content in zip(brought, limited(repository, [v.blob for v in brought], MAX_BYTES), strict=True):
        by_commit.setdefault(version.revision, []).append(SourceFile(version.path, version.blob, content))
    seen: dict[ResourceId, Digest] = {}
    for revision, files in by_commit.items():
        read = CommitTree(repository, revision).read
        # One by one: read together, one that is broken would hide what another one declares under the same id.
        for file in files:
            for id_, resource in parse([file], read).resources.items():
                if id_.version:
                    seen.setdefault(id_, content_digest(resource))
    return News(tip, seen)


def _is_grafted(repository: Repository) -> bool:
    """Tell whether somebody gave commits other parents: what is found out then is not true of the commits alone."""
    return (repository.common_dir / "info" / "grafts").exists()


def _versions(
    repository: Repository, tip: Revision, where: Declared, included: Iterable[str], parse: Parse
) -> tuple[list[FileVersion], tuple[str, ...]]:
    """Return what commits did to declared files, newest first, in folders of today and of before; and these folders.

    A version is as merged when its folder was moved: the project file's own history tells where folders were.
    """
    folders = [*where.folders, *included]
    found = list(file_versions(repository, tip, [*folders, *([where.project] if where.project else [])]))
    settings = [version for version in found if version.path == where.project and version.blob]
    is_reviewed = tip == where.revision and len({version.blob for version in settings}) == 1
    former = set() if is_reviewed else _former_folders(repository, settings, parse) - set(where.folders)
    if former:
        folders += sorted(former)
        found = list(file_versions(repository, tip, folders))
    return [version for version in found if version.path != where.project], tuple(folders)


def _former_folders(repository: Repository, settings: Sequence[FileVersion], parse: Parse) -> set[str]:
    """Return all folders that versions of the project file named; one that cannot be read names none."""
    blobs_of = dict.fromkeys(version.blob for version in settings)
    from trueup.spec import kinds  # only where the project file may have been another

    folders: set[str] = set()
    for blob, content in zip(blobs_of, limited(repository, list(blobs_of), MAX_BYTES), strict=True):
        read = parse([SourceFile(settings[0].path, blob, content)], CommitTree(repository, settings[0].revision).read)
        for id_, resource in read.resources.items():
            if id_.kind == "Project":
                folders.update(kinds.project(resource).spec.specs)
    return folders


def _births(versions: Sequence[FileVersion], suffixes: tuple[str, ...]) -> dict[BlobId, FileVersion]:
    births: dict[BlobId, FileVersion] = {}
    for version in versions:
        if version.blob and version.path.endswith(suffixes):
            births.setdefault(version.blob, version)
    return births


def _worth_reading(
    repository: Repository, births: Mapping[BlobId, FileVersion], reviewed: Iterable[BlobId], names: set[bytes]
) -> Iterator[tuple[Revision, list[SourceFile]]]:
    """Yield, oldest commit first, the declared files that it brought and that may hold another first content."""
    known = set(reviewed)
    wanted = [birth for blob, birth in births.items() if names or blob not in known]
    by_commit: dict[Revision, list[SourceFile]] = {}
    for birth, content in zip(wanted, limited(repository, [b.blob for b in wanted], MAX_BYTES), strict=True):
        if birth.blob not in known or any(name in content for name in names):
            by_commit.setdefault(birth.revision, []).append(SourceFile(birth.path, birth.blob, content))
    yield from by_commit.items()


def _may_declare(content: bytes, kinds: set[bytes]) -> bool:
    """Tell whether a file can declare one of *kinds*: it has the word, or escapes that may spell it."""
    return b"\\" in content or any(kind in content for kind in kinds)


def _included(resources: Resources, id_length: int) -> dict[str, set[str]]:
    """Return the files whose text *resources* include, with the blob ids that their text would have."""
    found: dict[str, set[str]] = {}
    for resource in resources.values():
        if b'"content":' not in resource.canonical or b'"file":' not in resource.canonical:
            continue
        for file, text in _inclusions(json.loads(resource.canonical)):
            normal = normal_path(file)
            if isinstance(normal, str):
                found.setdefault(normal, set()).add(blob_id(text.encode(), id_length))
    return found


def _inclusions(value: Json) -> Iterator[tuple[str, str]]:
    match value:
        case {"file": str(file), "content": str(content)}:
            yield file, content
        case Mapping():
            for below in value.values():
                yield from _inclusions(below)
        case [*items]:
            for below in items:
                yield from _inclusions(below)
        case _:
            return


def _changed_includes(
    versions: Sequence[FileVersion], suffixes: tuple[str, ...], included: Mapping[str, set[str]]
) -> set[bytes]:
    """Return the names, without folders, of files beside the declared ones whose content was or is another."""
    contents: dict[str, set[str]] = {}
    for version in versions:
        if version.path in included or not version.path.endswith(suffixes):
            contents.setdefault(version.path, set()).add(version.blob)
    changed = (path for path, seen in contents.items() if len(seen) > 1 or included.get(path, seen) != seen)
    return {path.rsplit("/", 1)[-1].encode() for path in changed}


def _shallow_warning(repository: Repository) -> tuple[Diagnostic, ...]:
    if not repository.is_shallow():
        return ()
    detail = "Versions are compared with the commits that were fetched; what was merged before them is not seen."
    return (Diagnostic(codes.SHALLOW, detail, None, codes.SHALLOW.remedy, Severity.WARNING),)
