"""`trueup init` in real folders and real git repositories."""

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.policy.results import PolicyFile, RuleTest
from trueup.workflows.init import init
from trueup.workflows.schema import schema_files

TRUEUP = [sys.executable, "-c", "import sys; from trueup.cli.main import main; sys.exit(main())"]


def _trueup(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TRUEUP, *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    ).stdout


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in (".git", ".trueup")
    }


def test_init_in_a_new_folder_gives_a_repository_that_validates_and_plans(tmp_path: Path) -> None:
    done = _trueup("init", "My Models", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "My Models"
    assert {f"+ {path}" for path in _files(folder)} == set(done.stdout.splitlines())
    assert "name: my-models" in (folder / "trueup.yaml").read_text()
    assert _git(folder, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert "trueup plan -e dev" in done.stderr
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "Declare a first model")
    assert _git(folder, "status", "--porcelain", "--ignored").split() == ["!!", ".trueup/"]
    checked = _trueup("validate", cwd=folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    planned = _trueup("plan", "-e", "dev", "--detailed-exitcode", cwd=folder)
    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert "create Deployment/dev/assistant" in planned.stdout
    assert "Policy: allowed" in planned.stdout


def test_what_init_wrote_can_be_checked_and_planned_before_the_first_commit(tmp_path: Path) -> None:
    init(tmp_path, schema_files())
    assert _trueup("validate", cwd=tmp_path).returncode == 0
    assert _trueup("plan", "-e", "dev", cwd=tmp_path).returncode == 0


def test_a_mistake_is_shown_with_its_place_its_line_and_a_hint(tmp_path: Path) -> None:
    init(tmp_path, schema_files())
    file = tmp_path / "spec" / "deployments" / "dev" / "assistant.yaml"
    file.write_text(file.read_text().replace("prompt: assistant@1", "prompt: asistant@1"))
    done = _trueup("validate", cwd=tmp_path)
    assert done.returncode == 8
    assert "spec/deployments/dev/assistant.yaml:12:13: error" in done.stdout
    assert "12 |     prompt: asistant@1" in done.stdout
    assert "assistant@1" in done.stdout.partition("hint:")[2]


def test_every_scaffolded_yaml_names_a_schema_that_is_there_and_that_it_passes(tmp_path: Path) -> None:
    init(tmp_path, schema_files())
    for path in [tmp_path / "trueup.yaml", *tmp_path.glob("spec/**/*.yaml")]:
        first = path.read_text().splitlines()[0]
        schema = path.parent / first.removeprefix("# yaml-language-server: $schema=")
        jsonschema.Draft202012Validator(yaml.safe_load(schema.read_text())).validate(yaml.safe_load(path.read_text()))


def test_the_scaffolded_rule_passes_the_check_and_its_tests(tmp_path: Path) -> None:
    init(tmp_path, schema_files())
    bundle = [
        PolicyFile(str(path.relative_to(tmp_path)), path.read_bytes(), "policies")
        for path in sorted(tmp_path.glob("policies/**/*.rego"))
    ]
    with EmbeddedEngine() as engine:
        assert engine.check(bundle) == ()
        tests = engine.test(bundle)
    assert len(tests) == 3
    assert all(isinstance(test, RuleTest) and test.passed for test in tests)


def test_init_never_overwrites_and_names_everything_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "spec" / "models").mkdir(parents=True)
    (tmp_path / "spec" / "models" / "smollm2.yaml").write_text("mine")
    (tmp_path / "trueup.yaml").write_text("mine too")
    done = _trueup("init", cwd=tmp_path)
    assert done.returncode == 1
    assert "CLI011" in done.stderr
    assert "spec/models/smollm2.yaml" in done.stderr
    assert "trueup.yaml" in done.stderr
    assert _files(tmp_path) == {"spec/models/smollm2.yaml", "trueup.yaml"}
    assert (tmp_path / "trueup.yaml").read_text() == "mine too"
    assert not (tmp_path / ".git").exists()


def test_a_file_where_a_folder_is_needed_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "spec").write_text("a file")
    done = _trueup("init", cwd=tmp_path)
    assert done.returncode == 1
    assert "these exist: spec." in done.stderr
    assert _files(tmp_path) == {"spec"}


def test_init_in_an_existing_repository_keeps_its_readme_extends_its_gitignore_and_takes_its_branch(
    tmp_path: Path,
) -> None:
    _git(tmp_path, "init", "--quiet", "--initial-branch=trunk")
    (tmp_path / "README.md").write_text("# Ours\n")
    (tmp_path / ".gitignore").write_bytes(b"*.log")
    started = init(tmp_path, schema_files())
    assert not started.repository
    assert started.kept == ("README.md",)
    assert started.extended == (".gitignore",)
    assert (tmp_path / ".gitignore").read_bytes() == b"*.log\n.trueup/\n"
    assert (tmp_path / "README.md").read_text() == "# Ours\n"
    assert "defaultBranch: trunk" in (tmp_path / "trueup.yaml").read_text()


def test_a_gitignore_that_names_the_state_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("/.trueup/\n")
    assert ".gitignore" in init(tmp_path, schema_files()).kept
    assert (tmp_path / ".gitignore").read_text() == "/.trueup/\n"


def test_init_below_the_root_of_a_repository_is_refused(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet")
    done = _trueup("init", "models", cwd=tmp_path)
    assert done.returncode == 1
    assert "CLI012" in done.stderr
    assert not (tmp_path / "models").exists()


def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    # A name that no file system takes stands for a disk that fills up: the first files are written by then.
    folder = tmp_path / "models"
    with pytest.raises(OSError, match="File name too long"):
        init(folder, {"x" * 300: b"{}"})
    assert not folder.exists()
