"""The way of a release into production, as the rule library asks for it, and that nothing else stands in it."""

import pytest
from scratch import SUPPORT, Scratch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STAGING = "spec/deployments/staging/support.yaml"
PRODUCTION = "spec/deployments/prod/support.yaml"
SETTINGS = "spec/environments/prod.yaml"


def declare_prompt_3(scratch: Scratch) -> None:
    """Commit a new prompt for every environment."""
    text = scratch.read("spec/prompts/support-1.yaml").replace("one short sentence", "one short, polite sentence")
    scratch.write("spec/prompts/support-3.yaml", text.replace('version: "1"', 'version: "3"'))
    for path in (SUPPORT, STAGING, PRODUCTION):
        scratch.edit(path, ("support@2", "support@3"))
    scratch.commit("Be polite")


def practise_a_rollback(scratch: Scratch) -> None:
    """Take the release back in staging, and bring it there again."""
    scratch.trueup("rollback", "support", "-e", "staging", "--auto-approve", "--reason", "practice")
    scratch.trueup("hold", "lift", "support", "-e", "staging")
    scratch.git("revert", "--no-edit", "HEAD")
    scratch.apply("staging")


def test_a_release_comes_by_dev_and_staging_and_can_be_taken_back(scratch: Scratch) -> None:
    scratch.stage()
    scratch.trueup("evaluate", "-e", "prod")
    scratch.apply("prod")
    first = scratch.deployment("prod")["observed_release"]
    assert "Nothing to do." in scratch.apply("prod").err
    # Settings that are merged by themselves stand in no release's way afterwards (RO-05).
    scratch.change(SETTINGS, ("  budget:", "  soakTime: 0s\n  budget:"))

    declare_prompt_3(scratch)
    assert "RO-01" in scratch.apply("prod", code=3).err, "it was never verified in staging"
    scratch.apply("dev")
    scratch.apply("staging")
    scratch.trueup("evaluate", "-e", "prod")
    refused = scratch.apply("prod", code=3).err
    assert "RO-03" in refused, "nobody has practised the way back"
    assert refused.count("! blocked") == 1
    practise_a_rollback(scratch)
    scratch.apply("prod")
    assert scratch.deployment("prod")["observed_release"] != first

    scratch.trueup("rollback", "support", "-e", "prod", "--auto-approve")
    assert scratch.deployment("prod")["observed_release"] == first


def test_settings_of_production_do_not_change_together_with_a_release(scratch: Scratch) -> None:
    scratch.stage()
    scratch.trueup("evaluate", "-e", "prod")
    scratch.edit(SETTINGS, ("  budget:", "  soakTime: 0s\n  budget:"))
    scratch.change(PRODUCTION, ("contextPerSlot: 512", "contextPerSlot: 256"))
    assert "RO-05" in scratch.apply("prod", code=3).err
