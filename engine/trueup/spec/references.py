"""References between resources: which there are in a document, and what is wrong with all of them together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trueup.core.ids import ResourceId
from trueup.core.suggestions import did_you_mean
from trueup.spec import codes
from trueup.spec.fields import dotted
from trueup.spec.kinds import KINDS
from trueup.spec.problems import Problem
from trueup.spec.resource import Origin, Path, Reference, Resource, Resources

_MOST_SHOWN = 6
"""Steps of a circle that a message shows; a circle of thousands is cut in the middle."""

_MOST_SUGGESTED = 50
"""References that get spelling help; each is compared with every name of its kind."""

CIRCLES = {"Model": ("spec", "baseModel"), "Environment": ("spec", "upstream")}
"""Fields that must lead to an end, by kind."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that says which resource it is and did not pass its own checks."""

    id: ResourceId
    origin: Origin
    references: tuple[Reference, ...]


def references(names: Iterable[tuple[Path, str, str]], environment: str) -> tuple[Reference, ...]:
    """Return what a document of *environment* (empty for kinds that have none) names, in its order."""
    return tuple(Reference(path, target_of(kind, text, environment)) for path, kind, text in names)


def target_of(kind: str, text: str, environment: str = "") -> ResourceId:
    """Return the id that *text* names where a *kind* belongs."""
    name, _, version = text.partition("@")
    return ResourceId(kind, name, version, environment if kind == "Deployment" else "")


def check(resources: Resources, broken: Mapping[ResourceId, Broken]) -> Iterator[tuple[Origin, Problem]]:
    """Find references that lead nowhere, to another kind, or in a circle, and the documents they are in.

    Naming a *broken* document is no further mistake; what a broken document names is checked like the rest.
    """
    documents: list[Resource | Broken] = [*resources.values(), *broken.values()]
    dangling = [
        (document.origin, reference)
        for document in documents
        for reference in document.references
        if reference.target not in resources and reference.target not in broken
    ]
    if dangling:
        known = _Known([d.id for d in documents])
        for index, (origin, reference) in enumerate(dangling):
            yield origin, known.missing(reference, suggest=index < _MOST_SUGGESTED)
    for kind, field in CIRCLES.items():
        yield from _circles(resources, kind, field)


class _Known:
    """Declared ids, for spelling help."""

    def __init__(self, ids: Iterable[ResourceId]) -> None:
        self._by_name: dict[tuple[str, str], list[ResourceId]] = defaultdict(list)
        self._names: dict[str, list[str]] = defaultdict(list)
        for id_ in sorted(set(ids)):
            self._by_name[id_.kind, id_.name].append(id_)
            self._names[id_.kind].append(id_.name if id_.kind == "Deployment" else id_.short)

    def missing(self, reference: Reference, *, suggest: bool) -> Problem:
        """Return the problem of a reference that names nothing declared."""
        target, place = reference.target, f"`{dotted(reference.path)}`"
        hint = self._versions(target) or (self._spelling(target) if suggest else "")
        others = [k for k in KINDS if any(t.version == target.version for t in self._by_name.get((k, target.name), ()))]
        if others and target.kind not in others:
            detail = f"{place} names {_a(others[0])}, `{target.short}`, and {_a(target.kind)} belongs here."
            return Problem(codes.WRONG_KIND_REFERENCE, reference.path, detail, hint)
        detail = f"{place} names the {target.kind} `{target.short}`, which no file declares."
        return Problem(codes.DANGLING_REFERENCE, reference.path, detail, hint)

    def _versions(self, target: ResourceId) -> str:
        """Say which versions of the name, or which environments, there are."""
        same = self._by_name.get((target.kind, target.name), [])
        if same and target.version:
            versions = _and(sorted((t.version for t in same), key=_natural))
            return f"version {target.version} does not exist; {versions} {'does' if len(same) == 1 else 'do'}"
        if same:
            return f"`{target.name}` is declared in {_and([t.environment for t in same])}, not in {target.environment}"
        return ""

    def _spelling(self, target: ResourceId) -> str:
        names = self._names[target.kind]
        wanted = target.name if target.kind == "Deployment" else target.short
        return did_you_mean(wanted, names) or _list(target.kind, names)


def _list(kind: str, names: list[str]) -> str:
    if not names:
        return f"no {kind} is declared at all"
    if len(names) > _MOST_SHOWN:
        return f"declare it; there are {len(names)} others of its kind"
    return f"declared: {_and(names)}"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _natural(version: str) -> tuple[tuple[int, str], ...]:
    """Order versions as people do: 2 before 10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.replace("-", ".").split("."))


def _circles(resources: Resources, kind: str, field: Path) -> Iterator[tuple[Origin, Problem]]:
    """Find the circles of one field without recursion: a chain may be longer than Python's stack."""
    done: set[ResourceId] = set()
    for start in resources:
        if start.kind != kind or start in done:
            continue
        trail: dict[ResourceId, None] = {start: None}
        open_ = [_edges(resources, start, field)]
        while open_:
            reference = next(open_[-1], None)
            if reference is None:
                open_.pop()
                done.add(trail.popitem()[0])
            elif reference.target in trail:
                yield _circle(resources, tuple(trail), reference)
            elif reference.target not in done and reference.target in resources:
                trail[reference.target] = None
                open_.append(_edges(resources, reference.target, field))


def _edges(resources: Resources, id_: ResourceId, field: Path) -> Iterator[Reference]:
    return (r for r in resources[id_].references if r.path[: len(field)] == field)


def _circle(resources: Resources, trail: tuple[ResourceId, ...], closing: Reference) -> tuple[Origin, Problem]:
    names = [i.short for i in trail[trail.index(closing.target) :]] + [closing.target.short]
    if len(names) > _MOST_SHOWN:
        half = _MOST_SHOWN // 2
        names = [*names[:half], f"... {len(names) - 2 * half} more ...", *names[-half:]]
    detail = f"`{dotted(closing.path)}` closes a circle: {' -> '.join(names)}."
    return resources[trail[-1]].origin, Problem(codes.REFERENCE_CYCLE, closing.path, detail, "")
