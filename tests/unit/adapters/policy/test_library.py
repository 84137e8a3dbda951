"""The rules that ship: complete folders, tests that pass, and tests that would notice."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup.adapters.policy.bundle import load_library
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.policy.results import PolicyFile, RuleInfo, RuleTest

POLICIES = Path(__file__).parents[4] / "policies"
FOLDERS = sorted(p for p in POLICIES.iterdir() if re.match(r"[A-Z]{2}-\d\d-", p.name))
RULE_SETS = {
    "supply-chain", "licence", "data", "evaluation", "safety", "rollout", "capacity", "regulation", "operations",
}  # fmt: skip
NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def test_the_rules_of_the_first_release_are_there() -> None:
    ids = {p.name[:5] for p in FOLDERS}
    wanted = {
        "SC": (1, 2, 4, 5, 6, 9, 10, 11),
        "LI": (1, 2, 3),
        "DP": (1, 2, 4, 5, 6),
        "EV": (1, 2, 3, 4, 5, 6, 7),
        "SA": (1, 3),
        "RO": (1, 2, 3, 5, 7, 8, 9),
        "CC": (1, 2, 3, 5),
        "RG": (1, 2, 3, 4, 5, 13),
        "OP": (1, 2, 6, 8, 9, 10),
    }
    assert {f"{area}-{number:02}" for area, numbers in wanted.items() for number in numbers} <= ids


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_a_rule_is_a_folder_with_rule_tests_and_page(folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} >= {"rule.rego", "rule_test.rego", "README.md"}
    page = (folder / "README.md").read_text()
    for heading in ("## Avoid", "## Prefer", "## Why", "## How to waive"):
        assert heading in page
    assert f"| [{folder.name[:5]}]({folder.name}) |" in (POLICIES / "README.md").read_text()


def test_every_rule_says_its_id_title_severity_controls_and_remedy(engine: EmbeddedEngine) -> None:
    rules = engine.describe(load_library())
    for rule in rules:
        assert isinstance(rule, RuleInfo), rule
        assert rule.span
        assert f"/{rule.id}-" in rule.span.path
        assert rule.package == f"trueup.rules.{rule.id.lower().replace('-', '_')}"
        assert all((rule.title, rule.description, rule.severity, rule.controls, rule.remediation))
        assert rule.rule_set in RULE_SETS
        assert rule.last_reviewed


def test_all_tests_of_the_library_pass(engine: EmbeddedEngine) -> None:
    results = engine.test(load_library())
    assert len(results) >= 100
    assert [t for t in results if not (isinstance(t, RuleTest) and t.passed)] == []


@pytest.mark.parametrize("document", [b"{}", b"null", b"[]", b'{"deployments": 1}', b'{"deployments": [{}]}'])
def test_every_rule_denies_or_errs_on_a_document_without_facts(engine: EmbeddedEngine, document: bytes) -> None:
    (evaluation,) = engine.evaluate(load_library(), [document], NOW)
    silent = set(evaluation.rules)
    silent -= {str(r.raw["id"]) for r in evaluation.results if isinstance(r.raw, dict) and r.entry == "deny"}
    # An error stands at the line that raised it, which may be of what the rules share: one for each silent rule.
    assert len(evaluation.errors) >= len(silent)


def _without_rule(bundle: tuple[PolicyFile, ...], folder: str, index: int) -> tuple[PolicyFile, ...]:
    """Return the files that the tests of a rule need, with one of its `deny` or `warn` made silent."""
    changed = []
    for file in bundle:
        if not any(f"/{part}/" in file.path for part in ("lib", "parameters", folder)):
            continue
        content = file.content
        if file.path.endswith(f"/{folder}/rule.rego"):
            heads = list(re.finditer(rb"^(?:deny|warn) contains (.*) if ", content, re.MULTILINE))
            end = heads[index].end()
            content = content[:end] + _never(content[end:])
        changed.append(PolicyFile(file.path, content, file.root))
    return tuple(changed)


def _never(content: bytes) -> bytes:
    """Return *content*, which begins with a body, so that the body never holds; what it binds stays bound."""
    if content.startswith(b"{"):
        return b"{\n\tfalse == true" + content[1:]
    body, _, rest = content.partition(b"\n")
    return b"{\n\tfalse == true\n\t" + body + b"\n}\n" + rest


MUTANTS = [
    (folder.name, index)
    for folder in FOLDERS
    for index in range(
        len(re.findall(r"^(?:deny|warn) contains .* if ", (folder / "rule.rego").read_text(), re.MULTILINE))
    )
]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "index"), MUTANTS)
def test_a_rule_that_falls_silent_is_noticed_by_its_tests(engine: EmbeddedEngine, folder: str, index: int) -> None:
    results = engine.test(_without_rule(load_library(), folder, index))
    assert all(isinstance(t, RuleTest) for t in results), results
    assert any(not t.passed for t in results if isinstance(t, RuleTest))
