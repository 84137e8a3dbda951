"""Bundles as part of what decides: their policies and data, below their name, within their roots."""

import json
import re
from collections.abc import Callable, Iterator, Sequence

from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import BundleError, Files, read_archive
from trueup.adapters.policy.bundles.manifest import NAME, Manifest, check_overlap, check_roots, read_manifest
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json
from trueup.policy.results import BUNDLES, PolicyFile
from trueup.ports import SourceTree
from trueup.spec.bundles import BundlePin

_PACKAGE = re.compile(rb"^package[ \t]+([A-Za-z0-9_.]+)", re.MULTILINE)
_ARCHIVES = (".tar.gz", ".tgz")


def load_bundles(
    tree: SourceTree,
    pins: Sequence[BundlePin],
    fetched: Callable[[BundlePin], Files],
    takes_part: Callable[[str], bool],
) -> Iterator[PolicyFile]:
    """Yield the policy and data files of *pins*.

    Args:
        tree: The repository's files, for bundles that lie in it.
        pins: What the project names.
        fetched: Gives the files of one from elsewhere.
        takes_part: Tells by its path whether a file of a bundle takes part.

    Raises:
        BundleError: One was not fetched, is damaged, is empty, or two own one path.
    """
    manifests: list[tuple[str, Manifest]] = []
    for pin in pins:
        root = f"{BUNDLES}/{pin.name}"
        files = fetched(pin) if pin.scheme else _in_tree(tree, pin)
        manifest = read_manifest(files, root)
        chosen = [(path, content) for path, content in files if takes_part(path)]
        if not chosen:
            raise BundleError(codes.EMPTY, f"`{pin.source}` has no policy.", span=Span(root))
        check_roots(_owned(chosen, manifest), manifest, root)
        manifests.append((pin.name, manifest))
        yield from (PolicyFile(f"{root}/{path}", content, root) for path, content in chosen)
    check_overlap([(name, manifest) for name, manifest in manifests if manifest.roots != ("",)])


def _in_tree(tree: SourceTree, pin: BundlePin) -> Files:
    folder = pin.source.strip("/").removeprefix("./")
    if folder.endswith(_ARCHIVES):
        content = tree.read(folder)
        if isinstance(content, Diagnostic):
            raise BundleError(codes.UNREACHABLE, content.detail, span=Span(folder))
        return read_archive(content, folder)
    suffixes = (".rego", "data.json", "data.yaml", "data.yml", "schema.json", NAME)
    return [(file.path.removeprefix(f"{folder}/"), file.content) for file in tree.files([folder], suffixes)]


def _owned(files: Files, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield each file with its path below `data`: its package, or what a data file holds at its folder."""
    for path, content in files:
        if path.endswith(".rego"):
            package = _PACKAGE.search(content)
            if package is not None:
                yield path, package[1].decode().replace(".", "/")
            continue
        folder = path.rpartition("/")[0]
        outside = _outside(_parsed(path, content), folder, manifest)
        if outside is not None:
            yield path, outside


def _parsed(path: str, content: bytes) -> Json:
    """Return the value of a JSON file; others are held to their folder alone, and read when the bundle is checked."""
    try:
        return json.loads(content) if path.endswith(".json") else None
    except ValueError:
        return None


def _outside(value: Json, path: str, manifest: Manifest) -> str | None:
    """Return the first path in *value* that no root owns: `opa build` puts all data in one file at the top."""
    if manifest.owns(path):
        return None
    if isinstance(value, dict) and manifest.is_above_a_root(path):
        below = (_outside(child, f"{path}/{key}".lstrip("/"), manifest) for key, child in value.items())
        return next((found for found in below if found is not None), None)
    return path
