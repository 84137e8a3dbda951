"""The guide for authors is true: its rule passes the check, its test passes."""

import re
from pathlib import Path

from trueup.adapters.policy import codes as adapter_codes
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.policy import codes
from trueup.policy.results import PolicyFile, RuleTest

GUIDE = (Path(__file__).parents[4] / "docs/policy/writing-rules.md").read_text()


def test_the_guides_rule_and_test_work_as_typed(engine: EmbeddedEngine) -> None:
    rule, test = re.findall(r"```rego\n(.*?)```", GUIDE, re.DOTALL)
    files = [
        PolicyFile("policies/acme/small_models.rego", rule.encode(), "policies"),
        PolicyFile("policies/acme/small_models_test.rego", test.encode(), "policies"),
        PolicyFile("policies/parameters/acme/data.yaml", b"most_parameters: 1000000000\n", "policies"),
    ]
    assert engine.check(files) == ()
    results = engine.test(files)
    assert [t.passed for t in results if isinstance(t, RuleTest)] == [True]


def test_codes_are_unique_and_all_listed() -> None:
    listed = [*adapter_codes.CODES, *codes.CODES]
    ids = [c.id for c in listed]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"POL\d{3}", i) for i in ids)
    for module in (adapter_codes, codes):
        assert {v for v in vars(module).values() if isinstance(v, codes.Code)} == set(module.CODES)
