"""What of a release, and of how it is served, differs from the one that serves; in words that people use."""

from collections.abc import Iterator, Mapping

from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.desired.evaluations import served_inputs
from trueup.desired.state import DesiredDeployment, RouteSpec
from trueup.diff.masks import masked
from trueup.observed.state import ObservedRoute

NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Part:
    """One part that differs: what it is called, and what it was and is."""

    name: str
    old: str
    new: str


def changed_parts(serving: ObservedRoute | None, wanted: DesiredDeployment) -> tuple[Part, ...]:
    """Return the parts in which *wanted* differs from what serves; every one when nothing does, or nobody can tell."""
    new = _described(wanted.release.to_json(), wanted.server.to_json(), wanted.route)
    old = _described_serving(serving) if serving is not None else {}
    return tuple(_part(n, old.get(n), new.get(n)) for n in dict.fromkeys([*new, *old]) if old.get(n) != new.get(n))


def can_be_read(serving: ObservedRoute) -> bool:
    """Tell whether what apply left of the release that serves says what it is made of."""
    return bool(_described_serving(serving))


def _part(name: str, old: tuple[str, str] | None, new: tuple[str, str] | None) -> Part:
    before, after = old[1] if old else NOTHING, new[1] if new else NOTHING
    return Part(name, before, f"{after} (other content)" if before == after else after)


def _described_serving(serving: ObservedRoute) -> dict[str, tuple[str, str]]:
    served = mapping_of(mapping_of(serving.manifest).get("deployment"))
    release, server = mapping_of(served.get("release")), mapping_of(served.get("server"))
    try:
        route = RouteSpec.from_json(serving.route or served.get("route"))
    except (ValueError, TypeError):
        return {}
    return _described(release, server, route) if release and server else {}


def _described(release: Mapping[str, Json], server: Mapping[str, Json], route: RouteSpec) -> dict[str, tuple[str, str]]:
    """Return digest and words of each part; those that are nothing are left out."""
    adapters = release.get("adapters")
    pins = adapters if isinstance(adapters, list | tuple) else ()
    words = {
        "model": _address(release.get("model")),
        "adapters": ", ".join(_address(pin) for pin in pins),
        "prompt": _address(release.get("prompt")),
        "build": _build(mapping_of(release.get("build"))),
        "runtime": str(server.get("runtime", "")),
        "arguments": _flat(server.get("arguments")),
        "limits": _flat(dict(route.limits)),
        "decoding": _flat(dict(route.decoding)),
    }
    digests = {**served_inputs(release, server, route), "decoding": words["decoding"]}
    return {name: (str(digests[name]), text) for name, text in words.items() if text}


def _address(pin: Json) -> str:
    return str(mapping_of(pin).get("address", ""))


def _build(build: Mapping[str, Json]) -> str:
    key = build.get("key")
    made = [str(build.get("mode", "")), *_pairs(build.get("parameters"))]
    return " ".join([*filter(None, made), *([f"(key {short(key)})"] if isinstance(key, str) else [])])


def _flat(value: Json) -> str:
    return ", ".join(_pairs(value))


def _pairs(value: Json, prefix: str = "") -> Iterator[str]:
    for name, inner in sorted(mapping_of(masked(value)).items()):
        if isinstance(inner, Mapping):
            yield from _pairs(inner, f"{prefix}{name}.")
        elif inner not in (None, "", [], ()):
            yield f"{prefix}{name}={inner}"
