"""The release of a deployment's file edited: model, adapters, prompt and build, byte-exact, and nothing else."""

from collections.abc import Mapping, Sequence

from trueup.core.diagnostics import Diagnostic
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.spec.resource import Path, Resource
from trueup.spec.yaml.edit import add_key, remove_key, set_scalar


def edit_release(
    content: bytes, resource: Resource, declared: DesiredDeployment, wanted: Mapping[str, Json]
) -> bytes | Diagnostic:
    """Return *content*, where *resource* declares *declared*, with the release *wanted*.

    *wanted* has what `spec.release` says; a key that is absent or empty is removed. What is equal keeps its bytes.
    """
    edited: bytes | Diagnostic = content
    for key, now in declared_release(declared).items():
        goal = wanted.get(key) or None
        if goal != now and not isinstance(edited, Diagnostic):
            edited = _edit_key(edited, resource.origin.document, ("spec", "release", key), now, goal)
    return edited


def declared_release(declared: DesiredDeployment) -> dict[str, Json]:
    """Return the release by the names that are declared; None for what is not."""
    release = declared.release
    return {
        "model": release.model.id.short,
        "prompt": release.prompt.id.short if release.prompt else None,
        "build": None if release.build.implicit else release.build.id.short,
        "adapters": [a.id.short for a in release.adapters] or None,
    }


def _edit_key(content: bytes, document: int, path: Path, now: Json, goal: Json) -> bytes | Diagnostic:
    if isinstance(now, str) and isinstance(goal, str):
        return set_scalar(content, document, path, goal)
    edited: bytes | Diagnostic = content
    if now is not None:
        edited = remove_key(content, document, path)
    if isinstance(edited, Diagnostic) or goal is None:
        return edited
    value = goal if isinstance(goal, str) else [str(item) for item in _items(goal)]
    return add_key(edited, document, path, value)


def _items(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else [value]
