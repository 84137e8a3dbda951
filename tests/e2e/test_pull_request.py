"""A pull request must not choose its own judge (promise 5): in a real clone, with the branch it is for on a remote.

Until it is merged, what it changes of policies, settings and exceptions is reported and decides nothing.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scratch import SUPPORT, Done, Scratch

ACME, PROD = "policies/acme/rule.rego", "spec/environments/prod.yaml"
FEW_SERVERS = """\
package acme.few

# METADATA
# title: Few servers
# description: Each server needs an accelerator, and there are few.
# custom:
#   id: ACME-01
#   ruleSet: capacity
#   severity: high
#   remediation: Ask for two servers at most.
deny contains {"msg": "more than two servers", "address": deployment.address, "path": ["spec", "replicas"]} if {
	some deployment in input.deployments
	object.get(deployment, ["server", "replicas"], 99) > 2
}
"""
NOTHING_MOVES = """\
package acme.nothing

# METADATA
# title: Nothing moves
# custom: {id: ACME-02, ruleSet: rollout, severity: critical}
deny contains {"msg": "it moves", "address": deployment.address} if {
	some deployment in input.deployments
	deployment.changed
}
"""
EXCEPTION = """\
apiVersion: trueup/v1alpha1
kind: PolicyException
metadata: {{name: more-servers, owner: ml-platform}}
spec:
  rule: ACME-01
  resource: Deployment/dev/support
  reason: A launch.
  compensatingControl: The other teams wait.
  approvedBy: {approver}
  expires: {expires}
"""
MORE_SERVERS = ("replicas: 1", "replicas: 3")


@pytest.fixture
def clone(declared: Scratch, tmp_path: Path) -> Scratch:
    """A clone on a branch `change`; main, which is on the remote, has a policy of its own."""
    origin = declared.copied_to(tmp_path / "origin")
    origin.write(ACME, FEW_SERVERS)
    origin.change("trueup.yaml", ("paths: []", "paths: [policies]"))
    origin.git("branch", "--move", "main")
    origin.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    origin.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
    made = Scratch(tmp_path / "clone")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("commit.gpgsign", "false")):
        made.git("config", key, value)
    made.git("checkout", "--quiet", "-b", "change")
    return made


def merge(clone: Scratch) -> None:
    """Merge the branch as the hosting service does, and fetch what came of it."""
    clone.git("push", "--quiet", "origin", "change:main")
    clone.git("fetch", "--quiet", "origin")
    clone.git("checkout", "--quiet", "-B", "main", "origin/main")


def planned(clone: Scratch, environment: str = "dev") -> Any:
    """Return the plan as JSON; whether policy denies it is the exit code as well."""
    done = clone.run("plan", "-e", environment, "-o", "json")
    assert done.code == (0 if done.json["decision"]["outcome"] == "allow" else 3), done
    return done.json


def said(done: Done) -> str:
    return " ".join(done.out.split())


def effects(plan: Any, rule: str) -> set[str]:
    """Return what violations of *rule* do."""
    return {v["enforcement"] for v in plan["decision"]["violations"] if v["rule"] == rule}


def test_a_policy_that_a_branch_weakens_judges_when_it_is_merged(clone: Scratch) -> None:
    clone.edit(ACME, ("> 2", "> 9"))
    clone.change(SUPPORT, MORE_SERVERS)
    before = planned(clone)
    assert effects(before, "ACME-01") == {"deny"}
    base = clone.git("rev-parse", "origin/main")
    assert before["policies"] == {
        "source": "base",
        "revision": base,
        "changed": [ACME],
        "candidate": {"outcome": "allow", "denies": []},
    }
    text = said(clone.run("plan", "-e", "dev"))
    assert f"This change has other policies ({ACME}); those of its base, {base[:12]}, judge." in text
    assert "With its own it would be allowed: no longer denied by ACME-01 Deployment/dev/support." in text
    merge(clone)
    after = planned(clone)
    assert (after["policies"]["source"], after["policies"]["changed"]) == ("head", [])
    assert effects(after, "ACME-01") == set()


def test_every_command_about_rules_says_whose_policies_judge(clone: Scratch) -> None:
    clone.write(
        "policies/new/rule.rego", FEW_SERVERS.replace("ACME-01", "NEW-1").replace("package acme", "package fresh")
    )
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message=Bring a rule")
    base = clone.git("rev-parse", "origin/main")[:12]
    judges = f"those of its base, {base}, judge."
    assert judges in " ".join(clone.run("policy", "check", "-e", "dev").err.split())
    assert judges in " ".join(clone.run("policy", "list").err.split())
    assert judges in said(clone.run("policy", "explain", "ACME-01", "Deployment/dev/support"))
    own = clone.run("policy", "explain", "NEW-1", "Deployment/dev/support")
    assert own.code == 8
    assert "judges nothing before it is merged" in " ".join(own.err.split())
    assert judges not in " ".join(clone.run("policy", "check", "-e", "dev", "--policies", "policies").err.split())


def test_a_policy_that_a_branch_breaks_denies_nothing_until_it_is_merged(clone: Scratch) -> None:
    clone.change(ACME, ("deny contains", "deny contains contains"))
    before = planned(clone)
    assert before["decision"]["outcome"] == "allow"
    assert before["policies"]["candidate"]["outcome"] == "error"
    assert "With its own it would be not decided, which denies" in said(clone.run("plan", "-e", "dev"))
    merge(clone)
    assert planned(clone)["decision"]["outcome"] == "error"


def test_settings_that_a_branch_softens_soften_nothing_until_it_is_merged(clone: Scratch) -> None:
    clone.change(PROD, ("    rules:\n", "    rules:\n      RO-01: dryrun\n"))
    before = planned(clone, "prod")
    assert effects(before, "RO-01") == {"deny"}
    assert "deny" in effects(before, "RO-05"), "who approves changes together with what is released"
    assert before["policies"]["changed"] == []
    merge(clone)
    after = planned(clone, "prod")
    assert effects(after, "RO-01") == {"dryrun"}
    assert effects(after, "RO-05") == set()


@pytest.mark.parametrize(("approver", "outcome"), [("ada@example.com", "deny"), ("grace@example.com", "allow")])
def test_an_exception_needs_another_approver_before_and_after_it_is_merged(
    clone: Scratch, approver: str, outcome: str
) -> None:
    expires = datetime.now(UTC).date() + timedelta(days=30)
    clone.write("spec/exceptions/more-servers.yaml", EXCEPTION.format(approver=approver, expires=expires))
    clone.change(SUPPORT, MORE_SERVERS)
    for _ in range(2):
        assert planned(clone)["decision"]["outcome"] == outcome
        assert ("approves what they wrote themselves" in said(clone.run("plan", "-e", "dev"))) == (outcome == "deny")
        merge(clone)


def test_a_policy_that_a_branch_adds_tells_what_it_would_deny(clone: Scratch) -> None:
    clone.write("policies/acme/nothing.rego", NOTHING_MOVES)
    clone.commit()
    before = planned(clone)
    assert before["decision"]["outcome"] == "allow"
    assert before["policies"]["changed"] == ["policies/acme/nothing.rego"]
    assert before["policies"]["candidate"] == {"outcome": "deny", "denies": ["ACME-02 Deployment/dev/support"]}
    assert "also denied by ACME-02 Deployment/dev/support" in said(clone.run("plan", "-e", "dev"))
    merge(clone)
    assert effects(planned(clone), "ACME-02") == {"deny"}


def test_a_branch_cannot_bring_what_was_fetched_for_a_bundle(clone: Scratch) -> None:
    clone.write(".trueup/policies/x/data.json", "{}")
    clone.git("add", "--force", ".trueup")
    clone.commit()
    done = clone.run("plan", "-e", "dev")
    assert done.code == 8
    assert "WRK007" in done.err
    assert "git rm -r --cached .trueup" in done.err


def test_a_branch_cannot_choose_a_ledger_without_holds(clone: Scratch) -> None:
    held = clone.run("hold", "add", "-e", "dev", "support", "--reason", "wait")
    clone.change("trueup.yaml", ("refs/trueup/ledger", "refs/trueup/mine"))
    log = clone.run("audit", "log", "-o", "json")
    assert (held.code, log.code) == (0, 0), (held, log)
    assert len(log.json["records"]) == 1
    assert clone.git("for-each-ref", "refs/trueup/mine") == ""
