"""What users get for bad input, through the real command: a code, a place, what is wrong, what to do, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from scratch import Done, Scratch, variables

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

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("plan -e", "usage: trueup plan -e ENV"),
            ("rollback", "usage: trueup rollback -e ENV [options] NAME"),
            ("validate -o yaml", "choose from 'text', 'json', 'ndjson'"),
            ("apply -e dev --lock-timeout soon", "`soon` is not a number of seconds"),
            ("apply -e dev --lock-timeout nan", "`nan` is not a number of seconds"),
            ("gc extra", "`trueup gc --help` has the flags"),
            ("-C /nope validate", "CLI007"),
            ("-C trueup.yaml validate", "CLI007"),
        ],
    )
    def test_wrong_usage_says_what_is_allowed(self, shop: Scratch, line: str, said: str) -> None:
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

    @pytest.mark.parametrize("line", EVERY_COMMAND)
    def test_every_command_outside_a_project_says_how_to_start_one(self, tmp_path: Path, line: str) -> None:
        refused(Scratch(tmp_path), line, 1, "CLI008", "`trueup init`")

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

    @pytest.mark.parametrize("line", EVERY_COMMAND)
    def test_no_command_goes_on_with_a_broken_project_file(self, shop: Scratch, line: str) -> None:
        # With another ledger than the one meant, there would be no holds and nothing to verify.
        shop.write("trueup.yaml", shop.read("trueup.yaml") + "  x: [")
        if line.startswith(("apply --plan", "down")):
            pytest.skip("asks for nothing that the project file says")
        refused(shop, line, 8, "trueup.yaml:20:1: error SPEC104")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "trueup.yaml: error WRK001"),
            ("# only a comment\n", "as `trueup init` does"),
            ('a: [1,\nb: "x', "trueup.yaml:2:6: error SPEC104"),
            ("\0\1\2", "trueup.yaml:1:1: error SPEC1"),
            ("kind: Project\nkind: Project\n", "SPEC1"),
        ],
    )
    def test_a_project_file_that_is_none_says_where_and_why(self, shop: Scratch, content: str, said: str) -> None:
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
