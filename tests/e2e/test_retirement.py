"""A model leaves, and nothing leaves by mistake: real commands in a real repository."""

import os
import shutil

import pytest
from scratch import SUPPORT, Done, Scratch

from trueup.policy.deletion_budget import MARK, mark_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODEL = "spec/models/tiny-1.yaml"
ENVIRONMENT = "spec/environments/dev.yaml"


def step(scratch: Scratch, before: str, phase: str) -> None:
    more = ", replacement: tiny@2, retiresAt: 2099-12-31" if phase == "deprecated" else ""
    text = scratch.read(MODEL)
    line = next(line for line in text.splitlines() if line.startswith("  lifecycle:"))
    assert before in line
    scratch.write(MODEL, text.replace(line, f"  lifecycle: {{phase: {phase}{more}}}"))
    scratch.commit(f"tiny@1 is {phase}")


def refused(scratch: Scratch, before: str, phase: str, *said: str) -> None:
    """Take a step that is denied, with its reason in the plan and in apply, and take it back."""
    step(scratch, before, phase)
    for done in (scratch.trueup("plan", "-e", "dev", code=3), scratch.apply(code=3)):
        text = " ".join((done.out + done.err).split())
        assert "TU-06" in text
        for words in said:
            assert words in text, done
    scratch.git("reset", "--quiet", "--hard", "HEAD^")


def artifacts(done: Done) -> dict[str, str]:
    return {a["key"]: a["kept_because"] for a in done.json["artifacts"]}


def test_a_model_is_deprecated_drained_archived_deleted_and_collected(served: Scratch) -> None:
    old = served.deployment()["observed_release"]
    digest = next(line.split()[1] for line in served.read(MODEL).splitlines() if "digest:" in line)
    refused(served, "active", "drained", "goes from active to drained in one step")
    step(served, "active", "deprecated")
    served.apply()
    refused(served, "deprecated", "archived", "goes from deprecated to archived in one step")
    refused(served, "deprecated", "drained", "Model/tiny@1 is drained, and Deployment/dev/support uses it")

    served.upgrade()
    served.apply()
    step(served, "deprecated", "drained")
    served.apply()
    assert served.ask().status == 200
    refused(served, "drained", "deleted", "goes from drained to deleted in one step", "would go back to it")
    refused(served, "drained", "archived", f"Deployment/dev/support (release {old.removeprefix('sha256:')[:12]})")
    served.edit(SUPPORT, ("tiny@2", "tiny@1"))
    served.commit("Use it in another release")
    used = served.apply(code=3)
    assert "would use Model/tiny@1, which is drained" in " ".join((used.out + used.err).split())
    served.git("reset", "--quiet", "--hard", "HEAD^")
    assert served.deployment()["way_back"] == {"release": old, "retained": True}

    served.change(SUPPORT, ("support@2", "support@1"))
    served.apply()
    step(served, "drained", "archived")
    served.apply()
    assert artifacts(served.look("gc", "--dry-run", "-o", "json"))[digest] == "Model/tiny@1 is archived"
    denied = served.trueup("rollback", "support", "-e", "dev", "--to", old, "--auto-approve", code=3)
    assert "would use Model/tiny@1, which is archived" in " ".join(denied.err.split())

    step(served, "archived", "deleted")
    served.apply()
    assert artifacts(served.look("gc", "--dry-run", "-o", "json"))[digest] == ""
    served.trueup("gc", "--auto-approve")
    assert digest not in artifacts(served.look("gc", "--dry-run", "-o", "json"))
    refused(served, "deleted", "active", "was deleted, and its artifact may be gone")
    assert served.ask().status == 200
    served.trueup("audit", "verify")


def test_a_repository_whose_specs_vanished_prunes_nothing(served: Scratch) -> None:
    before = served.deployment()
    shutil.move(served.folder / "spec", served.folder / "specs")
    served.commit("Rename the folder and forget trueup.yaml")
    for words in (
        ("plan", "-e", "dev"),
        ("apply", "-e", "dev", "--auto-approve"),
        ("reconcile", "-e", "dev", "--auto-approve"),
    ):
        assert "WRK005" in served.trueup(*words, code=8).err
    served.git("reset", "--quiet", "--hard", "HEAD^")

    shutil.move(served.folder / "spec/deployments", served.folder / "elsewhere")
    os.symlink("../elsewhere", served.folder / "spec/deployments")
    served.commit("Put a link in their place")
    for words in (("plan", "-e", "dev"), ("apply", "-e", "dev", "--auto-approve")):
        assert "WRK031" in served.trueup(*words, code=8).err
    served.git("reset", "--quiet", "--hard", "HEAD^")

    shutil.rmtree(served.folder / "spec/deployments")
    served.commit("Lose every deployment")
    plan = served.trueup("plan", "-e", "dev", code=3)
    assert "deletes 1 of 1 running deployment (100 %), and nothing is left" in " ".join(plan.out.split())
    denied = served.apply(code=3)
    mark = mark_of("support", before["observed_release"])
    assert f"{MARK}: {mark}" in " ".join((denied.out + denied.err).split())
    after = served.deployment()
    assert [s["pid"] for s in after["servers"]] == [s["pid"] for s in before["servers"]]
    assert served.ask().status == 200

    served.change(ENVIRONMENT, ("  name: dev\n", f"  name: dev\n  annotations: {{{MARK}: {mark}}}\n"))
    served.apply()
    assert served.status()["deployments"] == []


def test_a_hold_covers_its_release_under_another_name_until_it_ends(served: Scratch) -> None:
    release = served.deployment()["observed_release"]
    wrong = served.trueup("hold", "add", "support", "-e", "dev", "--reason", "-", "--days", "x", "--until", "y", code=8)
    assert wrong.err.count("LED031") == 4
    said = served.trueup("hold", "add", "support", "-e", "dev", "--reason", "under review", "--days", "7").err
    assert "serves Deployment/dev/support now, and is not taken down" in " ".join(said.split())
    assert "trueup rollback support -e dev" in " ".join(said.split())
    (row,) = served.status()["deployments"]
    assert [h["release"] for h in row["holds"]] == [release]
    plan = served.trueup("plan", "-e", "dev", "-o", "json").json
    assert [h["release"] for h in plan["holds"]] == [release]

    text = served.read(SUPPORT).replace("name: support\n", "name: helpdesk\n", 1)
    served.git("mv", SUPPORT, "spec/deployments/dev/helpdesk.yaml")
    served.write("spec/deployments/dev/helpdesk.yaml", text)
    served.commit("Rename it")
    denied = served.apply(code=3)
    assert "RO-09" in denied.out + denied.err
    listed = served.trueup("hold", "list", "-o", "json").json["holds"]
    assert [(h["deployment"], h["in_force"]) for h in listed] == [("Deployment/dev/support", True)]
    served.trueup("hold", "lift", "support", "-e", "dev", "--reason", "reviewed")
    assert served.trueup("hold", "list", "-o", "json").json["holds"] == []
    served.apply()
    assert served.ask(model="helpdesk").status == 200
