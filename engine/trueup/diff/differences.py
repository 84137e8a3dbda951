"""What changed between what was applied and what is desired: reasons in words, and impact classes."""

from collections.abc import Iterable, Mapping

from trueup.core.frozen import dataclass
from trueup.core.ids import parse_address
from trueup.core.json import Json
from trueup.diff.changes import FieldChange, Impact
from trueup.diff.fields import is_same
from trueup.diff.manifests import Manifest
from trueup.spec.resource import Path

_TOKENIZER_FIELDS = ("tokenizer", "chatTemplate")
_ROUTE_IMPACTS = {
    "messages": Impact.PROMPT,
    "templateFormat": Impact.PROMPT,
    "variables": Impact.PROMPT,
    "decoding": Impact.DECODING,
    "limits": Impact.RUNTIME,
    "keys": Impact.RUNTIME,
    "modelName": Impact.RUNTIME,
}
_ROUTE_WORDS = {
    "messages": "prompt text",
    "templateFormat": "template format",
    "variables": "prompt variables",
    "limits": "limits",
    "keys": "client keys",
    "modelName": "public model name",
}
_IMPACT_ORDER = {impact: weight for weight, impact in enumerate(Impact)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Why something is different, and what kind of thing that touches."""

    reason: str
    impact: Impact


def heaviest_first(impacts: Iterable[Impact]) -> tuple[Impact, ...]:
    """Return each impact once, the heaviest first; with none it is about metadata."""
    return tuple(sorted(set(impacts), key=lambda i: -_IMPACT_ORDER[i])) or (Impact.METADATA,)


def declared_differences(before: Manifest, after: Manifest, fields: tuple[FieldChange, ...]) -> tuple[Difference, ...]:
    """Return everything that makes *after* differ from *before*; *fields* are their document changes."""
    found = [
        *_model(before, after, fields),
        *_adapters(before, after),
        *_prompt(before, after),
        *_build(before, after),
        *_server(before, after),
    ]
    found += _route(before, after, {d.impact for d in found})
    return tuple(found) or tuple(Difference(r, Impact.METADATA) for r in _documents(before, after))


def created_impacts(after: Manifest) -> tuple[Impact, ...]:
    """Return what a deployment that did not exist brings with it."""
    impacts = {Impact.WEIGHTS, Impact.RUNTIME}
    if after.part("release", "adapters"):
        impacts.add(Impact.ADAPTER)
    if after.part("release", "build", "mode") not in (None, "none"):
        impacts.add(Impact.BUILD)
    if after.part("release", "prompt"):
        impacts.add(Impact.PROMPT)
    if after.part("route", "decoding"):
        impacts.add(Impact.DECODING)
    return heaviest_first(impacts)


def route_differences(before: Json, after: Json) -> tuple[Difference, ...]:
    """Return the parts in which two route specs differ."""
    left, right = _mapping(before), _mapping(after)
    found = []
    for part, impact in _ROUTE_IMPACTS.items():
        if is_same(left.get(part), right.get(part)):
            continue
        keys = _changed_keys(left.get(part), right.get(part))
        word = "decoding" if part == "decoding" else _ROUTE_WORDS[part]
        found.append(Difference(f"{word} changed{_of(keys)}", impact))
    return tuple(found)


def _model(before: Manifest, after: Manifest, fields: tuple[FieldChange, ...]) -> Iterable[Difference]:
    reason = _pin_reason("model", before, after)
    if not is_same(before.part("release", "artifact"), after.part("release", "artifact")):
        yield Difference(reason or "the model's weights changed under the same name", Impact.WEIGHTS)
    elif reason:
        yield Difference(reason, Impact.METADATA)
    if any(f.address.startswith("Model/") and _is_below(f.path, _TOKENIZER_FIELDS) for f in fields):
        yield Difference("tokenizer changed", Impact.TOKENIZER)


def _adapters(before: Manifest, after: Manifest) -> Iterable[Difference]:
    old, new = (_addresses(m.part("release", "adapters")) for m in (before, after))
    if not is_same(before.part("release", "adapters"), after.part("release", "adapters")):
        added = [f"adapter {_short(a)} added" for a in new if a not in old]
        removed = [f"adapter {_short(a)} removed" for a in old if a not in new]
        yield Difference(", ".join(added + removed) or "adapters changed", Impact.ADAPTER)


def _prompt(before: Manifest, after: Manifest) -> Iterable[Difference]:
    """Yield the change of prompt with what it touches: its text, only its decoding, or neither."""
    reason = _pin_reason("prompt", before, after)
    if not reason:
        return
    impacts = [d.impact for d in route_differences(before.part("route"), after.part("route"))]
    touched: list[Impact] = [i for i in (Impact.PROMPT, Impact.DECODING) if i in impacts]
    for impact in touched or [Impact.METADATA]:
        yield Difference(reason, impact)


def _build(before: Manifest, after: Manifest) -> Iterable[Difference]:
    old, new = before.part("release", "build"), after.part("release", "build")
    same_recipe = all(is_same(_mapping(old).get(k), _mapping(new).get(k)) for k in ("mode", "parameters"))
    same_artifact = is_same(before.part("release", "artifact"), after.part("release", "artifact"))
    if same_recipe and (is_same(old, new) or not same_artifact):
        return
    if same_recipe:
        yield Difference("the builder changed: the same build gives other bytes", Impact.BUILD)
        return
    keys = _changed_keys(_mapping(old).get("parameters"), _mapping(new).get("parameters"))
    mode = (_mapping(old).get("mode"), _mapping(new).get("mode"))
    what = f": mode {mode[0]} -> {mode[1]}" if mode[0] != mode[1] else _of(keys)
    yield Difference(f"build changed{what}", Impact.BUILD)


def _server(before: Manifest, after: Manifest) -> Iterable[Difference]:
    old, new = _mapping(before.part("server")), _mapping(after.part("server"))
    if old.get("runtime") != new.get("runtime"):
        yield Difference(f"runtime changed {old.get('runtime')} -> {new.get('runtime')}", Impact.RUNTIME)
    elif keys := _changed_keys(old.get("arguments"), new.get("arguments")):
        yield Difference(f"runtime arguments changed{_of(keys)}", Impact.RUNTIME)
    if old.get("interpreter") != new.get("interpreter"):
        yield Difference("the runtime's interpreter changed", Impact.RUNTIME)
    if before.replicas != after.replicas:
        yield Difference(f"replicas changed {before.replicas} -> {after.replicas}", Impact.SCALE)


def _route(before: Manifest, after: Manifest, known: set[Impact]) -> Iterable[Difference]:
    """Yield changes of the route that no reason accounts for yet."""
    differences = route_differences(before.part("route"), after.part("route"))
    return (d for d in differences if d.impact not in known - {Impact.RUNTIME})


def _documents(before: Manifest, after: Manifest) -> Iterable[str]:
    """Name the documents behind the deployment that differ though nothing that serves does."""
    old, new = _mapping(before.part("resources")), _mapping(after.part("resources"))
    addresses = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
    for address in addresses:
        word = "was edited" if address in old and address in new else ("is new" if address in new else "is gone")
        yield f"{address.split('/', 1)[0].lower()} {_short(address)} {word}"
    if not addresses:
        yield "the manifest has another form: it was applied by another version of trueup"


def _pin_reason(role: str, before: Manifest, after: Manifest) -> str:
    """Say how the pin of *role* changed: `prompt support changed 1 -> 2`; empty when it did not."""
    if is_same(before.part("release", role), after.part("release", role)):
        return ""
    old, new = before.pin(role), after.pin(role)
    if old is None or new is None:
        present = new or old
        return f"{role} {present.short if present else ''} {'added' if new else 'removed'}"
    if old == new:
        return f"{role} {new.short} was edited"
    if old.name == new.name:
        return f"{role} {new.name} changed {old.version} -> {new.version}"
    return f"{role} changed {old.short} -> {new.short}"


def _changed_keys(before: Json, after: Json) -> list[str]:
    """Return the keys whose values differ, each with its values when they are short."""
    old, new = _mapping(before), _mapping(after)
    changed = [k for k in sorted({*old, *new}) if not is_same(old.get(k), new.get(k))]
    return [_with_values(k, old.get(k), new.get(k)) for k in changed]


def _with_values(key: str, old: Json, new: Json) -> str:
    plain = (bool, int, float, type(None))
    if not isinstance(old, plain) or not isinstance(new, plain):
        return key
    return f"{key} {_value(old)} -> {_value(new)}"


def _value(value: bool | float | None) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of(keys: list[str]) -> str:
    return f": {', '.join(keys)}" if keys else ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _addresses(value: Json) -> list[str]:
    items = value if isinstance(value, list | tuple) else []
    return [str(i.get("address")) for i in items if isinstance(i, dict)]


def _short(address: str) -> str:
    id_ = parse_address(address)
    return id_.short if id_ else address


def _is_below(path: Path, names: tuple[str, ...]) -> bool:
    return len(path) > 1 and path[0] == "spec" and path[1] in names
