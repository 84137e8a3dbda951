"""Rules as a table: what each says of itself, what it does in each environment, and what its tests reach."""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.enforcement import Enforcing, Finding, Settings, day_of, enforce
from trueup.policy.results import RuleInfo
from trueup.policy.tracing import ABSENT, FAILING, PASSING, TestRun, belongs, joined, kind_of_case

KINDS = (PASSING, FAILING, ABSENT)
"""What the tests of a rule should show: that it passes, that it denies, and what it does without its facts."""


Sources = Mapping[tuple[str, str], str]
"""Text of each test, by its package and name."""


@dataclass(frozen=True, slots=True)
class ListedRule:
    """One rule of the table.

    Attributes:
        info: What it says of itself; of a rule with several entries, the first one's.
        entries: Names of its Rego sets.
        enforcement: What a violation of its severity does in each environment, as (environment, word).
        in_force: Whether its first day has come.
        tests: Number of tests about it.
        kinds: Those of `KINDS` that its tests show.
        coverage: Share of its lines that tests reach, 0 to 100; None when none was run.
    """

    info: RuleInfo
    entries: tuple[str, ...] = ()
    enforcement: tuple[tuple[str, str], ...] = ()
    in_force: bool = True
    tests: int = 0
    kinds: tuple[str, ...] = ()
    coverage: float | None = None

    @property
    def missing_kinds(self) -> tuple[str, ...]:
        """Those of `KINDS` that no test shows."""
        return tuple(k for k in KINDS if k not in self.kinds)

    @property
    def path(self) -> str:
        """The file it is defined in; empty when nobody knows."""
        return self.info.span.path if self.info.span else ""


@dataclass(frozen=True, slots=True)
class RulePage:
    """One rule with all there is to read about it.

    Attributes:
        rule: Its row.
        parameters: Data it reads: dotted path below `data`, and the value; null when it is too large to show.
        inputs: Parts of the policy document it reads, dotted.
        text: The README beside it; empty when there is none.
    """

    rule: ListedRule
    parameters: tuple[tuple[str, Json], ...] = ()
    inputs: tuple[str, ...] = ()
    text: str = ""


def list_rules(
    rules: Iterable[RuleInfo], environments: Mapping[str, Settings], today: date, run: TestRun | None, sources: Sources
) -> tuple[ListedRule, ...]:
    """Return a row for each rule id, sorted by it.

    Args:
        rules: What rules say of themselves, one an entry.
        environments: What each environment says of enforcement.
        today: Decides whether a rule is in force yet.
        run: Their tests; None when nobody looked.
        sources: Text of the tests, to tell what they show.
    """
    by_id: dict[str, list[RuleInfo]] = {}
    for info in sorted(rules, key=lambda r: (r.id, r.package, r.entry)):
        by_id.setdefault(info.id, []).append(info)
    return tuple(_row(infos, environments, today, run, sources) for infos in by_id.values())


def _row(
    infos: list[RuleInfo],
    environments: Mapping[str, Settings],
    today: date,
    run: TestRun | None,
    sources: Sources,
) -> ListedRule:
    info = infos[0]
    first_day = day_of(info.effective_from) if info.effective_from else None
    in_force = first_day is None or first_day <= today
    words = tuple((name, _word(info, settings, in_force=in_force)) for name, settings in sorted(environments.items()))
    entries = tuple(dict.fromkeys(i.entry for i in infos))
    if run is None:
        return ListedRule(info, entries, words, in_force)
    paths = {i.span.path for i in infos if i.span}
    folders = {path.rpartition("/")[0] for path in paths}
    alone = next(iter(folders)) if len(folders) == 1 else ""
    cases = [c.test for c in run.cases if not c.is_todo and belongs(c.test, info.package, alone)]
    kinds = {kind_of_case(t.name, sources.get((t.package, t.name), "")) for t in cases}
    covered = joined(f for f in run.files if f.path in paths).percent if run.files else None
    shown = tuple(k for k in KINDS if k in kinds)
    return ListedRule(info, entries, words, in_force, len(cases), shown, covered)


def _word(info: RuleInfo, settings: Settings, *, in_force: bool) -> str:
    finding = Finding(
        rule=info.id,
        rule_set=info.rule_set,
        severity=info.severity or "high",
        informs=info.entry.startswith("warn"),
        in_force_from="" if in_force else info.effective_from,
    )
    return enforce(finding, Enforcing((settings,))).enforcement.value


def serves(control: str, wanted: str) -> bool:
    """Tell whether *control* is *wanted* or lies inside it, clause by clause.

    `Art. 12` takes in `EU AI Act Art. 12(1)` and not `Art. 120`; `Article 12` is the same as `Art. 12`.
    """
    pattern = rf"(?<![\w.]){re.escape(_plain(wanted))}(?!\w)"
    return bool(_plain(wanted)) and re.search(pattern, _plain(control)) is not None


def _plain(text: str) -> str:
    """Spell a clause one way: lower case, single spaces, `art. 12 (1)` as `art. 12(1)`."""
    words = " ".join(text.lower().split())
    words = re.sub(r"\b(?:article|art)\b\.?\s*(?=\d)", "art. ", words)
    return re.sub(r"\s+\(", "(", words)


def chosen(rules: Iterable[ListedRule], *, rule_set: str = "", control: str = "") -> tuple[ListedRule, ...]:
    """Return those of *rules* in a set and serving a control, where one is named."""
    return tuple(
        r
        for r in rules
        if (not rule_set or r.info.rule_set == rule_set)
        and (not control or any(serves(c, control) for c in r.info.controls))
    )


def by_control(rules: Iterable[ListedRule]) -> tuple[tuple[str, tuple[ListedRule, ...]], ...]:
    """Return every control with the rules that serve it, in the order people count clauses."""
    found: dict[str, list[ListedRule]] = {}
    for rule in rules:
        for control in rule.info.controls:
            found.setdefault(control, []).append(rule)
    return tuple((control, tuple(found[control])) for control in sorted(found, key=_clauses))


def by_rule_set(rules: Iterable[ListedRule]) -> tuple[tuple[str, tuple[ListedRule, ...]], ...]:
    """Return every rule set with its rules; rules of no set come last, under an empty name."""
    found: dict[str, list[ListedRule]] = {}
    for rule in rules:
        found.setdefault(rule.info.rule_set, []).append(rule)
    return tuple((name, tuple(found[name])) for name in sorted(found, key=lambda n: (not n, n)))


def _clauses(control: str) -> list[tuple[int, str]]:
    """Order `Art. 9` before `Art. 12`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", control.lower())]
