"""A version that was merged never changes: what is under review against what the default branch first had.

What counts is the first content a version had on the default branch. A version that was changed since, by whatever
way, is mended by giving it that content back, or by a new version. Finding the sightings is left to an adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.core.diagnostics import Diagnostic, sort_diagnostics
from trueup.core.digests import Digest, Revision, short
from trueup.core.ids import ResourceId
from trueup.spec.codes import VERSION_CHANGED
from trueup.spec.resource import Resource, Resources, content_digest


@dataclass(frozen=True, slots=True)
class Sighting:
    """The default branch had a version with this content.

    Attributes:
        digest: `content_digest` of the version.
        revision: The commit that brought it to the default branch.
        path: The file it stood in.
    """

    digest: Digest
    revision: Revision
    path: str


Sightings = Mapping[ResourceId, Sighting]
"""The first sighting of each versioned id whose content may differ from what is under review."""


def changed_versions(resources: Resources, sightings: Sightings, revision: Revision) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each of *resources* whose content differs from its first sighting.

    Args:
        resources: What is under review; ids without a version are passed over.
        sightings: What the default branch first had.
        revision: The commit under review; empty for a work tree with uncommitted changes.
    """
    here = f"commit {revision[:12]}" if revision else "the work tree"
    return sort_diagnostics(
        _changed(resource, first, here)
        for id_, first in sightings.items()
        if (resource := resources.get(id_)) is not None and id_.version and content_digest(resource) != first.digest
    )


def next_version(version: str) -> str:
    """Return the version that would follow *version*: its last number raised by one."""
    head = version.rstrip("0123456789")
    number = version[len(head) :]
    return f"{head}{int(number) + 1}" if number and len(number) < 100 else f"{version}-2"


def _changed(resource: Resource, first: Sighting, here: str) -> Diagnostic:
    id_ = resource.id
    where = "" if first.path == resource.origin.path else f" in {first.path}"
    detail = (
        f"`{id_}` was merged with commit {first.revision[:12]}{where} as {short(first.digest)}, "
        f"and {here} declares it as {short(content_digest(resource))}."
    )
    hint = f"make version {next_version(id_.version)} with the new content, and restore this one"
    return Diagnostic(VERSION_CHANGED, detail, resource.origin.span, hint)
