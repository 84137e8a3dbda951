"""Ways around what trueup promises, tried on a whole repository: each ends in a refusal that says why."""

import pytest
from scratch import Scratch

DENIES_ALL = 'package mine\n\ndeny contains "no" if input.formatVersion == 1\n'
DENIES_NOTHING = 'package mine\n\ndeny contains "no" if input.formatVersion == 0\n'
OWN_POLICIES = ("paths: []", "paths: [mine]")


def test_a_policy_with_uncommitted_changes_decides_nothing_that_is_applied(scratch: Scratch) -> None:
    scratch.write("mine/rule.rego", DENIES_ALL)
    scratch.change("trueup.yaml", OWN_POLICIES)
    scratch.write("mine/rule.rego", DENIES_NOTHING)
    plan = scratch.trueup("plan", "-e", "dev", "-o", "json").json
    assert not plan["can_be_applied"]
    assert plan["revision"] == ""
    done = scratch.apply(code=1)
    assert "APP002: Uncommitted changes cannot be applied" in done.err
    assert not scratch.records()


@pytest.mark.parametrize("package", ["trueup.rules.li_01", "trueup.lib"])
def test_a_policy_of_the_repository_cannot_add_to_the_librarys_packages(scratch: Scratch, package: str) -> None:
    scratch.write("mine/rule.rego", f'package {package}\n\nallowed contains "Evil"\n')
    scratch.change("trueup.yaml", OWN_POLICIES)
    done = scratch.trueup("plan", "-e", "dev", code=3)
    assert "POL024" in done.out
    assert "not decided, which denies" in done.out
