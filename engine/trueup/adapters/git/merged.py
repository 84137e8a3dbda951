"""`History` over the default branch of this repository."""

from trueup.adapters.git.history import Declared, immutability_problems
from trueup.adapters.git.repository import Repository
from trueup.core.diagnostics import Diagnostic
from trueup.ports import Merged, ParseFiles
from trueup.spec.resource import Resources


class GitHistory:
    """Compares versions with what the default branch first had."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def changed_versions(self, merged: Merged, resources: Resources, parse: ParseFiles) -> tuple[Diagnostic, ...]:
        """Return a problem for each version that was changed since it was merged."""
        where = Declared(merged.folders, merged.suffixes, merged.revision, merged.project)
        return immutability_problems(self._repository, merged.branch, where, resources, parse)
