"""Two engines asked the same: their results must be equal, or the decision is to deny.

Messages are not compared: engines spell numbers differently. What is compared decides and is acted on.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from trueup.adapters.policy.opa import codes
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json, canonical
from trueup.policy.results import Evaluation, PolicyFile, RuleResult
from trueup.ports import PolicyEngine

_COMPARED = ("id", "address", "path", "severity")
_SHOWN = 20
"""Differences told of one document."""

Key = tuple[str, str, str]
"""Package, name of the set, and what is compared of a result."""


class BothEngines:
    """Asks two engines, the embedded one first; its checks and descriptions are the ones that count."""

    def __init__(self, embedded: PolicyEngine, opa: PolicyEngine) -> None:
        self._embedded = embedded
        self._opa = opa

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies without evaluating anything."""
        return self._embedded.check(bundle)

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate with both; a difference is an error beside the first engine's results."""
        pairs = zip(
            self._embedded.evaluate(bundle, documents, now), self._opa.evaluate(bundle, documents, now), strict=True
        )
        return [compare(one, other) for one, other in pairs]


def compare(one: Evaluation, other: Evaluation) -> Evaluation:
    """Return the first evaluation with an error for each difference between the two."""
    # An engine that ended with an error and gave nothing differs once, not in each result of the other.
    is_silent = any(e.errors and not e.results for e in (one, other)) and bool(one.errors) != bool(other.errors)
    differences = [*([] if is_silent else _of_results(one, other)), *_of_errors(one, other)]
    if len(differences) > _SHOWN:
        more = Diagnostic(codes.ENGINES_DIFFER, f"{len(differences) - _SHOWN} more differences are not told.")
        differences = [*differences[:_SHOWN], more]
    # An error that only the second engine has is told as well: it says why there is a difference.
    told = {(error.code.id, error.detail) for error in one.errors}
    own = tuple(e for e in other.errors if not one.errors and (e.code.id, e.detail) not in told)
    engine = f"{one.engine}, {other.engine}"
    return Evaluation(one.results, (*one.errors, *own, *differences), one.rules, engine, one.described, one.warnings)


def _of_results(one: Evaluation, other: Evaluation) -> list[Diagnostic]:
    left, right = _counted(one.results), _counted(other.results)
    places = {_key(result): result.span for result in (*other.results, *one.results)}
    more = [(one, other, key) for key in sorted(left - right)] + [(other, one, key) for key in sorted(right - left)]
    return [_difference(having, lacking, key, places[key]) for having, lacking, key in more]


def _difference(having: Evaluation, lacking: Evaluation, key: Key, span: Span | None) -> Diagnostic:
    package, entry, compared = key
    detail = f"`{package}.{entry}` gives {compared} on {having.engine}, and not on {lacking.engine}."
    return Diagnostic(codes.ENGINES_DIFFER, detail, span)


def _of_errors(one: Evaluation, other: Evaluation) -> list[Diagnostic]:
    """An error that both have is no difference, whatever the words."""
    if bool(one.errors) == bool(other.errors):
        return []
    having, lacking = (one, other) if one.errors else (other, one)
    detail = f"{having.engine} ends with an error, and {lacking.engine} does not."
    return [Diagnostic(codes.ENGINES_DIFFER, detail, having.errors[0].span)]


def _counted(results: Sequence[RuleResult]) -> Counter[Key]:
    return Counter(map(_key, results))


def _key(result: RuleResult) -> Key:
    raw = result.raw
    compared: Json = {name: raw[name] for name in _COMPARED if name in raw} if isinstance(raw, dict) else "a text"
    return result.package, result.entry, canonical(compared).decode()
