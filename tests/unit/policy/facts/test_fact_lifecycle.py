"""Lives of models and adapters."""

from datetime import date
from typing import Any

import pytest

from trueup.policy.facts.lifecycle import lifecycles

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ("active", None, None)),
        ({"lifecycle": {"phase": "deprecated"}}, ("deprecated", None, None)),
        ({"lifecycle": {"retiresAt": "2026-12-01"}}, ("active", None, 10)),
        ({"providerLifecycle": {"deprecatedAt": "2026-11-01", "retiresAt": "2026-11-20"}}, ("active", 20, -1)),
        ({"providerLifecycle": {"deprecatedAt": "2026-12-01"}}, ("active", -10, None)),
        (
            {"lifecycle": {"retiresAt": "2027-01-01"}, "providerLifecycle": {"retiresAt": "2026-11-21"}},
            ("active", None, 0),
        ),
    ],
)
def test_the_earlier_announced_end_counts(spec: Any, expected: tuple[str, int | None, int | None]) -> None:
    found: Any = lifecycles({"Model/x@1": {"spec": spec}}, TODAY)["Model/x@1"]
    assert (found["phase"], found["deprecatedForDays"], found["retiresInDays"]) == expected


def test_models_and_adapters_have_a_life_and_prompts_have_none() -> None:
    documents = {"Adapter/a@1": {"spec": {}}, "Model/m@1": {"spec": {}}, "Prompt/p@1": {"spec": {}}}
    assert list(lifecycles(documents, TODAY)) == ["Adapter/a@1", "Model/m@1"]
