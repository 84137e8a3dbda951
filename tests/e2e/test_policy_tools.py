"""What authors of policies do, from the command line: outside of a project, and in one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from published_formats import check_junit, check_openreports, check_sarif
from repositories import git
from trueup.cli.exit_codes import ExitCode

POLICY = """# METADATA
# title: Images are pinned
# custom: {id: IMG-01, severity: high, remediation: Name the digest.}
package main

deny contains {"msg": msg, "path": ["spec", "containers", i, "image"]} if {
	some i, container in input.spec.containers
	not contains(object.get(container, "image", ""), "@sha256:")
	msg := sprintf("%v is not pinned", [container.image])
}

warn contains "no namespace" if object.get(input, ["metadata", "namespace"], "") == ""

deny contains "host network" if {
	input.spec.hostNetwork == true
	input.kind == "Pod"
}
"""
TESTS = """package main_test

import data.main

pod(image) := {"spec": {"containers": [{"image": image}]}}

test_a_pinned_image_passes if count(main.deny) == 0 with input as pod("a@sha256:1")

test_a_tag_is_denied if {
	results := main.deny with input as pod("a:1")
	some result in results
	result.path == ["spec", "containers", 0, "image"]
}
"""
POD = """kind: Pod
metadata: {name: web}
spec:
  containers:
    - image: web:latest
---
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{image: "web@sha256:1"}]}
"""


class Shell:
    """Runs command lines in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        command = [sys.executable, "-m", "trueup", "-C", str(self.folder), *words]
        environment = {**os.environ, "COLUMNS": "200"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode


@pytest.fixture
def plain(tmp_path: Path) -> Shell:
    """A folder with policies and manifests, no project and no git."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "images.rego").write_text(POLICY)
    (tmp_path / "policy" / "images_test.rego").write_text(TESTS)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "pod.yaml").write_text(POD)
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("tools") / "models"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    assert Shell(folder.parent)("init", str(folder)) == 0
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Declare a first model")
    return Shell(folder)


def test_manifests_are_judged_without_a_project_at_their_lines(plain: Shell) -> None:
    assert plain("policy", "check", "manifests", "--policies", "policy") == ExitCode.DENIED
    assert "manifests/pod.yaml:5:14: at spec.containers[0].image" in plain.out
    assert plain.out.endswith("2 documents, rules: 1 passed, 1 denied.\n")


def test_a_document_that_only_warns_fails_when_told_to(plain: Shell) -> None:
    (plain.folder / "one.json").write_text('{"spec": {"containers": []}}')
    words = ("policy", "check", "one.json", "--policies", "policy")
    assert plain(*words) == ExitCode.DONE
    assert plain(*words, "--fail-on", "warn") == ExitCode.DENIED
    assert plain(*words, "--fail-on", "critical") == ExitCode.DONE


def test_a_warning_about_the_policies_is_shown_and_stops_nothing(plain: Shell) -> None:
    policy = plain.folder / "policy" / "images.rego"
    policy.write_text(POLICY.replace("# title:", "# titel:"))
    assert plain("policy", "check", "manifests", "--policies", "policy", "-o", "json") == ExitCode.DENIED
    assert json.loads(plain.out)["outcome"] == "deny"
    assert "policy/images.rego:2:3: warning POL037" in plain.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("Dockerfile", "FROM a:1\nUSER root\n", "`Dockerfile` is a Dockerfile."),
        ("main.tf", 'resource "a" "b" {}\n', "is HCL."),
        ("pom.xml", "<a>b</a>\n", "is XML."),
        ("app.toml", "a = 1\n", "is TOML."),
        ("notes", "some words\n", "notes is one text, and no object or list."),
        ("one.json", "3", "one.json is one number, and no object or list."),
        ("one.yaml", "yes: 1\n---\ntrue\n", "one.yaml (document 2) is one boolean"),
        ("none.yaml", "---\n---\n", "holds no document."),
    ],
)
def test_a_file_of_another_kind_is_refused_and_not_allowed(plain: Shell, name: str, content: str, words: str) -> None:
    (plain.folder / name).write_text(content)
    assert plain("policy", "check", name, "--policies", "policy") == ExitCode.INVALID
    assert words in plain.err
    assert "JSON and YAML are taken" in plain.err or name == "none.yaml"


def test_names_that_nothing_has_are_errors_with_what_was_meant(project: Shell) -> None:
    assert project("policy", "list", "--rule-set", "suply-chain") == ExitCode.ERROR
    assert "did you mean `supply-chain`?" in project.err
    assert project("policy", "list", "--rule-set", "nope") == ExitCode.ERROR
    assert "there are capacity," in project.err
    assert project("policy", "replay", "-e", "dve") == ExitCode.INVALID
    assert "did you mean `dev`?" in project.err
    assert project("policy", "exceptions", "--new", "SC-1", "--resource", "Model/a@1") == ExitCode.DONE
    assert "rule: SC-1" in project.out
    assert "warning POL081" in project.err


def test_nothing_between_two_documents_is_no_document(plain: Shell) -> None:
    (plain.folder / "pods.yaml").write_text(f"---\n---\n{POD}---\n")
    assert plain("policy", "check", "pods.yaml", "--policies", "policy") == ExitCode.DENIED
    assert "2 documents" in plain.out


def test_pipes_among_policies_and_manifests_are_not_waited_for(plain: Shell) -> None:
    os.mkfifo(plain.folder / "policy" / "data.json")
    os.mkfifo(plain.folder / "manifests" / "x.json")
    assert plain("policy", "check", "manifests", "--policies", "policy") == ExitCode.DENIED


def test_outside_of_a_project_the_flag_for_policies_is_told(plain: Shell) -> None:
    assert plain("policy", "check", "manifests") == ExitCode.ERROR
    assert "`--policies DIR`" in plain.err


@pytest.mark.parametrize("output", ["json", "ndjson", "markdown", "sarif", "junit", "github", "openreports"])
def test_every_output_of_a_check_can_be_read_by_what_it_is_for(plain: Shell, output: str) -> None:
    assert plain("policy", "check", "manifests", "--policies", "policy", "-o", output) == ExitCode.DENIED
    match output:
        case "sarif":
            assert check_sarif(plain.out)["results"]
        case "junit":
            check_junit(plain.out)
        case "openreports":
            assert len(check_openreports(plain.out)) == 2
        case "json":
            assert json.loads(plain.out)["outcome"] == "deny"
        case "ndjson":
            assert json.loads(plain.out.splitlines()[-1])["type"] == "summary"
        case "github":
            assert plain.out.startswith("::error file=manifests/pod.yaml,line=5,")
        case _:
            assert "IMG" in plain.out


def test_tests_of_a_folder_run_without_a_project_and_a_threshold_holds_them_to_it(plain: Shell) -> None:
    words = ("policy", "test", "--policies", "policy", "--threshold", "100")
    assert plain(*words) == ExitCode.ERROR
    assert "images.rego: not reached: 12, 14, 16" in plain.out
    assert plain(*words[:-1], "60") == ExitCode.DONE
    assert plain(*words, "-o", "junit") == ExitCode.ERROR
    check_junit(plain.out)


def test_what_cannot_be_checked_is_told_and_nothing_is_judged(plain: Shell) -> None:
    (plain.folder / "bad.yaml").write_text("a: [1\n")
    (plain.folder / "bad.json").write_text('{"a": }')
    (plain.folder / "empty.yaml").write_text("")
    for name in ("bad.yaml", "bad.json", "empty.yaml", "nothing.yaml"):
        assert plain("policy", "check", name, "--policies", "policy") == ExitCode.INVALID
        assert name in plain.err
    assert plain("policy", "check", "manifests", "--policies", "manifests") == ExitCode.ERROR
    assert "POL080" in plain.err
    assert plain("policy", "check", "manifests") == ExitCode.ERROR
    assert plain("policy", "check", "manifests", "-e", "dev", "--policies", "policy") == ExitCode.ERROR
    assert "name one of them" in plain.err
    assert plain("policy", "check", "--show-input", "--policies", "policy") == ExitCode.ERROR
    assert plain("policy", "check", "-e", "dev", "--policies", "policy") == ExitCode.ERROR
    assert "No project here" in plain.err


@pytest.mark.slow
def test_the_plan_of_an_environment_is_judged_by_candidate_policies(project: Shell, plain: Shell) -> None:
    assert project("policy", "check", "-e", "dev") in (ExitCode.DONE, ExitCode.DENIED)
    before = project.out
    candidate = plain.folder / "candidate"
    candidate.mkdir()
    rule = 'package mine\ndeny contains {"id": "MINE-01", "severity": "critical", "msg": "never"}\n'
    (candidate / "mine.rego").write_text(rule)
    assert project("policy", "check", "-e", "dev", "--policies", str(candidate)) == ExitCode.DENIED
    assert "MINE-01" in project.out
    assert "MINE-01" not in before


@pytest.mark.slow
def test_a_saved_plan_is_judged_again(project: Shell) -> None:
    assert project("plan", "-e", "dev", "--out", "plan.json") in (ExitCode.DONE, ExitCode.DENIED)
    assert project("policy", "check", "--plan", "plan.json", "-o", "json") in (ExitCode.DONE, ExitCode.DENIED)
    assert json.loads(project.out)["checks"][0]["subject"] == "plan of dev"
    (project.folder / "broken.json").write_text("{}")
    assert project("policy", "check", "--plan", "broken.json") == ExitCode.INVALID
    for name in ("plan.json", "broken.json"):
        (project.folder / name).unlink()


@pytest.mark.slow
def test_the_policy_document_can_be_seen_and_judged_again_as_a_file(project: Shell) -> None:
    assert project("policy", "check", "-e", "dev", "--show-input") == ExitCode.DONE
    assert json.loads(project.out)["formatVersion"] == 2
    (project.folder / "document.json").write_text(project.out)
    assert project("policy", "check", "-e", "dev", "-o", "json") in (ExitCode.DONE, ExitCode.DENIED)
    planned = json.loads(project.out)["rules"]
    assert project("policy", "check", "document.json", "-o", "json") in (ExitCode.DONE, ExitCode.DENIED)
    assert json.loads(project.out)["rules"] == planned
    (project.folder / "document.json").unlink()


@pytest.mark.slow
def test_a_rule_is_explained_for_what_it_has_something_against_and_for_what_it_has_not(project: Shell) -> None:
    address = "Deployment/dev/assistant"
    assert project("policy", "explain", "OP-01", address) == ExitCode.DONE
    assert "Facts it read" in project.out
    assert "How far it came" in project.out
    assert project("policy", "explain", "OP-1", address) == ExitCode.INVALID
    assert "did you mean `OP-" in project.err
    assert project("policy", "explain", "OP-01", "Deployment/dev/nobody") == ExitCode.INVALID


@pytest.mark.slow
def test_which_rules_cover_a_clause_is_answered(project: Shell) -> None:
    assert project("policy", "docs", "--control", "OWASP LLM03") == ExitCode.DONE
    assert "SC-01" in project.out.splitlines()[0]
    assert project("policy", "docs", "--control", "EU AI Act Art. 999") == ExitCode.DONE
    assert project.out == "No rule covers EU AI Act Art. 999.\n"
    assert project("policy", "docs", "NO-01") == ExitCode.INVALID
    assert project("policy", "list", "--rule-set", "supply-chain") == ExitCode.DONE
    assert "SC-01" in project.out
    assert "EV-01" not in project.out
