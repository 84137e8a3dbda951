"""How `trueup ci` ends, and what it hands on: the worst of all that came of it, in files of a bounded size."""

import io
import itertools
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from published_formats import check_junit, check_sarif
from repositories import git
from runs_of_ci import RUNS, blocked, hostile, large, planned, refused, run_of, small
from trueup.adapters.forges.places import ForgePlace
from trueup.adapters.git.repository import Repository
from trueup.adapters.pipelines import codes
from trueup.cli.ci_folder import open_folder, read_text, write_file
from trueup.cli.ci_handover import LARGEST_SUMMARY, hand_over
from trueup.cli.ci_posting import comment_on, read_left
from trueup.cli.ci_run import base_for, exit_of, where_of
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode, worst
from trueup.cli.views.azure import handed_on, issues
from trueup.cli.views.ci_comment import comment, summary
from trueup.cli.views.ci_findings import codequality_of, findings, github_of, junit_of, sarif_of
from trueup.cli.views.ci_json import DOTENV_BYTES, ci_schema, document, dotenv, outputs
from trueup.cli.views.ci_report import EnvironmentReport
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.core.errors import PermanentError
from trueup.ports import Provider, Where


def ends(name: str, **more: bool) -> ExitCode:
    return exit_of(RUNS[name](), **more)


def test_the_worst_of_two_is_the_same_whichever_comes_first() -> None:
    for one, two in itertools.combinations(ExitCode, 2):
        assert worst([one, two]) == worst([two, one]) in (one, two)
        assert worst([one, ExitCode.DONE]) == one
        assert worst([one, ExitCode.ERROR]) in (ExitCode.ERROR, ExitCode.INTERRUPTED)
    assert worst([]) == ExitCode.DONE


@pytest.mark.parametrize(
    ("name", "code"),
    [("small", 0), ("empty", 0), ("unchanged", 0), ("refused", 3), ("invalid", 8), ("failing", 1), ("large", 3)],
)
def test_each_run_ends_with_the_worst_that_it_found(name: str, code: int) -> None:
    assert ends(name) == code


def test_changes_are_told_only_when_asked_and_never_instead_of_something_worse() -> None:
    assert (ends("small", detailed=True), ends("unchanged", detailed=True), ends("refused", detailed=True)) == (2, 0, 3)


def test_a_measurement_that_did_not_pass_denies_whatever_the_plans_say() -> None:
    assert exit_of(replace(small(), measured={"a": True, "b": False})) == ExitCode.DENIED


def test_an_environment_whose_lock_is_held_ends_as_that() -> None:
    from trueup.adapters.locks.codes import LOCK_HELD

    held = EnvironmentReport("prod", "", problems=(Diagnostic(LOCK_HELD, "apply"),), is_failure=True)
    assert exit_of(run_of(held)) == ExitCode.LOCKED
    assert exit_of(run_of(held, planned(blocked()))) == ExitCode.LOCKED


def github(folder: Path) -> Console:
    variables = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    return Console(io.StringIO(), io.StringIO(), variables)


@pytest.mark.parametrize("name", RUNS)
def test_outputs_are_one_line_each_and_annotations_ten_of_a_kind(name: str, tmp_path: Path) -> None:
    err = io.StringIO()
    console = Console(io.StringIO(), err, github(tmp_path).environment)
    report = RUNS[name]()
    hand_over(report, 3, tmp_path, summary(report), console)
    lines = (tmp_path / "output").read_text().splitlines()
    assert [line.split("=")[0] for line in lines] == list(outputs(report, 3, ""))
    marks = err.getvalue().splitlines()
    assert all(sum(line.startswith(f"::{kind} ") for line in marks) <= 10 for kind in ("error", "warning", "notice"))
    assert (tmp_path / "summary").stat().st_size < LARGEST_SUMMARY


@pytest.mark.parametrize("there", [0, LARGEST_SUMMARY - 50_000, LARGEST_SUMMARY - 100, LARGEST_SUMMARY + 5])
def test_a_summary_is_cut_or_left_out_before_the_runner_drops_all_of_it(tmp_path: Path, there: int) -> None:
    console = github(tmp_path)
    (tmp_path / "summary").write_bytes(b"x" * there)
    report = large()
    hand_over(report, 3, tmp_path, summary(report), console)
    size = (tmp_path / "summary").stat().st_size
    assert size <= max(there, LARGEST_SUMMARY - 1)
    assert (size > there) is (LARGEST_SUMMARY - there > 4_000)


def test_a_dotenv_report_stays_below_what_gitlab_takes() -> None:
    text = dotenv(outputs(large(), 3, "trueup-ci"))
    assert len(text) <= DOTENV_BYTES
    assert "TRUEUP_VERDICT=blocked" in text


def test_azure_gets_marks_variables_and_a_summary_and_no_value_is_a_command_of_its_own(tmp_path: Path) -> None:
    lines = [*issues(findings(hostile())), *handed_on(outputs(hostile(), 3, "d"), "/tmp/summary.md")]
    assert all(line.count("##vso[") == 1 and line.startswith("##vso[") for line in lines)
    assert "##vso[task.uploadsummary]/tmp/summary.md" in lines
    err = io.StringIO()
    report = replace(refused(), where=Where(Provider.AZURE))
    hand_over(report, 3, tmp_path, "", Console(io.StringIO(), err, {}))
    assert "##vso[task.setvariable variable=exit-code;isOutput=true]3" in err.getvalue()
    many = issues([f for f in findings(refused()) for _ in range(12)])
    assert sum(line.startswith("##vso[task.logissue type=error") for line in many) == 10


@pytest.mark.parametrize(
    ("provider", "limit"),
    [("github", 60_000), ("gitlab", 1_000_000), ("bitbucket", 32_768), ("azure", 150_000), ("git", 60_000)],
)
def test_each_forge_has_its_own_limit(provider: str, limit: int) -> None:
    report = replace(large(), where=replace(large().where, provider=Provider(provider)))
    assert limit * 0.9 < len(comment(report).encode()) <= limit


def test_a_payload_that_cannot_be_read_makes_a_fork_of_it(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
    for content in ("{", "[]", ""):
        event.write_text(content)
        place = where_of({**variables, "GITHUB_EVENT_PATH": str(event)})
        assert (place.number, place.is_fork) == (7, True)
    assert where_of({**variables, "GITHUB_EVENT_PATH": str(tmp_path / "none")}).is_fork


class OnlyGit:
    def __init__(self, repository: Repository) -> None:
        self.repository = repository


@pytest.fixture
def clone(tmp_path: Path) -> OnlyGit:
    """A clone whose author called a branch of theirs as the base is called here, and one as its commit."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    git(origin, "commit", "--quiet", "--allow-empty", "-m", "base")
    git(tmp_path, "clone", "--quiet", str(origin), str(tmp_path / "clone"))
    made = tmp_path / "clone"
    git(made, "commit", "--quiet", "--allow-empty", "-m", "theirs")
    git(made, "update-ref", "refs/heads/refs/remotes/origin/main", "HEAD")
    git(made, "update-ref", f"refs/heads/{git(made, 'rev-parse', 'origin/main')}", "HEAD")
    return OnlyGit(Repository.discover(made))


def test_the_base_is_what_origin_has_and_no_branch_that_only_is_called_so(clone: OnlyGit) -> None:
    base = git(clone.repository.root, "rev-parse", "refs/remotes/origin/main")
    place = Where(number=7, base="main")
    found = base_for(clone, place, "")  # type: ignore[arg-type]
    assert found == base
    assert clone.repository.resolve_base(found) == base


def test_a_base_that_is_not_here_is_refused(clone: OnlyGit) -> None:
    for place in (Where(number=7, base="release"), Where(number=7), Where(base="x", base_revision=Revision("9" * 40))):
        with pytest.raises(PermanentError) as caught:
            base_for(clone, place, "")  # type: ignore[arg-type]
        assert caught.value.code is codes.BASE_MISSING


def test_a_tip_that_the_provider_names_takes_the_place_of_a_branch_that_was_not_fetched(clone: OnlyGit) -> None:
    base = Revision(git(clone.repository.root, "rev-parse", "origin/main"))
    assert base_for(clone, Where(number=7, base="gone", base_revision=base), "") == base  # type: ignore[arg-type]
    assert base_for(clone, Where(number=7, base="gone"), "asked") == "asked"  # type: ignore[arg-type]
    assert base_for(clone, Where(), "") == ""  # type: ignore[arg-type]


def test_plans_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    folder = open_folder(str(tmp_path / "out"), tmp_path)
    write_file(folder, "plans/prod.plan.json", "{}")
    open_folder(str(tmp_path / "out"), tmp_path)
    assert list((folder / "plans").iterdir()) == []


def test_a_folder_outside_the_repository_may_be_behind_a_link(tmp_path: Path) -> None:
    root, real, link = tmp_path / "repo", tmp_path / "real", tmp_path / "link"
    root.mkdir()
    real.mkdir()
    link.symlink_to(real)
    assert open_folder(str(link / "out"), root) == real / "out"
    (root / "evil").symlink_to(real)
    for inside in (root / "evil", root / "evil" / "deep"):
        with pytest.raises(PermanentError) as caught:
            open_folder(str(inside), root)
        assert caught.value.code is codes.UNSAFE_FOLDER
    through = tmp_path / "through"
    through.symlink_to(root)
    with pytest.raises(PermanentError):
        open_folder(str(through / "evil"), root)


def test_a_file_that_somebody_left_is_read_only_when_it_is_plain_and_small(tmp_path: Path) -> None:
    import os

    (tmp_path / "big").write_text("x" * 11)
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "link").symlink_to(tmp_path / "good")
    (tmp_path / "good").write_text("good")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert read_text(tmp_path, "good", 10) == "good"
    for name in ("big", "bytes", "link", "pipe", "folder", "none"):
        with pytest.raises(PermanentError) as caught:
            read_text(tmp_path, name, 10)
        assert caught.value.code is codes.UNSAFE_COMMENT


class AtNoForge:
    """A workspace whose remote tells nothing, and whose project names no token."""

    def __init__(self, token: str = "") -> None:
        self.forge_place = ForgePlace("", "", "")
        self.token = token

    def forge_token(self) -> str:
        return self.token


def commented(place: Where, token: str = "") -> tuple[tuple[str, ...], str]:
    """Return the codes of what went wrong, and what was said."""
    err = io.StringIO()
    report = replace(small(), where=place)
    found = comment_on(AtNoForge(token), report, "body", Console(io.StringIO(), err, {}))  # type: ignore[arg-type]
    return tuple(d.code.id for d in found.failures), err.getvalue()


def test_a_comment_that_cannot_be_written_is_an_error_but_for_a_fork() -> None:
    there = Where(Provider.GITHUB, "pull_request", "https://github.com", "shop/llm", 7)
    assert commented(Where())[0] == ()
    assert commented(there)[0] == ("CI002",)
    assert commented(replace(there, is_fork=True)) == (
        (),
        "No comment: the job of a fork has no token. `trueup ci post` posts it from another job.\n",
    )
    assert commented(Where(Provider.BITBUCKET, number=7), "token")[0] == ("CI003",)
    clear = replace(there, server="http://github.example.com")
    assert commented(clear, "token")[0] == ("FRG008",), "a token never goes over the network in the clear"


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (
            Where(Provider.GITHUB, server="https://github.com", repository="shop/llm"),
            "https://github.com/shop/llm/actions/runs/1",
            "https://github.com/mallory/llm/actions/runs/1",
        ),
        (
            Where(Provider.GITLAB, server="https://gitlab.com", repository="shop/llm"),
            "https://gitlab.com/mallory/llm/-/jobs/1",
            "https://gitlab.com.evil.example/shop/llm/-/jobs/1",
        ),
        (
            Where(Provider.JENKINS, server="https://github.com", run="https://ci.example.com/job/2"),
            "https://ci.example.com/job/1",
            "https://evil.example/job/1",
        ),
        (Where(), "", "https://github.com/shop/llm/actions/runs/1"),
    ],
)
def test_the_link_of_a_comment_leads_only_where_the_run_can_be(
    tmp_path: Path, place: Where, good: str, bad: str
) -> None:
    (tmp_path / "ci.json").write_text('{"where": {"number": 7}, "verdict": "allowed"}')
    for run, is_fine in ((good, True), (bad, False)):
        report = replace(small(), where=replace(small().where, run=run))
        (tmp_path / "comment.md").write_text(comment(report))
        if is_fine:
            left = read_left(tmp_path, place)
            assert (left.number, left.is_quiet) == (7, False)
            continue
        with pytest.raises(PermanentError) as caught:
            read_left(tmp_path, place)
        assert caught.value.code is codes.UNSAFE_COMMENT
        assert "leads to" in caught.value.detail


def left_with(folder: Path, facts: str) -> int:
    (folder / "comment.md").write_text(comment(replace(small(), where=Where())))
    (folder / "ci.json").write_text(facts)
    return read_left(folder, Where()).number


@pytest.mark.parametrize(
    "facts", ['{"where": {"number": "7; rm"}}', '{"where": {"number": -7}}', '{"where": 7}', "[]", "null"]
)
def test_facts_that_say_nothing_name_no_pull_request(tmp_path: Path, facts: str) -> None:
    assert left_with(tmp_path, facts) == 0


@pytest.mark.parametrize("facts", ["", "{", "[" * 100_000, "nothing"])
def test_facts_that_are_no_json_are_refused(tmp_path: Path, facts: str) -> None:
    with pytest.raises(PermanentError) as caught:
        left_with(tmp_path, facts)
    assert caught.value.code is codes.UNSAFE_COMMENT


@pytest.mark.parametrize("first", ["<!-- trueup:plan:dev:v1 -->", "<!-- trueup:ci:shop:v9 -->", "", "# hello"])
def test_a_comment_without_the_marker_of_one_is_not_posted(tmp_path: Path, first: str) -> None:
    body = comment(replace(small(), where=Where())).split("\n", 1)[1]
    (tmp_path / "comment.md").write_text(f"{first}\n{body}")
    (tmp_path / "ci.json").write_text("{}")
    with pytest.raises(PermanentError) as caught:
        read_left(tmp_path, Where())
    assert "not the marker" in caught.value.detail


@pytest.mark.parametrize("name", RUNS)
def test_every_run_is_sarif_and_junit_as_published(name: str) -> None:
    report = RUNS[name]()
    check_sarif(sarif_of(report))
    assert len(json.loads(codequality_of(report))) == len(findings(report))
    check_junit(junit_of(report))
    jsonschema.validate(document(report, exit_of(report)), ci_schema())


def test_an_evaluation_that_did_not_pass_is_a_failure_of_its_own() -> None:
    root = ET.fromstring(junit_of(refused()))
    suite = next(s for s in root if s.get("name") == "evaluate")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "::error title=EVALUATION" in github_of(refused())
