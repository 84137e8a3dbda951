"""Policies for their authors: what is wrong with them, which rules there are, what their tests show."""

from collections.abc import Mapping

from trueup.core.diagnostics import Diagnostic
from trueup.core.frozen import dataclass
from trueup.core.suggestions import did_you_mean
from trueup.desired.resolve import environment_facts
from trueup.policy.enforcement import Settings, settings_of
from trueup.policy.listing import ListedRule, RulePage, list_rules
from trueup.policy.results import RuleInfo
from trueup.policy.tracing import Reads, TestRun
from trueup.spec.resource import Resources
from trueup.workflows import codes
from trueup.workflows.governing import Governing, governing_policies
from trueup.workflows.loading import Invalid, empty_policy_folders, load_tree, read_project
from trueup.workflows.workspace import Policies, Workspace


@dataclass(frozen=True, slots=True)
class PolicySource:
    """Where the policies come from.

    Attributes:
        revision: Commit of the project's; the work tree when empty.
        folder: A folder in place of the project's own, wherever it lies; empty for the project's.
        in_project: Whether there is a project, which says whether the library takes part.
    """

    revision: str = ""
    folder: str = ""
    in_project: bool = True


HERE = PolicySource()
"""The policies of the work tree."""


def policies_of(workspace: Workspace, source: PolicySource = HERE) -> Policies | Invalid:
    """Return the policies that *source* names."""
    if not source.in_project:
        return workspace.policy_folder(source.folder, library=False)
    tree = workspace.tree(source.revision)
    project, problems = read_project(tree)
    if project is None:
        return Invalid(problems)
    if source.folder:
        return workspace.policy_folder(source.folder, library=project.library)
    missing = tuple(empty_policy_folders(tree, project))
    if missing:
        return Invalid(missing)
    return workspace.policies(tree, library=project.library, folders=project.policies, bundles=project.bundles)


def judges(workspace: Workspace, source: PolicySource = HERE) -> Policies | None:
    """Return the policies that judge what *source* names; None for those of a folder, and where nobody can tell."""
    if source.folder or not source.in_project:
        return None
    loaded = load_tree(workspace.tree(source.revision))
    governing = governing_policies(workspace, loaded, loaded.project, "") if loaded.project else None
    return governing.policies if isinstance(governing, Governing) else None


def check(workspace: Workspace, source: PolicySource = HERE) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with the policies; evaluates nothing."""
    policies = policies_of(workspace, source)
    return policies.diagnostics if isinstance(policies, Invalid) else workspace.engine.check(policies.files)


def rules(workspace: Workspace, source: PolicySource = HERE) -> tuple[RuleInfo, ...] | Invalid:
    """Return what each rule says of itself, sorted by id."""
    policies = policies_of(workspace, source)
    return policies if isinstance(policies, Invalid) else _described(workspace, policies)


def run_tests(workspace: Workspace, source: PolicySource = HERE, wanted: str = "") -> TestRun | Invalid:
    """Run the `test_` rules whose package and name contain *wanted*."""
    policies = policies_of(workspace, source)
    if isinstance(policies, Invalid):
        return policies
    run = workspace.tracer.cover(policies.files, wanted)
    return run if isinstance(run, TestRun) else Invalid(run)


def has_passed(run: TestRun) -> bool:
    """Tell whether every test passed; no test at all proves nothing, and one that is still to do holds nothing up."""
    return any(not c.is_todo for c in run.cases) and not any(c.has_failed for c in run.cases)


def listing(
    workspace: Workspace, source: PolicySource = HERE, *, coverage: bool = False
) -> tuple[ListedRule, ...] | Invalid:
    """Return the table of rules: enforcement in every declared environment, tests and, if asked, what they reach."""
    policies = policies_of(workspace, source)
    if isinstance(policies, Invalid):
        return policies
    return _listing(workspace, source, policies, coverage=coverage)


def pages(
    workspace: Workspace, source: PolicySource = HERE, *, coverage: bool = False
) -> tuple[RulePage, ...] | Invalid:
    """Return all there is to read about each rule."""
    policies = policies_of(workspace, source)
    if isinstance(policies, Invalid):
        return policies
    listed = _listing(workspace, source, policies, coverage=coverage)
    if isinstance(listed, Invalid):
        return listed
    reads = tuple(r for r in workspace.tracer.reads(policies.files) if isinstance(r, Reads))
    return tuple(_page(workspace, source, rule, reads) for rule in listed)


def unknown_rule(rule: str, known: tuple[str, ...]) -> Diagnostic:
    """Return the problem of a rule id that no rule has."""
    hint = did_you_mean(rule, known) or codes.UNKNOWN_RULE.remedy
    return Diagnostic(codes.UNKNOWN_RULE, f"No rule has the id `{rule}`.", hint=hint)


def settings_of_environments(resources: Resources) -> dict[str, Settings]:
    """Return what each declared environment says of enforcement, by name."""
    declared = (environment_facts(r) for id_, r in resources.items() if id_.kind == "Environment")
    return {
        e.name: settings_of(e.tier, e.settings.get("policy") if isinstance(e.settings, Mapping) else None)
        for e in declared
    }


def _listing(
    workspace: Workspace, source: PolicySource, policies: Policies, *, coverage: bool
) -> tuple[ListedRule, ...] | Invalid:
    # Tests first: what the engine holds then has the rules, too, and need not be loaded twice.
    run = workspace.tracer.cover(policies.files, run=coverage)
    if isinstance(run, tuple):
        return Invalid(run)
    described = _described(workspace, policies)
    if isinstance(described, Invalid):
        return described
    environments = settings_of_environments(_resources(workspace, source))
    return list_rules(described, environments, workspace.clock.now().date(), run, _sources(policies, run))


def _described(workspace: Workspace, policies: Policies) -> tuple[RuleInfo, ...] | Invalid:
    described = workspace.workbench.describe(policies.files)
    problems = tuple(d for d in described if isinstance(d, Diagnostic))
    if problems:
        return Invalid(problems)
    return tuple(sorted((r for r in described if isinstance(r, RuleInfo)), key=lambda r: (r.id, r.package)))


def _resources(workspace: Workspace, source: PolicySource) -> Resources:
    """Return what is declared, as far as it can be read: a table of rules needs no sound repository."""
    return load_tree(workspace.tree(source.revision)).resources if source.in_project else {}


def _sources(policies: Policies, run: TestRun) -> dict[tuple[str, str], str]:
    """Return the text of each test: from its first line to the next test of its file."""
    by_file: dict[str, list[tuple[int, str, str]]] = {}
    for case in run.cases:
        if case.test.span:
            by_file.setdefault(case.test.span.path, []).append((case.test.span.line, case.test.package, case.test.name))
    texts: dict[tuple[str, str], str] = {}
    for file in policies.files:
        lines = file.content.decode("utf-8", "replace").splitlines()
        starts = sorted(by_file.get(file.path, ()))
        ends = [line for line, _, _ in starts[1:]] + [len(lines) + 1]
        for (line, package, name), end in zip(starts, ends[: len(starts)], strict=True):
            texts[package, name] = "\n".join(lines[line - 1 : end - 1])
    return texts


def _page(workspace: Workspace, source: PolicySource, rule: ListedRule, reads: tuple[Reads, ...]) -> RulePage:
    own = [r for r in reads if r.package == rule.info.package and r.entry in rule.entries]
    parameters = {path: value for r in own for path, value in r.parameters}
    inputs = sorted({".".join(str(step) for step in i.path) for r in own for i in r.inputs})
    text = workspace.policy_page(rule.path, source.revision, folder=source.folder) if rule.path else ""
    return RulePage(rule, tuple(sorted(parameters.items())), tuple(inputs), text)
