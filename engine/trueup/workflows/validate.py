"""Validates: every declared file, every problem, in one run. Runs no code of the repository and needs no network."""

from dataclasses import dataclass

from trueup.core.diagnostics import Diagnostic, has_errors, sort_diagnostics
from trueup.workflows.immutability import immutability_problems
from trueup.workflows.loading import Loaded, load
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Validated:
    """The outcome: what was read and everything that is wrong with it."""

    loaded: Loaded
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_valid(self) -> bool:
        """Whether there is no error."""
        return self.loaded.is_valid and not has_errors(self.diagnostics)


def validate(workspace: Workspace, revision: str = "") -> Validated:
    """Check *revision*, or the work tree when it is empty."""
    loaded = load(workspace, revision)
    found = list(loaded.diagnostics)
    if loaded.project is not None:
        found += immutability_problems(workspace, loaded)
    return Validated(loaded, sort_diagnostics(found))
