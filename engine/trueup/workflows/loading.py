"""Loads a revision: the project file, then every declared resource, with all problems at once."""

import gc
import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache

from trueup.core.diagnostics import Diagnostic, Span, has_errors, sort_diagnostics
from trueup.core.digests import BlobId
from trueup.core.errors import PermanentError
from trueup.core.suggestions import did_you_mean
from trueup.desired.codes import UNKNOWN_ENVIRONMENT
from trueup.ports import Compared, Merged, News, ParsedFiles, SourceTree
from trueup.spec import kinds
from trueup.spec.bundles import BundlePin
from trueup.spec.engines import EngineChoice
from trueup.spec.parse import parse, parse_alone
from trueup.spec.remembered import Noted
from trueup.spec.resource import Parsed, Path, Resources, SourceFile
from trueup.workflows import codes
from trueup.workflows.remembering import parse_known
from trueup.workflows.state_folder import STATE_FOLDER
from trueup.workflows.workspace import Workspace

PROJECT_FILE = "trueup.yaml"
SUFFIXES = (".yaml", ".yml")
POLICY_SUFFIXES = (".rego",)


@dataclass(frozen=True, slots=True)
class ForgeChoice:
    """Where pull requests are made, as declared; what is empty is guessed from the remote.

    Attributes:
        kind: `github` or `gitlab`.
        url: Address of the forge for people.
        repository: `owner/name`.
        token: Reference to the token.
    """

    kind: str = ""
    url: str = ""
    repository: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class EventSink:
    """Where changes are told of: `cloudevents` or `openlineage`, to an address or into a file."""

    name: str
    type: str
    url: str = ""
    file: str = ""
    token: str = ""


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
    bundles: tuple[BundlePin, ...] = ()
    engine: EngineChoice = field(default_factory=EngineChoice)
    store_url: str = ""
    store_endpoint: str = ""
    signing_key: str = ""
    trusted_keys: tuple[tuple[str, str], ...] = ()
    forge: ForgeChoice = ForgeChoice()
    prometheus: str = ""
    prometheus_token: str = ""
    prometheus_seconds: float = 10.0
    events: tuple[EventSink, ...] = ()


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with the declaration; nothing was planned."""

    diagnostics: tuple[Diagnostic, ...]


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


def load(workspace: Workspace, revision: str = "", *, known: ParsedFiles | None = None) -> Loaded:
    """Read *revision*, or the work tree when it is empty, and hold its versions to those the default branch had.

    What is only shown may take what is *known* of files that were read before; what is carried out must not.
    """
    loaded = load_tree(workspace.tree(revision), known=known)
    if loaded.project is None:
        return loaded
    with without_collector():
        found = compared_versions(workspace, loaded, loaded.project).diagnostics
    return replace(loaded, diagnostics=sort_diagnostics([*loaded.diagnostics, *found])) if found else loaded


def load_tree(
    tree: SourceTree, *, known: ParsedFiles | None = None, also: Callable[[Noted], None] | None = None
) -> Loaded:
    """Read the project and its resources from *tree*, but for what is *known*; as `parse_known` does."""
    with without_collector():
        project, problems = read_project(tree)
        if project is None:
            return Loaded(tree, None, {}, problems)
        if known is None:
            parsed = parse(tree.files(project.specs, SUFFIXES), tree.read)
        else:
            parsed = parse_known(tree, project.specs, SUFFIXES, known, also)
        found = [*problems, *parsed.diagnostics, *_empty_spec_folders(tree, project, parsed)]
        found += empty_policy_folders(tree, project)
        found += _unread(tree, project)
        found += tracked_state(tree)
        if not parsed.resources and not found:
            found.append(_nothing_declared(project))
        return Loaded(tree, project, parsed.resources, sort_diagnostics(found))


def compared_versions(workspace: Workspace, loaded: Loaded, project: ProjectSettings) -> Compared:
    """Compare the versions of *loaded* with the content that the default branch first had of them."""
    return workspace.history.compared(_merged(loaded.tree, project), loaded.resources, parse_alone)


def merged_since(workspace: Workspace, tree: SourceTree, project: ProjectSettings, earlier: Compared) -> News | None:
    """Return what the default branch took in since *earlier*; None where all has to be compared."""
    return workspace.history.merged_since(_merged(tree, project), earlier, parse_alone)


def _merged(tree: SourceTree, project: ProjectSettings) -> Merged:
    return Merged(project.default_branch, project.specs, SUFFIXES, tree.revision, PROJECT_FILE)


def read_project(tree: SourceTree) -> tuple[ProjectSettings | None, tuple[Diagnostic, ...]]:
    """Read the project file of *tree*."""
    content = tree.read(PROJECT_FILE)
    return (None, (content,)) if isinstance(content, Diagnostic) else _project_in(content)


@lru_cache(maxsize=16)
def _project_in(content: bytes) -> tuple[ProjectSettings | None, tuple[Diagnostic, ...]]:
    """Return what a project file says; many questions of one command are about the same one."""
    parsed: Parsed = parse([SourceFile(PROJECT_FILE, BlobId(""), content)], _takes_in_nothing)
    found = next((r for id_, r in parsed.resources.items() if id_.kind == "Project"), None)
    if found is None:
        detail = f"`{PROJECT_FILE}` declares no Project."
        none = Diagnostic(codes.NO_PROJECT_IN_FILE, detail, Span(PROJECT_FILE), codes.NO_PROJECT_IN_FILE.remedy)
        return None, parsed.diagnostics or (none,)
    spec = kinds.project(found).spec
    settings = ProjectSettings(
        name=found.id.name,
        specs=tuple(map(_plain, spec.specs)),
        library=spec.policies.library,
        policies=tuple(map(_plain, spec.policies.paths)),
        default_branch=spec.default_branch,
        store_path=spec.store.path,
        store_url=spec.store.url or "",
        store_endpoint=spec.store.endpoint or "",
        ledger_ref=spec.ledger.ref,
        ledger_remote=spec.ledger.remote or "",
        bundles=tuple(b.pin for b in spec.policies.bundles),
        engine=spec.policies.engine.choice,
        signing_key=spec.evidence.signing_key or "",
        trusted_keys=tuple((k.name, k.public_key) for k in spec.evidence.trusted),
        forge=ForgeChoice(
            spec.forge.type or "", spec.forge.url or "", spec.forge.repository or "", spec.forge.token or ""
        ),
        prometheus=spec.metrics.prometheus or "",
        prometheus_token=spec.metrics.token or "",
        prometheus_seconds=spec.metrics.timeout_seconds,
        events=tuple(EventSink(e.name, e.type, e.url or "", e.file or "", e.token or "") for e in spec.events),
    )
    return settings, parsed.diagnostics


def _plain(folder: str) -> str:
    """Return the one way to write a folder of the repository, `.` for all of it."""
    return posixpath.normpath(folder.strip("/") or ".")


def lies_below(path: str, folder: str) -> bool:
    """Tell whether *path* is *folder*, as the project's settings have it, or lies in it."""
    return folder in (".", path) or path.startswith(f"{folder}/")


def _takes_in_nothing(path: str) -> Diagnostic:
    return Diagnostic(codes.NO_PROJECT_IN_FILE, f"A project file does not include `{path}`.", Span(PROJECT_FILE))


def environments(resources: Resources) -> tuple[str, ...]:
    """Return the names of the declared environments, sorted."""
    return tuple(sorted(id_.name for id_ in resources if id_.kind == "Environment"))


def require_environment(workspace: Workspace, name: str) -> None:
    """Refuse a name that is not declared: under a misspelt one there is nothing to find, which reads like an answer.

    Raises:
        PermanentError: No Environment has that name.
    """
    loaded = load_tree(workspace.tree(""))
    known = environments(loaded.resources)
    if loaded.is_valid and name not in known:
        hint = did_you_mean(name, known)
        detail = f"`{name}` is not declared; declared are {', '.join(known) or 'none'}."
        raise PermanentError(UNKNOWN_ENVIRONMENT, detail, hint=hint)


def _nothing_declared(project: ProjectSettings) -> Diagnostic:
    folders = ", ".join(f"`{s}`" for s in project.specs)
    detail = f"No resource is declared below {folders}."
    return Diagnostic(codes.NOTHING_DECLARED, detail, Span(PROJECT_FILE), codes.NOTHING_DECLARED.remedy)


def _unread(tree: SourceTree, project: ProjectSettings) -> Iterator[Diagnostic]:
    """Yield a problem for each thing below the spec folders that may declare something and was not read."""
    for path in tree.passed_over:
        if any(lies_below(path, folder) for folder in project.specs):
            detail = f"`{path}` is a symbolic link, or cannot be read as a file."
            yield Diagnostic(codes.UNREAD, detail, Span(path), codes.UNREAD.remedy)


def tracked_state(tree: SourceTree) -> Iterator[Diagnostic]:
    """Yield a problem when a commit brings files into the folder of what trueup itself keeps beside the repository.

    Artifacts, journals and what is known of servers lie there: whoever can commit them could say that they are ours.
    """
    new = next(iter(tree.files([STATE_FOLDER], [""])), None)
    brought = new.path if new is not None else tree.brought(STATE_FOLDER)
    if brought:
        detail = f"`{brought}` is committed, or about to be."
        yield Diagnostic(codes.TRACKED_STATE, detail, Span(brought), codes.TRACKED_STATE.remedy)


def empty_policy_folders(tree: SourceTree, project: ProjectSettings) -> Iterator[Diagnostic]:
    """Yield a problem for each folder of policies without a policy: a misspelt name must not switch rules off."""
    for index, folder in enumerate(project.policies):
        if next(iter(tree.files([folder], POLICY_SUFFIXES)), None) is None:
            yield _nothing_below(tree, f"There is no policy below `{folder}`.", ("spec", "policies", "paths", index))


def _empty_spec_folders(tree: SourceTree, project: ProjectSettings, parsed: Parsed) -> Iterator[Diagnostic]:
    """Yield a problem for each spec folder without a file; those that gave a resource are not looked at again."""
    seen = {r.origin.path for r in parsed.resources.values()} | {d.span.path for d in parsed.diagnostics if d.span}
    for index, folder in enumerate(project.specs):
        if any(lies_below(path, folder) for path in seen):
            continue
        if next(iter(tree.files([folder], SUFFIXES)), None) is None:
            yield _nothing_below(tree, f"There is no YAML file below `{folder}`.", ("spec", "specs", index))


def _nothing_below(tree: SourceTree, detail: str, path: Path) -> Diagnostic:
    content = tree.read(PROJECT_FILE)
    from trueup.spec.yaml.positions import locate

    line, column = (0, 0) if isinstance(content, Diagnostic) else locate(content, 0, path)
    return Diagnostic(codes.NOTHING_BELOW, detail, Span(PROJECT_FILE, line, column), codes.NOTHING_BELOW.remedy)


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold the garbage collector off: it would walk all that was parsed again and again and free nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
