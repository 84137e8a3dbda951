"""Results of rules to a decision: what each violation does, what exceptions lift, and what could not be told.

Whatever is not understood denies: a result of an odd shape, an unknown severity, a bundle without rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from trueup.core.diagnostics import Code, Diagnostic, Span
from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json
from trueup.policy import codes
from trueup.policy.carried_out import not_carried_out
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Outcome, Violation
from trueup.policy.exceptions import Waiver, waivers_of
from trueup.policy.results import Evaluation, Locate, RuleInfo, RuleResult
from trueup.spec.resource import Path

SEVERITIES = ("critical", "high", "medium", "low")
"""From the worst; a result that names none counts as `high`."""


@dataclass(frozen=True, slots=True)
class _Enforcing:
    """What an environment says of enforcement: its tier, its default, and rules it treats otherwise."""

    production: bool
    default: str
    rules: Mapping[str, Json]


def judge(evaluation: Evaluation, document: Mapping[str, Json], bundle: Digest, locate: Locate) -> Decision:
    """Return the decision over *document*.

    Severity decides what a violation does: critical and high deny, medium denies in production, low informs.
    `warn` rules inform. An environment's `policy` settings come first, but soften nothing
    critical in production. What is declared and not carried out denies
    besides all rules. Exceptions are applied last.

    Args:
        evaluation: What the engine gave for exactly this document.
        document: The policy document.
        bundle: Digest of the policies.
        locate: Finds file, line and column of a field.
    """
    enforcing = _enforcing(document)
    described = {(r.package, r.entry): r for r in evaluation.described}
    errors = [_error(d) for d in evaluation.errors]
    if not evaluation.rules and not errors:
        errors.append(EngineError(_words(codes.NOTHING_TO_ASK, "The policies have no rule.")))
    violations: dict[Violation, None] = {}
    for result in evaluation.results:
        read = _read(result, described.get((result.package, result.entry)))
        if isinstance(read, EngineError):
            errors.append(read)
            continue
        settled = _enforce(read, result.entry, enforcing)
        if settled is not None:
            violations[settled] = None
    violations.update(dict.fromkeys(not_carried_out(document)))
    waivers = waivers_of(document)
    settled_violations = sorted((_settle(v, waivers, locate) for v in violations), key=_order)
    return Decision(
        outcome=_outcome(settled_violations, errors),
        violations=tuple(settled_violations),
        errors=tuple(sorted(errors, key=lambda e: (e.span or Span(""), e.message))),
        bundle=bundle,
        input=digest_of(document),
        engine=evaluation.engine,
        rules=tuple(sorted(set(evaluation.rules))),
        exceptions=tuple(_uses(waivers, settled_violations)),
    )


def _outcome(violations: Iterable[Violation], errors: Iterable[EngineError]) -> Outcome:
    if any(True for _ in errors):
        return Outcome.ERROR
    if any(v.enforcement is Enforcement.DENY and not v.excepted_by for v in violations):
        return Outcome.DENY
    return Outcome.ALLOW


def _read(result: RuleResult, info: RuleInfo | None) -> Violation | EngineError:
    """Turn one result into a violation; its enforcement is settled later."""
    raw: Json = {"msg": result.raw} if isinstance(result.raw, str) else result.raw
    if not isinstance(raw, Mapping) or not isinstance(raw.get("msg"), str):
        return _odd(result, "it is neither a text nor an object with a text `msg`")
    texts: dict[str, str] = {}
    for key, said in _said(result, info).items():
        value = raw.get(key, said)
        if not isinstance(value, str):
            return _odd(result, f"`{key}` is not a text")
        texts[key] = value
    if texts["severity"] not in SEVERITIES:
        return _odd(result, f"`severity` is `{texts['severity']}` and must be one of {', '.join(SEVERITIES)}")
    path = _path(raw.get("path", ()))
    if path is None:
        return _odd(result, "`path` is not a list of keys and indexes")
    return Violation(
        rule=texts["id"],
        title=texts["title"],
        severity=texts["severity"],
        enforcement=Enforcement.DENY,
        address=texts["address"],
        path=path,
        message=str(raw["msg"]),
        remediation=texts["remediation"],
        span=_own_span(raw.get("_loc")),
    )


def _said(result: RuleResult, info: RuleInfo | None) -> dict[str, str]:
    """Return what METADATA says where a result does not."""
    name = f"{result.package.replace('.', '/')}/{result.entry}"
    return {
        "id": info.id if info else name,
        "severity": (info.severity if info else "") or "high",
        "title": info.title if info else "",
        "remediation": info.remediation if info else "",
        "address": "",
    }


def _path(value: Json) -> Path | None:
    if isinstance(value, str):
        return tuple(int(step) if step.isdecimal() else step for step in value.split(".")) if value else ()
    if not isinstance(value, list | tuple):
        return None
    steps: list[str | int] = []
    for step in value:
        if isinstance(step, bool) or not isinstance(step, str | int):
            return None
        steps.append(step)
    return tuple(steps)


def _own_span(value: Json) -> Span | None:
    """Read conftest's `_loc`, with which a rule names the place itself."""
    if not isinstance(value, Mapping):
        return None
    match value.get("file"), value.get("line"):
        case (str(file), int(line)):
            return Span(file, line, 1)
        case _:
            return None


def _enforce(violation: Violation, entry: str, enforcing: _Enforcing) -> Violation | None:
    """Return *violation* with what it does; None when the environment has turned its rule off.

    In production nothing is turned off unseen, and what is critical is lifted by an exception alone, which somebody
    approved and which expires: a setting does neither.
    """
    own = enforcing.rules.get(violation.rule)
    if own == "off" and not enforcing.production:
        return None
    is_softened = own in ("warn", "off") or (own is None and enforcing.default == "warn")
    if own == "deny":
        return replace(violation, enforcement=Enforcement.DENY)
    if is_softened and not (enforcing.production and violation.severity == "critical"):
        return replace(violation, enforcement=Enforcement.WARN)
    informs = (
        entry.startswith("warn")
        or violation.severity == "low"
        or (violation.severity == "medium" and not enforcing.production)
    )
    return replace(violation, enforcement=Enforcement.WARN if informs else Enforcement.DENY)


def _enforcing(document: Mapping[str, Json]) -> _Enforcing:
    environment = document.get("environment")
    facts = environment if isinstance(environment, Mapping) else {}
    settings = facts.get("settings")
    policy = settings.get("policy") if isinstance(settings, Mapping) else None
    policy = policy if isinstance(policy, Mapping) else {}
    rules = policy.get("rules")
    # An unknown tier is taken for production: what is not understood denies.
    production = facts.get("tier") not in ("dev", "staging")
    return _Enforcing(production, str(policy.get("enforcement", "deny")), rules if isinstance(rules, Mapping) else {})


def _settle(violation: Violation, waivers: Iterable[Waiver], locate: Locate) -> Violation:
    span = violation.span or _locate(violation, locate)
    waiver = next((w for w in waivers if w.lifts(violation.rule, violation.address, violation.path)), None)
    return replace(violation, span=span, excepted_by=waiver.address if waiver else "")


def _locate(violation: Violation, locate: Locate) -> Span | None:
    """Find the field, or, when it is absent, the nearest one around it."""
    if not violation.address:
        return None
    for length in range(len(violation.path), -1, -1):
        span = locate(violation.address, violation.path[:length])
        if span is not None:
            return span
    return None


def _uses(waivers: Iterable[Waiver], violations: Iterable[Violation]) -> Iterator[ExceptionUse]:
    used = {v.excepted_by for v in violations}
    for waiver in waivers:
        if waiver.problem:
            state = "expired" if "expired" in waiver.problem else "invalid"
        else:
            state = "used" if waiver.address in used else "unused"
        yield ExceptionUse(waiver.address, state, waiver.problem)


def _order(violation: Violation) -> tuple[int, tuple[str, ...]]:
    """Order by severity, rule, address and field; the rest makes the order of equal ones certain."""
    v = violation
    path = ".".join(str(step) for step in v.path)
    rest = (v.enforcement.value, v.title, v.remediation, str(v.span), repr(v.path))
    return SEVERITIES.index(v.severity), (v.rule, v.address, path, v.message, *rest)


def _odd(result: RuleResult, why: str) -> EngineError:
    detail = f"`{result.package}.{result.entry}` gave a result that cannot be read: {why}."
    return EngineError(_words(codes.RESULT_SHAPE, detail), result.span)


def _error(diagnostic: Diagnostic) -> EngineError:
    return EngineError(_words(diagnostic.code, diagnostic.detail), diagnostic.span)


def _words(code: Code, detail: str) -> str:
    return f"{code.id} {code.summary}: {detail}"
