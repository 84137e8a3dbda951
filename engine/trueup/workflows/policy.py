"""Policies for their authors: what is wrong with them, which rules there are, whether their tests pass."""

from dataclasses import dataclass

from trueup.core.diagnostics import Diagnostic
from trueup.policy.results import RuleInfo, RuleTest
from trueup.workflows.loading import empty_policy_folders, read_project
from trueup.workflows.planning import Invalid
from trueup.workflows.workspace import Policies, Workspace


@dataclass(frozen=True, slots=True)
class Tested:
    """The outcome of the `test_` rules that were asked for."""

    tests: tuple[RuleTest, ...]

    @property
    def has_passed(self) -> bool:
        """Whether every test passed; no test at all proves nothing."""
        return bool(self.tests) and all(t.passed for t in self.tests)


def policies_of(workspace: Workspace, revision: str = "") -> Policies | Invalid:
    """Return the policies of *revision*, or of the work tree when it is empty."""
    tree = workspace.tree(revision)
    project, problems = read_project(tree)
    if project is None:
        return Invalid(problems)
    missing = tuple(empty_policy_folders(tree, project))
    if missing:
        return Invalid(missing)
    return workspace.policies(tree, library=project.library, folders=project.policies)


def check(workspace: Workspace, revision: str = "") -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with the policies; evaluates nothing."""
    policies = policies_of(workspace, revision)
    return policies.diagnostics if isinstance(policies, Invalid) else workspace.engine.check(policies.files)


def rules(workspace: Workspace, revision: str = "") -> tuple[RuleInfo, ...] | Invalid:
    """Return what each rule says of itself, sorted by id."""
    policies = policies_of(workspace, revision)
    if isinstance(policies, Invalid):
        return policies
    described = workspace.workbench.describe(policies.files)
    problems = tuple(d for d in described if isinstance(d, Diagnostic))
    if problems:
        return Invalid(problems)
    return tuple(sorted((r for r in described if isinstance(r, RuleInfo)), key=lambda r: (r.id, r.package)))


def run_tests(workspace: Workspace, revision: str = "", wanted: str = "") -> Tested | Invalid:
    """Run the `test_` rules whose package and name contain *wanted*."""
    policies = policies_of(workspace, revision)
    if isinstance(policies, Invalid):
        return policies
    found = workspace.workbench.test(policies.files)
    problems = tuple(d for d in found if isinstance(d, Diagnostic))
    if problems:
        return Invalid(problems)
    tests = (t for t in found if isinstance(t, RuleTest))
    return Tested(tuple(t for t in tests if wanted in f"{t.package}.{t.name}"))
