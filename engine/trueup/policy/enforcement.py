"""What a violation does: what its severity says in this tier, as far as the environment's settings let it.

Settings are a value of their own, because those that count need not be those of the document: a change that softens
its own rules is judged by what was agreed before it.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import date

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.policy.decision import Enforcement

SEVERITIES = ("critical", "high", "medium", "low")
"""From the worst; a result that names none counts as `high`."""

_STRICTNESS = {Enforcement.DRYRUN: 0, Enforcement.WARN: 1, Enforcement.DENY: 2}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one environment says of enforcement.

    Attributes:
        production: Its tier is production, or one that nobody knows.
        cap: The most any rule does.
        severities: What violations of a severity do, where it differs from the default of the tier.
        rule_sets: The most the rules of a set do, in place of `cap`.
        rules: What single rules do, whatever else is said.
    """

    production: bool
    cap: Enforcement = Enforcement.DENY
    severities: Mapping[str, Enforcement] = field(default_factory=dict)
    rule_sets: Mapping[str, Enforcement] = field(default_factory=dict)
    rules: Mapping[str, Enforcement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enforcing:
    """The settings that count together, one at least: of what they say, the strictest holds."""

    settings: tuple[Settings, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What enforcement depends on, of one violation.

    Attributes:
        rule: Its rule.
        rule_set: Set of that rule; empty when it names none.
        severity: One of `SEVERITIES`.
        informs: It comes from a `warn` entry.
        in_force_from: Day until which its rule only warns; empty when it is in force.
    """

    rule: str
    rule_set: str = ""
    severity: str = "high"
    informs: bool = False
    in_force_from: str = ""


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a violation does, and what it would do if nothing softened it (None when nothing does)."""

    enforcement: Enforcement
    softened_by: str = ""
    softened_from: Enforcement | None = None


def enforce(finding: Finding, enforcing: Enforcing) -> Enforced:
    """Return what *finding* does.

    A setting for the rule itself decides alone. Else the severity decides, capped by the setting of its rule set or
    else the environment's; a `warn` entry, and a rule that is not yet in force, inform at most.
    """
    found = (_enforce(finding, settings) for settings in enforcing.settings)
    return max(found, key=_weight)


def _weight(enforced: Enforced) -> tuple[int, int, str]:
    """Order what settings say by strictness; of equal ones, the one that softens more is told."""
    start = enforced.softened_from
    return _STRICTNESS[enforced.enforcement], -1 if start is None else _STRICTNESS[start], enforced.softened_by


def stricter_of(one: Enforcing, other: Enforcing) -> Enforcing:
    """Return settings under which a violation does what the stricter of both says."""
    return Enforcing((*one.settings, *(s for s in other.settings if s not in one.settings)))


def severity_default(severity: str, *, production: bool) -> Enforcement:
    """Return what violations of *severity* do where nothing else is declared."""
    if severity in ("critical", "high") or (severity == "medium" and production):
        return Enforcement.DENY
    return Enforcement.WARN


def enforcing_of(document: Mapping[str, Json]) -> Enforcing:
    """Return the settings of a policy document's own environment."""
    environment = mapping_of(document.get("environment"))
    return Enforcing((settings_of(environment.get("tier"), mapping_of(environment.get("settings")).get("policy")),))


def settings_of(tier: Json, policy: Json) -> Settings:
    """Read an environment's `policy` settings; what is not understood denies, and an unknown tier is production."""
    declared = mapping_of(policy)
    return Settings(
        production=tier not in ("dev", "staging"),
        cap=_word(declared.get("enforcement", Enforcement.DENY.value)),
        severities=_words(declared.get("severities")),
        rule_sets=_words(declared.get("ruleSets")),
        rules=_words(declared.get("rules")),
    )


def day_of(text: str) -> date | None:
    """Return the day that *text* spells as `2027-12-02`; None for any other spelling."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _enforce(finding: Finding, settings: Settings) -> Enforced:
    default = severity_default(finding.severity, production=settings.production)
    start = settings.severities.get(finding.severity, default)
    if finding.informs:
        default, start = Enforcement.WARN, _milder(start, Enforcement.WARN)
    own = settings.rules.get(finding.rule)
    if own is not None:
        return _softened(own, default, [(own, f"policy.rules.{finding.rule}")])
    limits = [_cap(finding, settings)]
    if finding.severity in settings.severities:
        limits.append((start, f"policy.severities.{finding.severity}"))
    if finding.in_force_from:
        limits.append((Enforcement.WARN, f"effectiveFrom {finding.in_force_from}"))
    return _softened(_milder(start, *(limit for limit, _ in limits)), default, limits)


def _cap(finding: Finding, settings: Settings) -> tuple[Enforcement, str]:
    if finding.rule_set in settings.rule_sets:
        return settings.rule_sets[finding.rule_set], f"policy.ruleSets.{finding.rule_set}"
    return settings.cap, "policy.enforcement"


def _milder(*words: Enforcement) -> Enforcement:
    return min(words, key=_STRICTNESS.__getitem__)


def _softened(enforcement: Enforcement, default: Enforcement, limits: list[tuple[Enforcement, str]]) -> Enforced:
    """Name what makes a violation do less than its severity says in this tier."""
    if _STRICTNESS[enforcement] >= _STRICTNESS[default]:
        return Enforced(enforcement)
    names = ", ".join(name for limit, name in limits if limit is enforcement)
    return Enforced(enforcement, names, default)


def _words(value: Json) -> dict[str, Enforcement]:
    return {name: _word(word) for name, word in mapping_of(value).items()}


def _word(value: Json) -> Enforcement:
    try:
        return Enforcement(str(value))
    except ValueError:
        return Enforcement.DENY
