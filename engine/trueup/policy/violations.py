"""Results of rules as violations, before anything is enforced; a result that cannot be read is an error.

What a result does not say itself, the METADATA of its rule says.
"""

from collections.abc import Mapping

from trueup.core.diagnostics import Code, Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy import codes
from trueup.policy.decision import Enforcement, EngineError, Violation
from trueup.policy.enforcement import SEVERITIES, Finding, day_of
from trueup.policy.results import RuleInfo, RuleResult
from trueup.spec.resource import Path


@dataclass(frozen=True, slots=True)
class Reported:
    """A violation as its rule reports it, what its enforcement depends on, and whether an exception may lift it."""

    violation: Violation
    finding: Finding
    waivable: bool = True


def read_result(result: RuleResult, info: RuleInfo | None, today: str) -> Reported | EngineError:
    """Read one result.

    Args:
        result: What the rule gave.
        info: What the rule says of itself; None when it says nothing.
        today: The day of the decision, `2026-11-21`; empty when nobody knows, and then every rule is in force.
    """
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
    if texts["effectiveFrom"] and day_of(texts["effectiveFrom"]) is None:
        return _odd(result, f"`effectiveFrom` is `{texts['effectiveFrom']}` and must be a day such as 2027-12-02")
    path = _path(raw.get("path", ()))
    if path is None:
        return _odd(result, "`path` is not a list of keys and indexes")
    violation = Violation(
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
    return Reported(violation, _finding(texts, result, info, today), info is None or info.waivable)


def words(code: Code, detail: str) -> str:
    """Return *detail* with its code and what that says, the form of errors and notices in a decision."""
    return f"{code.id} {code.summary}: {detail}"


def _finding(texts: Mapping[str, str], result: RuleResult, info: RuleInfo | None, today: str) -> Finding:
    begins = texts["effectiveFrom"]
    return Finding(
        rule=texts["id"],
        rule_set=info.rule_set if info else "",
        severity=texts["severity"],
        informs=result.entry.startswith("warn"),
        in_force_from=begins if today and begins > today else "",
    )


def _said(result: RuleResult, info: RuleInfo | None) -> dict[str, str]:
    """Return what METADATA says where a result does not."""
    name = f"{result.package.replace('.', '/')}/{result.entry}"
    return {
        "id": info.id if info else name,
        "severity": (info.severity if info else "") or "high",
        "title": info.title if info else "",
        "remediation": info.remediation if info else "",
        "effectiveFrom": info.effective_from if info else "",
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


def _odd(result: RuleResult, why: str) -> EngineError:
    detail = f"`{result.package}.{result.entry}` gave a result that cannot be read: {why}."
    return EngineError(words(codes.RESULT_SHAPE, detail), result.span)
