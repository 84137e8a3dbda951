"""Notices of a decision: settings and exceptions that name what does not exist, so that they do nothing.

They change no outcome. A misspelt rule id would otherwise read as if it were obeyed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Self

from trueup.core.frozen import dataclass
from trueup.core.suggestions import did_you_mean
from trueup.policy import codes
from trueup.policy.decision import Notice
from trueup.policy.enforcement import Enforcing
from trueup.policy.exceptions import Waiver
from trueup.policy.results import Evaluation, Locate, nearest
from trueup.policy.violations import words


@dataclass(frozen=True, slots=True)
class Known:
    """The rules and rule sets there are, None where nobody can tell; `fixed` are rules that no setting changes."""

    rules: frozenset[str] | None
    rule_sets: frozenset[str] | None
    fixed: frozenset[str]

    @classmethod
    def of(cls, evaluation: Evaluation, more: Iterable[str], fixed: Iterable[str]) -> Self:
        """Return what *evaluation* knows, with the ids *more*."""
        described = evaluation.described
        rules = frozenset({*evaluation.rules, *(info.id for info in described), *more})
        rule_sets = frozenset(info.rule_set for info in described if info.rule_set)
        return cls(rules if evaluation.rules else None, rule_sets if described else None, frozenset(fixed))


def notices(
    enforcing: Enforcing, waivers: Iterable[Waiver], known: Known, environment: str, locate: Locate
) -> Iterator[Notice]:
    """Yield a notice for each setting and exception that names nothing, settings first, sorted by name."""
    rules = _names(settings.rules for settings in enforcing.settings)
    for name in sorted(rules & known.fixed):
        detail = f"`policy.rules` names `{name}`, which no setting changes. A PolicyException lifts it."
        yield _setting(detail, "rules", name, environment, locate)
    for name in _unknown(rules, known.rules):
        detail = f"`policy.rules` names `{name}`, and no rule has that id.{_hint(name, known.rules)}"
        yield _setting(detail, "rules", name, environment, locate)
    for name in _unknown(_names(s.rule_sets for s in enforcing.settings), known.rule_sets):
        detail = f"`policy.ruleSets` names `{name}`, and no rule is in such a set.{_hint(name, known.rule_sets)}"
        yield _setting(detail, "ruleSets", name, environment, locate)
    for waiver in waivers:
        for name in _unknown({waiver.rule}, known.rules):
            detail = f"{waiver.address} names `{name}`, and no rule has that id.{_hint(name, known.rules)}"
            yield Notice(words(codes.UNKNOWN_RULE, detail), nearest(waiver.address, ("spec", "rule"), locate))


def _names(mappings: Iterable[Mapping[str, object]]) -> set[str]:
    return {name for mapping in mappings for name in mapping}


def _unknown(names: Iterable[str], known: Collection[str] | None) -> list[str]:
    return [] if known is None else sorted(set(names) - set(known))


def _hint(name: str, known: Iterable[str] | None) -> str:
    hint = did_you_mean(name, sorted(known or ()))
    return f" {hint[0].upper()}{hint[1:]}" if hint else ""


def _setting(detail: str, field: str, name: str, environment: str, locate: Locate) -> Notice:
    path = ("spec", "policy", field, name)
    return Notice(words(codes.UNKNOWN_RULE, detail), nearest(environment, path, locate))
