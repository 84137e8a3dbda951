"""Validates: every declared file, every problem, in one run. Runs no code of the repository and needs no network."""

from dataclasses import replace

from trueup.core.diagnostics import Diagnostic, sort_diagnostics
from trueup.core.frozen import dataclass
from trueup.desired.build_pins import build_problems
from trueup.desired.prompt_tests import prompt_problems
from trueup.ports import ParsedFiles
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
        return self.loaded.is_valid


def validate(workspace: Workspace, revision: str = "", *, known: ParsedFiles | None = None) -> Validated:
    """Check *revision*, or the work tree when it is empty; what is *known* of files need not be read again."""
    loaded = load(workspace, revision, known=known)
    # A plan looks at the builds that its environment uses; here are those that nobody uses yet.
    builds = [resource for id_, resource in loaded.resources.items() if id_.kind == "Build"]
    prompts = [resource for id_, resource in loaded.resources.items() if id_.kind == "Prompt"]
    if found := (*build_problems(builds), *prompt_problems(prompts)):
        loaded = replace(loaded, diagnostics=sort_diagnostics([*loaded.diagnostics, *found]))
    return Validated(loaded, loaded.diagnostics)
