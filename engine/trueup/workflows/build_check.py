"""Checks a Build before anything is spent on it: what cannot work, what is not known, and what fits where."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from trueup.builds import codes
from trueup.builds.accelerators import PRODUCTS, Product, names_of_products, products_like
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import declared_build, declared_serving, declared_weights
from trueup.builds.findings import About, Finding, in_order
from trueup.builds.fit import fit_table
from trueup.builds.preflight import preflight
from trueup.builds.report import BuildReport, Placed
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.suggestions import did_you_mean
from trueup.workflows.at_hand import has_data, has_result, has_source, is_data_pinned, rows_of_data
from trueup.workflows.judging import locate_in
from trueup.workflows.loading import Invalid, Loaded, load
from trueup.workflows.named_builds import find_named, model_of, release_of, spec_of, users_of
from trueup.workflows.networks import network_for
from trueup.workflows.workspace import Workspace

ALL = "all"
"""In place of a product: every one that is known."""


@dataclass(frozen=True, slots=True)
class BuildCheckRequest:
    """What is to be checked.

    Attributes:
        build: Address of the Build, or `name@version`.
        model: `name@version`; empty means the one its deployments have.
        products: Accelerators to be told about, or `all`; empty means those that are declared.
        revision: Commit to read; empty means the work tree.
    """

    build: str
    model: str = ""
    products: tuple[str, ...] = ()
    revision: str = ""


def check_build(workspace: Workspace, request: BuildCheckRequest) -> BuildReport | Invalid:
    """Check the Build that *request* names.

    Raises:
        PermanentError: No such Build or Model is declared, it is not clear which model is meant, or a product is not
            known.
    """
    loaded = load(workspace, request.revision)
    return check_loaded(workspace, loaded, request) if loaded.is_valid else Invalid(loaded.diagnostics)


def check_loaded(workspace: Workspace, loaded: Loaded, request: BuildCheckRequest) -> BuildReport:
    """Check the Build that *request* names in what was *loaded* without errors; raise as `check_build` does."""
    asked = tuple(dict.fromkeys(_products(request.products)))
    build = find_named(request.build, "Build", loaded.resources)
    users = users_of(build.id, loaded.resources)
    model = model_of(build.id, request.model, users, loaded.resources)
    served = [d for d in users if release_of(d).get("model") == model.id.short]
    known = network_for(model, loaded.tree, workspace.store)
    spec = spec_of(build)
    declared = declared_build(spec)
    bare = Subject(
        build=declared,
        weights=declared_weights(spec_of(model)),
        network=known.network,
        # What needs an accelerator may be built elsewhere, and the disk there is nobody's to know here.
        free_disk=None if declared.gpu else _free(workspace.root / _store_path(loaded)),
        has_data=has_data(declared, loaded, workspace.store),
        rows=rows_of_data(declared, loaded, workspace.store),
        is_data_pinned=is_data_pinned(declared, loaded),
        has_source=not declared.gpu and has_source(model, workspace.store),
        has_result=has_result(build, model, loaded, workspace.store),
    )
    subjects = tuple((d.id, replace(bare, serving=declared_serving(spec_of(d)))) for d in served)
    only = subjects[0][1] if len(subjects) == 1 else bare
    table = fit_table(only, asked or _declared(bare, (s for _, s in subjects)))
    return BuildReport(
        build=str(build.id),
        mode=declared.mode,
        model=str(model.id),
        deployments=tuple(str(d.id) for d in served),
        sizes_from=known.origin,
        findings=tuple(_placed(loaded, build.id, model.id, subjects or ((build.id, bare),))),
        table=() if isinstance(table, str) else table,
        untold=_untold(table),
    )


def _products(names: Iterable[str]) -> Iterator[Product]:
    for name in names:
        found = PRODUCTS if name.strip().lower() == ALL else products_like(name)
        if not found:
            hint = did_you_mean(name.lower(), names_of_products())
            raise PermanentError(codes.UNKNOWN_PRODUCT, f"`{name}` is in no table.", hint=hint)
        yield from found


def _declared(bare: Subject, subjects: Iterable[Subject]) -> tuple[Product, ...]:
    """Return the accelerators that Build and deployments declare, each once."""
    found = [bare.product, *(s.product for s in subjects)]
    return tuple(dict.fromkeys(p for p in found if p is not None))


def _untold(table: tuple[object, ...] | str) -> str:
    if isinstance(table, str):
        return table
    return "" if table else "no accelerator is declared; name one with `--gpu`, or `--gpu all`"


def _placed(
    loaded: Loaded, build: ResourceId, model: ResourceId, subjects: Iterable[tuple[ResourceId, Subject]]
) -> Iterator[Placed]:
    """Yield what is found about each of *subjects*, and where it is declared; what is said of all of them, once."""
    found: dict[tuple[Finding, str], None] = {}
    for user, subject in subjects:
        addresses = {About.BUILD: build, About.MODEL: model, About.DEPLOYMENT: user}
        found |= dict.fromkeys((f, str(addresses[f.about])) for f in preflight(subject))
    locate = locate_in(loaded)
    order = {f: number for number, f in enumerate(in_order(f for f, _ in found))}
    for finding, address in sorted(found, key=lambda item: (order[item[0]], item[1])):
        yield Placed(finding, address, locate(address, finding.path))


def _store_path(loaded: Loaded) -> str:
    return loaded.project.store_path if loaded.project else ""


def _free(folder: Path) -> int | None:
    """Return the bytes free where *folder* is or will be; None when nobody can tell."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
