"""`trueup ci` in a real clone, with the variables of a CI system and a forge on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from scratch import SUPPORT, Done, Scratch

from forge_server import TOKEN, ForgeServer, forge_server
from published_formats import check_junit, check_sarif
from trueup.cli.views.ci_json import ci_schema

DIR = "trueup-ci"
FILES = {"ci.json", "comment.md", "junit.xml", "outputs.env", "plans", "report.txt", "results.sarif", "summary.md"}
BRANCH = "change"
PROD = "spec/deployments/prod/support.yaml"
FEW_SERVERS = """\
package acme.few

# METADATA
# title: Few servers
# custom: {id: ACME-01, ruleSet: capacity, severity: high, remediation: Ask for two servers at most.}
deny contains {"msg": "more than two servers", "address": deployment.address, "path": ["spec", "replicas"]} if {
	some deployment in input.deployments
	object.get(deployment, ["server", "replicas"], 99) > 2
}
"""


@pytest.fixture
def forge() -> Iterator[ForgeServer]:
    with forge_server() as server:
        server.state.add(BRANCH)
        yield server


@pytest.fixture
def clone(declared: Scratch, tmp_path: Path) -> Scratch:
    """A clone as a CI job has it: a branch checked out beside the remote's main, whose policies are stricter."""
    origin = declared.copied_to(tmp_path / "origin")
    origin.write("policies/acme/rule.rego", FEW_SERVERS)
    origin.change("trueup.yaml", ("paths: []", "paths: [policies]"))
    origin.git("branch", "--move", "main")
    origin.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    origin.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
    made = Scratch(tmp_path / "clone")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("commit.gpgsign", "false")):
        made.git("config", key, value)
    made.git("checkout", "--quiet", "-b", BRANCH)
    return made


def on_github(clone: Scratch, url: str, *, head: str = "1", fork: bool = False, token: str = TOKEN) -> dict[str, str]:
    """Return the variables of a job of GitHub Actions, with its files."""
    folder = clone.folder.parent / "runner"
    folder.mkdir(exist_ok=True)
    theirs = "mallory/llm" if fork else "shop/llm"
    event = {
        "pull_request": {
            "number": 1,
            "head": {"ref": BRANCH, "sha": head * 40, "repo": {"full_name": theirs}},
            "base": {"ref": "main", "sha": clone.git("rev-parse", "origin/main"), "repo": {"full_name": "shop/llm"}},
        }
    }
    (folder / "event.json").write_text(json.dumps(event))
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_REPOSITORY": "shop/llm",
        "GITHUB_RUN_ID": "99",
        "GITHUB_SERVER_URL": url,
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_TOKEN": token,
    }


def facts(clone: Scratch) -> Any:
    found = json.loads(clone.read(f"{DIR}/ci.json"))
    jsonschema.validate(found, ci_schema())
    return found


def comments(forge: ForgeServer) -> list[str]:
    return [note["body"] for note in forge.state.notes]


def outputs(clone: Scratch) -> dict[str, str]:
    lines = (clone.folder.parent / "runner" / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_one_run_writes_every_report_and_plans_what_the_change_reaches(clone: Scratch, forge: ForgeServer) -> None:
    clone.upgrade()
    done = clone.run("ci", "--comment", **on_github(clone, forge.url))
    assert done.code == 0, done
    assert {p.name for p in (clone.folder / DIR).iterdir()} == FILES
    found = facts(clone)
    assert (found["verdict"], found["has_changes"], found["untouched"]) == ("allowed", True, ["prod", "staging"])
    assert [(e["name"], e["file"]) for e in found["environments"]] == [("dev", "plans/dev.plan.json")]
    assert found["base"] == clone.git("rev-parse", "origin/main")
    check_sarif(clone.read(f"{DIR}/results.sarif"))
    check_junit(clone.read(f"{DIR}/junit.xml"))
    assert outputs(clone)["verdict"] == "allowed"
    assert json.loads(outputs(clone)["plan-ids"]) == {"dev": found["environments"][0]["plan_id"]}
    assert comments(forge) == [clone.read(f"{DIR}/comment.md")]
    assert (clone.folder.parent / "runner" / "summary").read_text() == clone.read(f"{DIR}/summary.md")
    assert "::warning " in done.err
    shown = clone.trueup("show", f"{DIR}/plans/dev.plan.json")
    assert "create Deployment/dev/support" in shown.out


def test_a_second_run_changes_its_comment_only_when_it_says_another_thing(clone: Scratch, forge: ForgeServer) -> None:
    clone.upgrade()
    where = on_github(clone, forge.url)
    forge.state.say(1, "<!-- trueup:ci:trueup:v1 -->\nnot ours", "mallory")
    for said in ("Commented on", "says the same already"):
        done = clone.run("ci", "--comment", **where)
        assert said in done.err, done
    clone.change(SUPPORT, ("replicas: 1", "replicas: 2"))
    assert "Changed the comment" in clone.run("ci", "--comment", **where).err
    assert [n["login"] for n in forge.state.notes] == ["mallory", "trueup-bot"]
    assert "replicas: 2" in comments(forge)[1]


def test_the_rules_of_the_base_judge_and_what_they_deny_is_told(clone: Scratch, forge: ForgeServer) -> None:
    clone.edit("policies/acme/rule.rego", ("> 2", "> 9"))
    clone.change(SUPPORT, ("replicas: 1", "replicas: 3"))
    done = clone.run("ci", "--comment", "-o", "json", **on_github(clone, forge.url))
    assert done.code == 3, done
    assert done.json["verdict"] == "blocked"
    assert {e["name"] for e in done.json["environments"]} == {"dev", "staging", "prod"}, "rules change, so all may"
    body = comments(forge)[0]
    assert body.split("\n")[1].endswith("blocked")
    assert "**ACME-01** Few servers" in body
    assert body.index("ACME-01") < body.index("<details>")
    assert outputs(clone)["exit-code"] == "3"
    assert "::error " in done.err


def test_an_environment_that_fails_hides_no_other_and_the_worst_is_how_it_ends(
    clone: Scratch, forge: ForgeServer
) -> None:
    clone.upgrade()
    done = clone.run("ci", "--comment", "-e", "dev", "-e", "nowhere", "-o", "json", **on_github(clone, forge.url))
    assert done.code == 8, done
    assert {e["name"]: e["verdict"] for e in done.json["environments"]} == {"dev": "allowed", "nowhere": "invalid"}
    assert [e["file"] for e in done.json["environments"]] == ["plans/dev.plan.json", None]
    assert "| `nowhere` | \u26d4 invalid |" in comments(forge)[0]


def test_a_wrong_declaration_is_told_with_its_line(clone: Scratch, forge: ForgeServer) -> None:
    clone.change(SUPPORT, ("tiny@1", "tiny@9"))
    done = clone.run("ci", "--comment", **on_github(clone, forge.url))
    assert done.code == 8, done
    assert facts(clone)["verdict"] == "invalid"
    assert f"`{SUPPORT}:" in comments(forge)[0]
    assert f"file={SUPPORT}" in done.err


def test_a_base_that_was_not_fetched_is_an_error_and_never_replaced_by_the_change(
    clone: Scratch, forge: ForgeServer
) -> None:
    clone.upgrade()
    where = on_github(clone, forge.url)
    event = json.loads(Path(where["GITHUB_EVENT_PATH"]).read_text())
    event["pull_request"]["base"]["ref"], event["pull_request"]["base"]["sha"] = "release", "9" * 40
    clone.git("branch", "release")  # what the change has under that name is no base
    Path(where["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    done = clone.run("ci", "--comment", **where)
    assert done.code == 1, done
    assert facts(clone)["failures"][0]["code"] == "CI001"
    assert "CI001" in comments(forge)[0]


def test_a_change_that_reaches_nothing_says_nothing(clone: Scratch, forge: ForgeServer) -> None:
    clone.write("NOTES.md", "hello")
    clone.commit()
    done = clone.run("ci", "--comment", **on_github(clone, forge.url))
    assert (done.code, comments(forge)) == (0, []), done
    assert facts(clone)["verdict"] == "unchanged"


def test_a_comment_that_cannot_be_posted_is_an_error_that_hides_nothing(clone: Scratch, forge: ForgeServer) -> None:
    clone.upgrade()
    done = clone.run("ci", "--comment", **on_github(clone, forge.url, token="wrong"))
    assert done.code == 1, done
    found = facts(clone)
    assert [d["code"] for d in found["failures"]] == ["FRG003"]
    assert found["environments"][0]["verdict"] == "allowed"
    assert outputs(clone)["exit-code"] == "1"
    none = clone.run("ci", "--comment", **on_github(clone, forge.url, token=""))
    assert none.code == 1
    assert facts(clone)["failures"][0]["code"] == "CI002"


def test_a_fork_is_planned_without_a_token_measured_never_and_posted_by_another_job(
    clone: Scratch, forge: ForgeServer, tmp_path: Path
) -> None:
    clone.upgrade()
    head = forge.state.requests[1]["head"]
    where = on_github(clone, forge.url, fork=True, token="")
    done = clone.run("ci", "--comment", "--evaluate", **where)
    assert done.code == 0, done
    assert "Nothing was measured" in " ".join(done.out.split())
    assert comments(forge) == []

    def post(head: str, *words: str, repository: str = "shop/llm") -> Done:
        run = {
            "head_sha": head,
            "head_branch": BRANCH,
            "html_url": f"{forge.url}/shop/llm/actions/runs/99",
            "head_repository": {"full_name": "mallory/llm"},
            "pull_requests": [],
        }
        event = tmp_path / "after.json"
        event.write_text(json.dumps({"workflow_run": run}))
        after = {**where, "GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": str(event)}
        after |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": repository}
        return Scratch(tmp_path).run("ci", "post", str(clone.folder / DIR), *words, **after)

    stranger = post("f" * 40)
    assert (stranger.code, comments(forge)) == (1, [])
    assert "CI006" in stranger.err
    stale = post("f" * 40, "--pull-request", "1")
    assert (stale.code, comments(forge)) == (0, [])
    assert "newer commit" in stale.err
    assert post(head).code == 0
    assert comments(forge) == [clone.read(f"{DIR}/comment.md")]
    clone.write(f"{DIR}/comment.md", clone.read(f"{DIR}/comment.md").replace("allowed", "@everyone", 1))
    forged = post(head)
    assert forged.code == 1
    assert "CI005" in forged.err
    assert "mentions somebody" in forged.err
    clone.git("rm", "--quiet", "--cached", "-r", "--ignore-unmatch", DIR)
    (clone.folder / DIR / "comment.md").unlink()
    (clone.folder / DIR / "comment.md").symlink_to("/etc/hostname")
    assert "CI005" in post(head).err
    assert len(comments(forge)) == 1


@pytest.mark.parametrize("name", [DIR, f"{DIR}/plans", f"{DIR}/comment.md", f"{DIR}/plans/dev.plan.json"])
def test_a_link_that_the_change_brings_is_not_written_through(clone: Scratch, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    place = clone.folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    clone.upgrade()
    done = clone.run("ci")
    assert done.code == 1, done
    assert "CI004" in done.err
    assert list(outside.iterdir()) == []


def test_what_is_not_committed_takes_no_part(clone: Scratch) -> None:
    head = clone.upgrade()
    clone.edit(SUPPORT, ("replicas: 1", "replicas: 9"))
    done = clone.run("ci", "--base", "origin/main", "--detailed-exitcode")
    assert done.code == 2, done
    assert facts(clone)["revision"] == head


def test_a_kept_plan_is_applied_after_the_merge(declared: Scratch, tmp_path: Path) -> None:
    from scratch import cleaned_up

    with cleaned_up(declared.copied_to(tmp_path / "shop")) as shop:
        shop.git("branch", "--move", "main")
        shop.git("checkout", "--quiet", "-b", BRANCH)
        shop.upgrade()
        shop.trueup("ci", "--base", "main")
        plan = f"{DIR}/plans/dev.plan.json"
        shop.git("checkout", "--quiet", "main")
        shop.git("merge", "--quiet", "--squash", BRANCH)
        shop.git("commit", "--quiet", "-m", "Merged as one commit")
        shop.trueup("apply", "--plan", plan, "--revision", "HEAD")
        assert shop.deployment()["health"] == "healthy"
        shop.change(SUPPORT, ("replicas: 1", "replicas: 2"))
        stale = shop.trueup("apply", "--plan", plan, "--revision", "HEAD", code=4)
        assert "APP001" in stale.err
