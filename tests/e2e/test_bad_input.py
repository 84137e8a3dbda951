"""What users get for bad input, through the real command: a code, a place, what is wrong, what to do, no traceback."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scratch import ROOT, Done, Scratch, cleaned_up, variables

from repositories import git
from trueup.cli.error_reference import codes
from trueup.core.digests import digest_of

TRUEUP = (sys.executable, "-m", "trueup")
EVERY_COMMAND = (
    "validate", "plan -e dev", "apply -e dev", "apply --plan plan.json", "status -e dev", "explain Model/tiny@1",
    "evaluate -e dev", "rollback support -e dev", "hold add support -e dev --reason x", "hold list -e dev",
    "hold lift support -e dev", "policy check", "policy test", "policy list", "audit log", "audit at 2026-01-01",
    "audit verify", "gc", "down -e dev",
)  # fmt: skip


@pytest.fixture
def shop(declared: Scratch, tmp_path: Path) -> Scratch:
    """A repository of this test's own in which nothing is started."""
    return declared.copied_to(tmp_path / "shop")


def refused(repository: Scratch, line: str, code: int, *said: str, **more: str) -> Done:
    """Run a command that has to end with *code* and say all of *said*, wherever lines were wrapped."""
    done = repository.run(*line.split(), **more)
    words = " ".join((done.out + done.err).split())
    assert done.code == code, done
    assert "CLI006" not in words, done
    for text in said:
        assert text in words, f"missing: {text}\n{done}"
    return done


def each_refused(repository: Scratch, code: int, lines: Iterable[str], *said: str) -> None:
    """Hold every one of *lines* to what `refused` asks; two at a time, because each is a process of its own."""
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda line: refused(repository, line, code, *said), lines):
            pass


def shell(repository: Scratch, line: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of shell in which `trueup` is the command."""
    line = line.replace("trueup", " ".join(TRUEUP), 1)
    environment = variables() | more
    return subprocess.run(
        ["bash", "-c", line], cwd=repository.folder, env=environment, capture_output=True, text=True, check=False
    )


class TestTheFrame:
    """What no command may do, whatever surrounds it."""

    def test_wrong_usage_in_json_is_json(self, shop: Scratch) -> None:
        for line in ("validate -o json --nope", "plan --output=json", "paln -o json", "down --all -o json"):
            document = refused(shop, line, 1).json
            assert document["outcome"] == "error", line
            assert document["diagnostics"][0]["code"] in ("CLI001", "CLI002")
        assert refused(shop, "plan --nope", 1, "usage: trueup plan", TRUEUP_OUTPUT="json").json

    def test_wrong_usage_says_what_is_allowed(self, shop: Scratch) -> None:
        for line, said in {
            "plan -e": "usage: trueup plan -e ENV",
            "rollback": "usage: trueup rollback -e ENV [options] NAME",
            "validate -o yaml": "choose from 'text', 'json', 'ndjson'",
            "apply -e dev --lock-timeout soon": "`soon` is not a number of seconds",
            "apply -e dev --lock-timeout nan": "`nan` is not a number of seconds",
            "gc extra": "`trueup gc --help` has the flags",
            "-C /nope validate": "CLI007",
            "-C trueup.yaml validate": "CLI007",
        }.items():
            refused(shop, line, 1, said)

    def test_a_wrong_variable_is_named_and_an_empty_one_is_not_set(self, shop: Scratch) -> None:
        refused(shop, "validate", 1, "CLI003", "TRUEUP_OUTPUT is `yaml`", TRUEUP_OUTPUT="yaml")
        refused(shop, "apply -e dev", 1, "CLI003", "TRUEUP_LOCK_TIMEOUT is `soon`", TRUEUP_LOCK_TIMEOUT="soon")
        refused(shop, "validate", 1, "CLI003", "TRUEUP_DEBUG is `maybe`", TRUEUP_DEBUG="maybe")
        refused(shop, "plan", 1, "`--environment` is required", TRUEUP_ENVIRONMENT="")

    def test_streams_that_are_closed_or_full_end_in_no_traceback(self, shop: Scratch) -> None:
        endings = {
            "trueup validate >&-": 0,
            "trueup validate 2>&-": 0,
            "trueup apply -e dev <&-": 1,
            "trueup validate >/dev/full": 1,
            "trueup validate -o json >/dev/full": 1,
            "trueup plan -e nope 2>/dev/full": 8,
            "trueup plan -e dev | head -1; exit ${PIPESTATUS[0]}": 0,
        }
        for line, code in endings.items():
            done = shell(shop, line)
            assert (done.returncode, "Traceback" in done.stderr) == (code, False), f"{line}\n{done.stderr}"
            assert ("CLI004" in done.stderr) == (">/dev/full" in line and "2>" not in line), line

    def test_a_terminal_that_knows_ascii_only_is_enough(self, shop: Scratch) -> None:
        shop.write("spec/größe.yaml", "größe: [→")
        ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        refused(shop, "validate", 8, "spec/gr??e.yaml:2:1", **ascii_only)
        assert refused(shop, "validate -o json", 8, **ascii_only).json["errors"] == 1

    def test_colour_is_asked_for_or_absent(self, shop: Scratch) -> None:
        assert "\x1b" not in refused(shop, "validate", 0, NO_COLOR="1", FORCE_COLOR="1").out
        assert "\x1b[" in refused(shop, "validate", 0, FORCE_COLOR="1").out
        assert "\x1b" not in refused(shop, "validate -o json", 0, FORCE_COLOR="1").out

    def test_nobody_is_asked_where_nobody_can_answer(self, shop: Scratch) -> None:
        refused(shop, "apply -e dev", 1, "CLI002", "Nobody is here to say `yes`", "`--auto-approve`", CI="1")
        assert not (shop.folder / ".trueup/targets").exists()

    def test_a_place_that_cannot_be_written_is_named(self, shop: Scratch) -> None:
        for place in ("/nope/plan.json", "spec", "/proc/plan.json"):
            refused(shop, f"validate --output-file json={place}", 1, "CLI004", place)
            refused(shop, f"plan -e dev --out {place}", 1, "CLI004", place)


class TestTheProject:
    """Where the project is, and what its file says."""

    def test_every_command_outside_a_project_says_how_to_start_one(self, tmp_path: Path) -> None:
        each_refused(Scratch(tmp_path), 1, EVERY_COMMAND, "CLI008", "`trueup init`")

    def test_a_project_outside_git_names_the_folder(self, tmp_path: Path) -> None:
        outside = Scratch(tmp_path)
        outside.write("trueup.yaml", "kind: Project")
        refused(outside, "validate", 1, "GIT001", f"`{tmp_path}` is not inside a git repository", "`git init`")

    def test_a_project_file_below_the_root_or_that_is_a_folder_is_told(self, shop: Scratch) -> None:
        (shop.folder / "trueup.yaml").rename(shop.folder / "spec/trueup.yaml")
        refused(
            shop, "-C spec validate", 1, "CLI008", "is not at the root of the repository", f"move it to {shop.folder}"
        )
        (shop.folder / "trueup.yaml").mkdir()
        refused(shop, "validate", 1, "CLI008", "is a folder")

    def test_a_project_below_the_root_does_not_hide_the_one_at_the_root(self, shop: Scratch) -> None:
        shop.write("spec/trueup.yaml", shop.read("trueup.yaml"))
        refused(shop, "-C spec plan -e dev --out ../plan.json", 0)
        assert not (shop.folder / "spec/.trueup").exists()

    def test_no_command_goes_on_with_a_broken_project_file(self, shop: Scratch) -> None:
        # With another ledger than the one meant, there would be no holds and nothing to verify.
        shop.write("trueup.yaml", shop.read("trueup.yaml") + "  x: [")
        asked = [line for line in EVERY_COMMAND if not line.startswith(("apply --plan", "down"))]
        each_refused(shop, 8, asked, "trueup.yaml:20:1: error SPEC104")

    def test_a_project_file_that_is_none_says_where_and_why(self, shop: Scratch) -> None:
        for content, said in {
            "": "trueup.yaml: error WRK001",
            "# only a comment\n": "as `trueup init` does",
            'a: [1,\nb: "x': "trueup.yaml:2:6: error SPEC104",
            "\0\1\2": "trueup.yaml:1:1: error SPEC1",
            "kind: Project\nkind: Project\n": "trueup.yaml:2:1: error SPEC1",
        }.items():
            shop.write("trueup.yaml", content)
            refused(shop, "validate", 8, said)

    def test_a_folder_that_is_not_there_is_an_error_not_less_to_do(self, shop: Scratch) -> None:
        shop.edit("trueup.yaml", ("specs: [spec]", "specs: [spec, speck]"), ("paths: []", "paths: [polices]"))
        said = "trueup.yaml:8:17: error WRK005", "below `speck`", "trueup.yaml:13:13: error WRK005", "below `polices`"
        refused(shop, "validate", 8, *said)
        refused(shop, "plan -e dev", 8, *said)
        refused(shop, "policy check", 8, *said[2:])
        shop.commit()
        refused(shop, "validate --revision HEAD", 8, *said)

    def test_paths_that_leave_the_repository_are_refused(self, shop: Scratch) -> None:
        shop.edit("trueup.yaml", ("specs: [spec]", "specs: [/etc]"), ("paths: []", "paths: [../x]"))
        refused(shop, "validate", 8, "trueup.yaml:8:11: error SPEC301", "trueup.yaml:13:13: error SPEC301")

    def test_a_ledger_is_never_kept_on_a_branch(self, shop: Scratch) -> None:
        shop.edit("trueup.yaml", ("ref: refs/trueup/ledger", "ref: refs/heads/main"))
        refused(shop, "audit log", 1, "LED026", "`refs/heads/main` cannot hold the ledger")


class TestNames:
    """Names that are not there: what was meant instead."""

    def test_an_unknown_environment_is_refused_and_the_right_one_named(self, shop: Scratch) -> None:
        lines = (
            "plan -e dve", "status -e dve", "apply -e dve --auto-approve", "evaluate -e dve", "rollback support -e dve",
            "hold add support -e dve --reason x", "hold list -e dve", "down -e dve --auto-approve",
        )  # fmt: skip
        each_refused(shop, 8, lines, "RES001", "declared are dev, prod, staging", "did you mean `dev`?")

    def test_an_unknown_deployment_is_refused_and_the_right_one_named(self, shop: Scratch) -> None:
        lines = "plan -e dev suport", "apply -e dev suport --auto-approve", "rollback suport -e dev"
        each_refused(shop, 8, lines, "PLN005", "`suport`", "did you mean `support`?")

    def test_an_unknown_address_kind_revision_or_time_says_what_would_do(self, shop: Scratch) -> None:
        refused(shop, "explain Deployment/dev/suport", 1, "APP009", "did you mean `Deployment/dev/support`?")
        refused(shop, "explain Model/tiny@9", 1, "APP009", "did you mean `Model/tiny@")
        refused(shop, "schema model", 1, "CLI010", "did you mean `Model`?")
        refused(shop, "validate --revision HEAD~99", 1, "GIT003", "`HEAD~99` leads to no commit")
        refused(shop, "validate --revision=--help", 1, "GIT003", "`--help` leads to no commit")
        refused(shop, "audit at yesterday", 1, "LED030", "Write ISO 8601")
        refused(shop, "rollback support -e dev --to abc", 1, "APP006", "verified were: none")
        refused(shop, "hold lift support -e dev", 1, "WRK004", "`trueup hold list`")


class TestPlanFiles:
    """Files given as plans that are none."""

    def test_what_is_no_plan_is_refused_and_said_how_to_make_one(self, shop: Scratch) -> None:
        shop.trueup("plan", "-e", "dev", "--out", "plan.json")
        whole = shop.read("plan.json")
        shop.write("cut.json", whole[:400])
        shop.write("edited.json", whole.replace('"revision"', '"revision "', 1))
        shop.write("random.json", bytes(range(256)) * 8)
        shop.write("deep.json", '{"formatVersion":1,"x":' + "[" * 100_000 + "]" * 100_000 + "}")
        shop.write("later.json", '{"formatVersion": 99}')
        for path, said in {
            "nope.json": ("PLN007", "`nope.json`: No such file", "`trueup plan --out FILE`"),
            "spec": ("PLN007", "`spec`: Is a directory"),
            "cut.json": ("PLN001", "Make the plan again with `trueup plan --out FILE`"),
            "random.json": ("PLN001",),
            "deep.json": ("PLN001",),
            "/dev/zero": ("PLN001",),
            "edited.json": ("PLN002", "Never edit a plan file"),
            "later.json": ("PLN003", "this trueup reads 1"),
        }.items():
            refused(shop, f"show {path}", 8, *said)
        refused(shop, "apply --plan edited.json", 8, "PLN002")
        assert refused(shop, "apply --plan /dev/zero -o ndjson", 8).events[0]["code"] == "PLN001"
        refused(shop, "apply --plan plan.json support", 1, "CLI002", "leave NAME out")
        refused(shop, "apply --plan plan.json -e staging", 1, "The plan is for `dev`")
        assert not (shop.folder / ".trueup/targets").exists()

    def test_a_plan_file_that_claims_another_place_reaches_nothing(self, shop: Scratch) -> None:
        shop.trueup("plan", "-e", "dev", "--out", "plan.json")
        forged = json.loads(shop.read("plan.json"))
        del forged["digest"]
        forged["plan"]["environment"] = forged["environment"]["name"] = "../../evil"
        shop.write("forged.json", json.dumps({"digest": digest_of(forged), **forged}))
        refused(shop, "apply --plan forged.json", 8, "RES001", "`../../evil` is not declared")
        assert not list(shop.folder.parent.rglob("evil"))


class TestDeclarations:
    """Declared files, one mistake each; all mistakes of a run are told together."""

    def test_all_mistakes_are_told_at_once_each_with_its_place(self, shop: Scratch) -> None:
        shop.write("spec/broken.yaml", "apiVersion: trueup/v1alpha1\nkind: Model\nmetadata: {name: x\nspec: [")
        shop.edit("spec/builds/tiny-q8.yaml", ("kind: Build", "kind: Biuld"))
        shop.edit("spec/deployments/dev/support.yaml", ("tiny@1", "tiyn@1"), ("  replicas: 1", "  replcias: 1"))
        shop.edit("spec/environments/dev.yaml", ("host: 127.0.0.1", "host: [1]"))
        shop.write("spec/again.yaml", shop.read("spec/models/tiny-2.yaml"))
        shop.write("spec/random.yaml", bytes(range(256)))
        shop.write("spec/deep.yaml", "[" * 50_000)
        (shop.folder / "spec/prompts/support-2.txt").write_bytes(b"\xff\xfe bad")
        done = refused(
            shop, "validate", 8,
            "spec/broken.yaml:4:5: error SPEC104", "spec/builds/tiny-q8.yaml:2:7: error SPEC142",
            "did you mean `Build`?",
            "spec/deployments/dev/support.yaml:10:12: error SPEC201", "did you mean `tiny@1`?",
            "spec/deployments/dev/support.yaml:18:3: error SPEC143", "did you mean `replicas`?",
            "spec/environments/dev.yaml:8:", "`Model/tiny@2` is declared here and in spec/again.yaml:1",
            "spec/random.yaml:3:115: error SPEC102", "spec/deep.yaml:1:", ": error SPEC105: Nested too deeply",
            "spec/prompts/support-2.yaml:9:20: error SPEC303",
        )  # fmt: skip
        assert len(done.out) < 10_000
        for form in ("json", "sarif"):
            assert refused(shop, f"plan -e dev -o {form}", 8).json

    def test_circles_and_dangling_files_and_links_that_leave_are_refused(self, shop: Scratch) -> None:
        for one, other in (("1", "2"), ("2", "1")):
            related = f"  format: safetensors\n  baseModel: [tiny@{other}]\n  relation: finetune"
            shop.edit(f"spec/models/tiny-{one}.yaml", ("  format: safetensors", related))
        prompt = shop.folder / "spec/prompts/support-2.txt"
        prompt.unlink()
        refused(
            shop, "validate", 8, "SPEC203", "closes a circle: tiny@1 -> tiny@2 -> tiny@1",
            "spec/prompts/support-2.yaml:9:20: error SPEC302", "does not exist in the work tree",
        )  # fmt: skip
        prompt.symlink_to("/etc/passwd")
        refused(shop, "validate", 8, "SPEC302", "is a symbolic link that leaves the repository")
        shop.edit("spec/models/tiny-1.yaml", ("file:models/tiny/v1", "file:../../etc"))
        refused(shop, "validate", 8, "spec/models/tiny-1.yaml:9:10: error SPEC301")

    def test_links_pipes_and_folders_among_the_specs_are_not_opened(self, shop: Scratch) -> None:
        for name, target in (("out", "/etc"), ("passwd.yaml", "/etc/passwd"), ("config.yaml", "../.git/config")):
            (shop.folder / "spec" / name).symlink_to(target)
        (shop.folder / "spec/folder.yaml").mkdir()
        os.mkfifo(shop.folder / "spec/pipe.yaml")
        told = ("error WRK031", "`spec/out` is a symbolic link", "`spec/passwd.yaml`", "`spec/config.yaml`")
        done = refused(shop, "validate", 8, *told)
        assert "root:" not in done.out
        shop.commit()
        refused(shop, "validate --revision HEAD", 8, *told)

    def test_names_that_would_deceive_are_refused_and_shown_harmless(self, shop: Scratch) -> None:
        path = "spec/deployments/dev/support.yaml"
        good = shop.read(path)
        for name in ('"su\\u202epport\\e[31m"', "a" * 300, "größe", '"../../evil"', '"a/b"', '""'):
            shop.write(path, good.replace("name: support", f"name: {name}", 1))
            done = refused(shop, "validate", 8, "spec/deployments/dev/support.yaml:4:9: error SPEC14")
            assert not set("\x1b\u202e") & set(done.out), done
            assert len(done.out) < 2_000
        shop.write(path, good)
        shop.write("spec/x\n::error::y\x1b[31m.yaml", "a: [")
        done = refused(shop, "validate", 8, r"spec/x\n::error::y\x1b[31m.yaml:2:1: error SPEC104")
        assert not any(line.lstrip().startswith("::") for line in done.out.splitlines())

    def test_two_thousand_mistakes_are_counted_and_the_output_stays_short(self, shop: Scratch) -> None:
        fields = "".join(f"  wrong{i}: {i}\n" for i in range(2_000))
        document = f"apiVersion: trueup/v1alpha1\nkind: Model\nmetadata: {{name: m, version: '1'}}\nspec:\n{fields}"
        shop.write("spec/x.yaml", document)
        done = refused(shop, "validate", 8, "more problems", "mend the first ones")
        assert len(done.out) < 100_000

    def test_five_thousand_deployments_are_too_many_for_one_file_and_half_of_them_are_not(self, shop: Scratch) -> None:
        one = shop.read("spec/deployments/dev/support.yaml")
        others = sum(path.read_text().count("\nkind: ") for path in (shop.folder / "spec").rglob("*.yaml"))
        named = (one.replace("name: support\n", f"name: support-{i}\n", 1) for i in range(5_000))
        text = "---\n".join(named)
        shop.write("spec/many.yaml", text)
        refused(shop, "validate", 8, "spec/many.yaml", "SPEC101", "limit of 1000000 bytes")
        half = text[: text.rindex("---\n", 0, 900_000)]
        shop.write("spec/many.yaml", half)
        declared = half.count("kind: Deployment")
        assert declared > 1_500
        refused(shop, "validate", 0, f"{others + declared} resources")


class TestPolicies:
    """Policies of a team's own that cannot be evaluated: a denial, never less to check."""

    def test_what_cannot_be_read_denies_with_file_and_line(self, shop: Scratch) -> None:
        shop.edit("trueup.yaml", ("paths: []", "paths: [policies]"))
        for rest, place, code, said in (
            (b"deny contains \n", "4:1", "POL003", "Rego syntax error"),
            (b"f(a) := f(a)\ndeny contains 1 if f(1)\n", "3:1", "POL008", "Recursive rules"),
            (b"deny contains r if r := http.send({})\n", "3:25", "POL007", "`http.send` is called"),
            (b"\xff", "3:1", "POL001", "is not UTF-8"),
        ):
            shop.write("policies/own.rego", b"package x\nimport rego.v1\n" + rest)
            refused(shop, "policy check", 8, f"policies/own.rego:{place}: error {code}", said, "hint:")
        refused(shop, "plan -e dev", 3, "not decided, which denies", "policies/own.rego:3:1: POL001")

    def test_a_policy_without_end_denies_and_changes_nothing(self, shop: Scratch) -> None:
        shop.edit("trueup.yaml", ("paths: []", "paths: [policies]"))
        loops = "\n".join(f"  some {name} in numbers.range(1, 10000)" for name in "abc")
        shop.write(
            "policies/own.rego", f"package x\nimport rego.v1\ndeny contains 1 if {{\n{loops}\n  a + b + c == 1\n}}\n"
        )
        shop.commit()
        named = "policies/own.rego:3:1: POL031", "`x.deny`", "no answer within 10 seconds"
        refused(shop, "apply -e dev --auto-approve", 3, *named)
        assert not (shop.folder / ".trueup/targets").exists()


class TestGit:
    """Repositories that are odd, damaged, or prepared to run something."""

    LOOKING = ("validate", "validate --revision HEAD", "plan -e dev --out plan.json", "show plan.json", "status -e dev",
               "explain Model/tiny@1", "policy check", "audit verify", "hold list -e dev", "doctor")  # fmt: skip

    def test_looking_runs_nothing_that_git_is_configured_to_run(self, shop: Scratch) -> None:
        canaries = shop.folder.parent / "canaries"
        canaries.mkdir()
        program = shop.folder.parent / "program"
        program.write_text(f'#!/bin/sh\ntouch "{canaries}/$1"\ncat\n')
        program.chmod(0o755)
        hooks = shop.folder / "hooks"
        hooks.mkdir()
        for hook in ("fsmonitor-watchman", "post-index-change", "post-checkout", "reference-transaction", "pre-commit"):
            for folder in (hooks, shop.folder / ".git/hooks"):
                (folder / hook).write_text(f'#!/bin/sh\ntouch "{canaries}/{hook}"\n')
                (folder / hook).chmod(0o755)
        shop.write(".gitattributes", "* filter=evil diff=evil\n")
        settings = {
            "core.fsmonitor": "fsmonitor", "diff.external": "external", "filter.evil.clean": "clean",
            "filter.evil.smudge": "smudge", "filter.evil.process": "process", "diff.evil.textconv": "textconv",
            "diff.evil.command": "difference", "core.pager": "pager", "pager.log": "pager", "core.sshCommand": "ssh",
            "core.editor": "editor", "core.askPass": "ask", "gpg.program": "gpg", "credential.helper": "credential",
            "core.alternateRefsCommand": "alternates", "uploadpack.packObjectsHook": "pack",
        }  # fmt: skip
        for name, canary in settings.items():
            shop.git("config", name, f"{program} {canary}")
        for name, value in {
            "log.showSignature": "true",
            "filter.evil.required": "true",
            "core.hooksPath": "hooks",
        }.items():
            shop.git("config", name, value)
        shop.write("spec/environments/dev.yaml", shop.read("spec/environments/dev.yaml") + "# changed\n")
        os.utime(shop.folder / "spec/prompts/support-2.txt")
        for line in self.LOOKING:
            assert shop.run(*line.split()).code == 0, line
            assert not list(canaries.iterdir()), line

    def test_variables_of_git_lead_nowhere_else(self, shop: Scratch) -> None:
        other = shop.folder.parent / "other"
        other.mkdir()
        elsewhere = {
            "GIT_DIR": other, "GIT_WORK_TREE": other, "GIT_INDEX_FILE": other / "index", "GIT_OBJECT_DIRECTORY": other,
            "GIT_CEILING_DIRECTORIES": shop.folder, "GIT_TRACE": "1", "GIT_NAMESPACE": "x",
            "GIT_EXTERNAL_DIFF": "false",
        }  # fmt: skip
        done = refused(shop, "plan -e dev -o json", 0, **{k: str(v) for k, v in elsewhere.items()})
        assert done.json["revision"] == shop.head()
        assert done.err == ""
        assert not list(other.iterdir())

    def test_a_damaged_repository_is_told_in_words(self, shop: Scratch) -> None:
        folder = shop.folder / ".git"
        blob = shop.git("rev-parse", "HEAD:spec/models/tiny-1.yaml")
        (folder / "objects" / blob[:2] / blob[2:]).unlink()
        refused(shop, "validate --revision HEAD", 1, "GIT015", blob, "`git fsck`")
        (folder / "index").write_bytes(b"garbage")
        refused(shop, "validate", 1, "GIT016", "index file smaller than expected")
        (folder / "HEAD").write_text("garbage")
        refused(shop, "validate", 1, "GIT001", f"`{shop.folder}`")


def settled(shop: Scratch) -> Scratch:
    """Make the last commit again with what was edited, as if nothing else had ever been merged."""
    shop.git("add", "--all")
    shop.git("commit", "--quiet", "--amend", "--no-edit")
    return shop


def with_digest_of(shop: Scratch, data: str, declared: str) -> None:
    """Declare the digest that the file *data* has."""
    digest = hashlib.sha256((shop.folder / data).read_bytes()).hexdigest()
    shop.write(declared, re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{digest}", shop.read(declared)))


class TestArtifacts:
    """Weights and data that are not what is declared: nothing is started, nothing is lost, the next apply goes on."""

    def test_a_wrong_digest_and_a_missing_file_are_told_and_nothing_serves(self, shop: Scratch) -> None:
        path = "spec/models/tiny-1.yaml"
        good = shop.read(path)
        shop.edit(path, ("35a3a65f0a29", "000000000000"))
        refused(
            settled(shop), "apply -e dev --auto-approve", 1, "ART001", "has sha256:35a3a65f0a29",
            "declared is sha256:000000000000", "What served before still serves.",
        )  # fmt: skip
        shop.write(path, good.replace("file:models/tiny/v1", "file:models/tiny/nope"))
        refused(settled(shop), "apply -e dev --auto-approve", 1, "ART102", "there is no `nope`", "Correct the path")
        rows = shop.deployment()
        assert rows["servers"] == [], rows
        assert [r["outcome"] for r in shop.records()] == ["failed", "failed"]

    def test_half_an_artifact_is_never_used_and_fetched_again_when_whole(self, scratch: Scratch) -> None:
        weights = scratch.folder / "models/tiny/v1/model.safetensors"
        whole = weights.read_bytes()
        weights.write_bytes(whole[: len(whole) // 2])
        refused(settled(scratch), "apply -e dev --auto-approve", 1, "ART001", "Digest differs from what is declared")
        weights.write_bytes(whole)
        settled(scratch)
        # A copy that was cut off when a run was killed lies beside the artifacts, under a name of its own.
        for folder in (scratch.folder / ".trueup/store").rglob("*"):
            if folder.is_dir():
                (folder / "half.part").write_bytes(whole[:100])
        scratch.apply()
        assert scratch.deployment()["health"] == "healthy"

    def test_links_that_leave_the_repository_are_not_followed(self, shop: Scratch) -> None:
        folder = shop.folder / "models/tiny/v1"
        shutil.rmtree(folder)
        folder.symlink_to("/etc")
        refused(settled(shop), "apply -e dev --auto-approve", 1, "ART103", "is a link that leads to /etc")

    @pytest.mark.parametrize(
        ("rows", "said"),
        [(b"", "EVAL001 The data set has no examples"), (b"\xff\xfe\0\n", "EVAL002"), (None, "ART102")],
    )
    def test_data_that_nothing_can_be_measured_on_is_no_evidence(
        self, shop: Scratch, rows: bytes | None, said: str
    ) -> None:
        shop.edit("spec/environments/dev.yaml", ("required: []", "required: [refuses@1]"))
        data = "models/tiny/injections.jsonl"
        if rows is None:
            (shop.folder / data).unlink()
        else:
            shop.write(data, rows)
            with_digest_of(shop, data, "spec/datasets/injections.yaml")
        with cleaned_up(settled(shop)):
            refused(shop, "evaluate -e dev", 1, said, "hint:")
            assert shop.deployment()["servers"] == []


class TestSecrets:
    """A secret that got into a file is named by its place and printed by nothing."""

    CANARIES = ("AKIAIOSFODNN7CANARY1", "CANARY2value0123456789", "CANARY3pass", "sk-CANARY4abcdefghijklmnopqrstuvwx")

    def test_no_output_no_plan_and_no_record_holds_a_secret(self, shop: Scratch) -> None:
        shop.edit("spec/prompts/support-1.yaml", ("Answer in one", f"The key is {self.CANARIES[0]}. Answer in one"))
        shop.edit(
            "spec/deployments/dev/support.yaml",
            ("docs/operate.md", f"https://user:{self.CANARIES[2]}@example.com/x"),
            ("contact: support-team@example.com", f"contact: 'Bearer {self.CANARIES[3]}'"),
            ("  owner: support-team", f"  owner: support-team\n  annotations: {{apiKey: {self.CANARIES[1]}}}"),
        )
        settled(shop)
        forms = ("json", "ndjson", "markdown", "sarif", "junit")
        files = " ".join(f"--output-file {form}=plan.{form}" for form in forms)
        refused(shop, f"plan -e dev --out plan.saved {files}", 3, "OP-08", "looks like a secret")
        for line in (
            "show plan.saved", "apply -e dev --auto-approve", "status -e dev -o json", "explain Deployment/dev/support",
            f"hold add support -e dev --reason {self.CANARIES[3]}", "hold list -e dev", "audit log -o json",
        ):  # fmt: skip
            done = shop.run(*line.split())
            assert not self.found(done.out + done.err), done
        for form in (*forms, "saved"):
            assert not self.found(shop.read(f"plan.{form}")), form
        listed = shop.git("rev-list", "--objects", "--no-object-names", "refs/trueup/ledger")
        assert not self.found(git(shop.folder, "cat-file", "--batch", stdin=f"{listed}\n".encode()))
        for file in (shop.folder / ".trueup").rglob("*"):
            assert not file.is_file() or not self.found(file.read_text(errors="replace")), file

    def found(self, text: str) -> list[str]:
        return [c for c in self.CANARIES if c in text]

    def test_a_mistake_on_the_line_of_a_secret_does_not_print_it(self, shop: Scratch) -> None:
        shop.edit("spec/deployments/dev/support.yaml", ("replicas: 1", f"apiKey: {self.CANARIES[1]}"))
        shop.edit("spec/models/tiny-1.yaml", ("trustRemoteCode: false", f"trustRemoteCode: {self.CANARIES[3]}"))
        forms = ("json", "ndjson", "markdown", "sarif", "junit")
        files = " ".join(f"--output-file {form}=found.{form}" for form in forms)
        done = refused(shop, f"validate {files}", 8, "spec/deployments/dev/support.yaml:18:3: error SPEC143")
        for text in (done.out, *(shop.read(f"found.{form}") for form in forms)):
            assert not self.found(text), text


class TestInterrupts:
    """Ctrl-C in the middle of an apply."""

    def test_an_interrupted_apply_loses_nothing_and_the_next_one_goes_on(self, scratch: Scratch) -> None:
        process = scratch.start("apply", "-e", "dev", "--auto-approve", "-o", "ndjson")
        assert process.stdout is not None
        process.stdout.readline()  # the first step has begun
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 130, errors
        assert "interrupted" in errors
        assert "Traceback" not in errors
        assert "Applied: Deployment/dev/support." in scratch.apply().err
        assert scratch.ask().status == 200
        assert scratch.trueup("audit", "verify").code == 0


def test_the_page_on_trouble_names_codes_that_exist_by_their_words() -> None:
    summaries = {code.id: code.summary for _, code in codes()}
    rows = [r for r in (ROOT / "docs/troubleshooting.md").read_text().splitlines() if re.match(r"\| .* \| \d", r)]
    assert len(rows) >= 20
    for row in rows:
        seen, _, ids, _ = (cell.strip() for cell in row.strip("|").split("|"))
        for id_ in re.findall(r"\b[A-Z]{2,4}\d{3}\b", ids):
            assert id_ in summaries, row
        said = [text for text in re.findall(r"`([^`]*)`", seen) if text[:1].isupper()]
        known = " / ".join((*summaries.values(), "Nobody is here to say yes", "Denied by policy"))
        for text in said:
            assert text in f"{known} / Policy: not decided, which denies", row
