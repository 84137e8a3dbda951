"""`History` over the default branch of this repository."""

from collections.abc import Callable

from trueup.adapters.git.base import Trunk
from trueup.adapters.git.history import Declared, immutability_problems
from trueup.adapters.git.repository import Repository
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.ports import Merged, ParseFiles
from trueup.spec.resource import Resources


class GitHistory:
    """Compares versions with what the default branch first had."""

    def __init__(self, repository: Repository, trunk: Callable[[Revision, str], Trunk]) -> None:
        self._repository = repository
        self._trunk = trunk

    def changed_versions(self, merged: Merged, resources: Resources, parse: ParseFiles) -> tuple[Diagnostic, ...]:
        """Return a problem for each version that was changed since it was merged."""
        where = Declared(merged.folders, merged.suffixes, merged.revision, merged.project)
        trunk = self._trunk(merged.revision, merged.branch)
        return immutability_problems(self._repository, trunk, where, resources, parse)
