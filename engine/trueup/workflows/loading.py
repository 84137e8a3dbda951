"""Loads a revision: the project file, then every declared resource, with all problems at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from trueup.core.diagnostics import Diagnostic, has_errors, sort_diagnostics
from trueup.core.digests import BlobId
from trueup.ports import Merged, SourceTree
from trueup.spec import kinds
from trueup.spec.parse import parse
from trueup.spec.resource import Parsed, Resources, SourceFile
from trueup.workflows import codes
from trueup.workflows.workspace import Workspace

PROJECT_FILE = "trueup.yaml"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What the project file says, as far as workflows act on it."""

    name: str
    specs: tuple[str, ...]
    library: bool
    policies: tuple[str, ...]
    default_branch: str
    store_path: str
    ledger_ref: str
    ledger_remote: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """One revision, read.

    Attributes:
        tree: Its files.
        project: The project's settings; None when the project file is wrong.
        resources: Every good resource.
        diagnostics: Every problem, sorted by place.
    """

    tree: SourceTree
    project: ProjectSettings | None
    resources: Resources
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_valid(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return self.project is not None and not has_errors(self.diagnostics)


def load(workspace: Workspace, revision: str = "") -> Loaded:
    """Read *revision*, or the work tree when it is empty, and hold its versions to those the default branch had."""
    loaded = load_tree(workspace.tree(revision))
    if loaded.project is None:
        return loaded
    with _without_collector():
        found = _changed_versions(workspace, loaded, loaded.project)
    return replace(loaded, diagnostics=sort_diagnostics([*loaded.diagnostics, *found])) if found else loaded


def load_tree(tree: SourceTree) -> Loaded:
    """Read the project and its resources from *tree*."""
    with _without_collector():
        project, problems = read_project(tree)
        if project is None:
            return Loaded(tree, None, {}, problems)
        parsed = parse(tree.files(project.specs, SUFFIXES), tree.read)
        found = list(problems) + list(parsed.diagnostics)
        if not parsed.resources and not parsed.diagnostics:
            found.append(_nothing_declared(project))
        return Loaded(tree, project, parsed.resources, sort_diagnostics(found))


def _changed_versions(workspace: Workspace, loaded: Loaded, project: ProjectSettings) -> tuple[Diagnostic, ...]:
    merged = Merged(project.default_branch, project.specs, SUFFIXES, loaded.tree.revision)
    return workspace.history.changed_versions(merged, loaded.resources, parse)


def read_project(tree: SourceTree) -> tuple[ProjectSettings | None, tuple[Diagnostic, ...]]:
    """Read the project file of *tree*."""
    content = tree.read(PROJECT_FILE)
    if isinstance(content, Diagnostic):
        return None, (content,)
    parsed: Parsed = parse([SourceFile(PROJECT_FILE, BlobId(""), content)], tree.read)
    found = next((r for id_, r in parsed.resources.items() if id_.kind == "Project"), None)
    if found is None:
        none = Diagnostic(codes.NO_PROJECT_IN_FILE, f"`{PROJECT_FILE}` declares no Project.", hint="see `trueup init`")
        return None, parsed.diagnostics or (none,)
    spec = kinds.project(found).spec
    settings = ProjectSettings(
        name=found.id.name,
        specs=tuple(spec.specs),
        library=spec.policies.library,
        policies=tuple(spec.policies.paths),
        default_branch=spec.default_branch,
        store_path=spec.store.path,
        ledger_ref=spec.ledger.ref,
        ledger_remote=spec.ledger.remote or "",
    )
    return settings, parsed.diagnostics


def environments(resources: Resources) -> tuple[str, ...]:
    """Return the names of the declared environments, sorted."""
    return tuple(sorted(id_.name for id_ in resources if id_.kind == "Environment"))


def _nothing_declared(project: ProjectSettings) -> Diagnostic:
    folders = ", ".join(f"`{s}`" for s in project.specs)
    return Diagnostic(
        codes.NOTHING_DECLARED, f"No resource is declared below {folders}.", hint=codes.NOTHING_DECLARED.remedy
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hold the garbage collector off: it would walk all that was parsed again and again and free nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
