"""Renders what an environment should be: from a revision alone, without a target, the ledger or the network."""

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.desired.rendered import rendered_files
from trueup.desired.resolve import resolve
from trueup.workflows.loading import Invalid, load
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of an environment.

    Attributes:
        environment: Its name.
        revision: The commit; empty for a work tree with uncommitted changes.
        digest: Digest of the desired state.
        files: Contents by path, sorted.
    """

    environment: str
    revision: Revision
    digest: Digest
    files: dict[str, bytes]


def render(workspace: Workspace, environment: str, revision: str = "") -> Rendered | Invalid:
    """Render *environment* as *revision* (the work tree when empty) declares it."""
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    desired, problems = resolve(loaded.resources, environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems)
    return Rendered(environment, desired.revision, desired.digest, rendered_files(desired))
