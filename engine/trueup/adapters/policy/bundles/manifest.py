"""`.manifest` of OPA bundles: which paths below `data` a bundle owns."""

import json
from collections.abc import Iterable, Mapping, Sequence

from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import BundleError, Files
from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass

NAME = ".manifest"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself; without roots it owns everything, as OPA has it."""

    roots: tuple[str, ...] = ("",)
    revision: str = ""

    def owns(self, path: str) -> bool:
        """Tell whether *path* (with slashes, below `data`) lies in one of the roots."""
        return any(_owns(root, path) for root in self.roots)

    def is_above_a_root(self, path: str) -> bool:
        """Tell whether a root lies below *path*."""
        return any(path == "" or root.startswith(f"{path}/") for root in self.roots)


def read_manifest(files: Files, where: str) -> Manifest:
    """Return the manifest among *files*.

    Raises:
        BundleError: It is not as OPA has it.
    """
    content = next((content for path, content in files if path == NAME), None)
    if content is None:
        return Manifest()
    try:
        value = json.loads(content)
    except ValueError as error:
        raise _wrong(where, f"It is not JSON: {error}.") from error
    if not isinstance(value, Mapping):
        raise _wrong(where, "It is not an object.")
    roots, revision = value.get("roots", [""]), value.get("revision", "")
    if not isinstance(roots, list) or not all(isinstance(r, str) for r in roots) or not isinstance(revision, str):
        raise _wrong(where, "`roots` is not a list of texts, or `revision` is not a text.")
    if value.get("rego_version", 1) != 1 or any(v != 1 for v in dict(value.get("file_rego_versions") or {}).values()):
        raise _wrong(where, "It asks for Rego v0, which this version does not evaluate.")
    return Manifest(tuple(r.strip("/") for r in roots), revision)


def check_roots(packages: Iterable[tuple[str, str]], manifest: Manifest, where: str) -> None:
    """Refuse files outside the roots; *packages* are (file, its path below `data` with slashes).

    Raises:
        BundleError: One is outside.
    """
    for file, path in packages:
        if not manifest.owns(path):
            owned = ", ".join(f"`{root}`" for root in manifest.roots)
            raise _wrong(where, f"`{file}` is at `{path}` below `data`, outside the roots {owned}.")


def check_overlap(manifests: Sequence[tuple[str, Manifest]]) -> None:
    """Refuse two bundles that own one path; a bundle without roots next to another one overlaps it, as OPA has it.

    Raises:
        BundleError: Two overlap.
    """
    for index, (name, manifest) in enumerate(manifests):
        for other_name, other in manifests[:index]:
            for root in manifest.roots:
                clash = next((r for r in other.roots if _owns(root, r) or _owns(r, root)), None)
                if clash is not None:
                    detail = f"`{other_name}` owns `{clash or '/'}`, and `{name}` owns `{root or '/'}`."
                    raise BundleError(codes.ROOTS_OVERLAP, detail, span=Span(name))


def _owns(root: str, path: str) -> bool:
    return root in {"", path} or path.startswith(f"{root}/")


def _wrong(where: str, detail: str) -> BundleError:
    return BundleError(codes.MANIFEST, detail, span=Span(f"{where}/{NAME}"))
