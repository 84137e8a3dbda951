"""The page of ports: what it exports of policy is there when it is asked for, and nothing else."""

import pytest

from trueup import ports
from trueup.policy import results


@pytest.mark.parametrize("name", ["Evaluation", "PolicyFile", "RuleInfo", "RuleResult", "RuleTest"])
def test_what_engines_speak_of_is_exported(name: str) -> None:
    assert getattr(ports, name) is getattr(results, name)


def test_a_port_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = ports.Nothing
