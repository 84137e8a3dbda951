"""Where a change comes from, as git knows it: commits, files, signatures, and what it is compared with."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from repositories import commit, git, repository, write
from trueup.adapters.git.commits import MOST_COMMITS, change_facts
from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.policy.facts.change import ChangedFile, ChangeFacts, Signature
from trueup.ports import Base

MERGED = Base()


def facts(of: Repository, revision: str, base: Base = MERGED, applied: Sequence[str] = ()) -> ChangeFacts:
    return change_facts(of, revision, "ci", base, applied)


def on(tip: str) -> Base:
    return Base(Revision(tip))


def revisions(found: ChangeFacts) -> list[str]:
    assert found.commits is not None
    return [c.revision for c in found.commits]


def test_a_change_that_is_not_merged_is_compared_with_where_it_left_its_branch(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    fork = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "checkout", "-q", "-b", "topic")
    one = commit(tmp_path, {"spec/x.yaml": b"x", "a": None}, "One\n\nApproved-by: Grace <grace@example.com>")
    two = commit(tmp_path, {"spec/x.yaml": b"y"}, "Two")
    git(tmp_path, "checkout", "-q", "main")
    tip = commit(tmp_path, {"b": b"1"}, "Elsewhere")
    found = facts(made, two, on(tip))
    assert (found.base, revisions(found)) == (fork, [two, one])
    assert found.files == (ChangedFile("a", "deleted"), ChangedFile("spec/x.yaml", "added"))
    assert found.commits is not None
    assert found.commits[1].trailers == (("Approved-by", "Grace <grace@example.com>"),)
    assert [c.files for c in found.commits] == [("spec/x.yaml",), ("a", "spec/x.yaml")]


def test_a_merged_change_is_compared_with_the_oldest_commit_it_replaces(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    history = [commit(tmp_path, {"a": str(i).encode()}) for i in range(2, 6)]
    found = facts(made, history[3], applied=[history[2], history[0]])
    assert (found.base, revisions(found)) == (history[0], [history[3], history[2], history[1]])


@pytest.mark.parametrize("applied", [[], ["f" * 40], ["not a commit"], ["-x"]])
def test_a_merged_change_that_replaces_nothing_known_is_compared_with_its_parent(
    tmp_path: Path, applied: list[str]
) -> None:
    made = repository(tmp_path, {"a": b"1"})
    parent = git(tmp_path, "rev-parse", "HEAD")
    tip = commit(tmp_path, {"a": b"2"})
    assert facts(made, tip, applied=applied).base == parent


def test_going_back_to_an_older_commit_is_compared_with_its_parent(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    parent = git(tmp_path, "rev-parse", "HEAD")
    older, newer = commit(tmp_path, {"a": b"2"}), commit(tmp_path, {"a": b"3"})
    assert facts(made, older, applied=[newer]).base == parent


def test_the_first_commit_of_all_brings_everything(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1", "b/c": b"2"})
    first = git(tmp_path, "rev-parse", "HEAD")
    found = facts(made, first)
    assert (found.base, revisions(found)) == ("", [first])
    assert found.files == (ChangedFile("a", "added"), ChangedFile("b/c", "added"))


def test_a_renamed_file_is_one_deleted_and_one_added(tmp_path: Path) -> None:
    made = repository(tmp_path, {".github/CODEOWNERS": b"* @platform\n"})
    git(tmp_path, "mv", ".github/CODEOWNERS", "gone")
    tip = commit(tmp_path, {})
    assert facts(made, tip).files == (ChangedFile(".github/CODEOWNERS", "deleted"), ChangedFile("gone", "added"))


def test_a_path_that_looks_like_a_commit_stays_a_path(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    parent = git(tmp_path, "rev-parse", "HEAD")
    between = commit(tmp_path, {"b": b"1"})
    tip = commit(tmp_path, {between: b"1", ":100644 100644": b"2", "z": b"3"})
    found = facts(made, tip, applied=[parent])
    assert found.commits is not None
    assert [sorted(c.files) for c in found.commits] == [sorted([between, ":100644 100644", "z"]), ["b"]]


def test_a_merge_brings_its_own_trailers_and_those_of_what_it_merges(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    git(tmp_path, "checkout", "-q", "-b", "topic")
    commit(tmp_path, {"b": b"1"}, "Topic\n\nCo-authored-by: Bob <bob@example.com>")
    git(tmp_path, "checkout", "-q", "main")
    message = "Merge\n\nApproved-by: Grace <grace@example.com>\nReviewed-By:   Linus <linus@example.com>"
    git(tmp_path, "merge", "-q", "--no-ff", "-m", message, "topic")
    found = facts(made, git(tmp_path, "rev-parse", "HEAD"))
    assert found.trailers == {
        "Approved-by": ("Grace <grace@example.com>",),
        "Reviewed-By": ("Linus <linus@example.com>",),
    }
    assert found.authors == ("Ada <ada@example.com>", "Bob <bob@example.com>")
    assert found.commits is not None
    assert [c.files for c in found.commits] == [("b",), ("b",)]


@pytest.mark.parametrize("base", [Base(is_known=False), None])
def test_without_a_known_base_commits_and_files_are_unknown_and_the_author_is_not(
    tmp_path: Path, base: Base | None
) -> None:
    made = repository(tmp_path, {"a": b"1"})
    found = change_facts(made, git(tmp_path, "rev-parse", "HEAD"), "ci", base)
    assert (found.commits, found.files, found.base) == (None, None, "")
    assert found.author == "Ada <ada@example.com>"


def test_branches_without_a_common_commit_have_no_known_change(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    git(tmp_path, "checkout", "-q", "--orphan", "other")
    other = commit(tmp_path, {"b": b"1"})
    assert facts(made, other, on(git(tmp_path, "rev-parse", "main"))).commits is None


def test_a_shallow_clone_does_not_pretend_to_know(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    repository(origin, {"a": b"1"})
    for i in range(2, 5):
        tip = commit(origin, {"a": str(i).encode()})
    git(tmp_path, "clone", "-q", "--depth", "1", origin.as_uri(), "alone")
    assert facts(Repository.discover(tmp_path / "alone"), tip).commits is None
    git(tmp_path, "clone", "-q", "--depth", "2", origin.as_uri(), "two")
    assert revisions(facts(Repository.discover(tmp_path / "two"), tip)) == [tip]
    boundary = git(tmp_path / "two", "rev-parse", "HEAD^")
    assert facts(Repository.discover(tmp_path / "two"), boundary).commits is None


def test_a_cut_branch_on_the_way_makes_the_commits_unknown(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    repository(origin, {"a": b"1"})
    fork = git(origin, "rev-parse", "HEAD")
    git(origin, "checkout", "-q", "-b", "topic")
    for i in range(3):
        commit(origin, {"b": str(i).encode()})
    git(origin, "checkout", "-q", "main")
    git(origin, "merge", "-q", "--no-ff", "-m", "Merge", "topic")
    tip = git(origin, "rev-parse", "HEAD")
    # The first parent is here, and the side of the merge ends at a boundary.
    git(tmp_path, "clone", "-q", "--depth", "2", origin.as_uri(), "cut")
    clone = Repository.discover(tmp_path / "cut")
    assert git(tmp_path / "cut", "rev-parse", "HEAD^1") == fork
    assert facts(clone, tip).commits is None


def test_more_commits_than_are_listed_are_said_to_be_more(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    stream = "".join(
        f"commit refs/heads/main\ncommitter Ada <ada@example.com> {1_700_000_000 + i} +0000\ndata 1\nx\n"
        + ("from refs/heads/main^0\n" if i == 0 else "")
        + "\n"
        for i in range(MOST_COMMITS + 1)
    )
    first = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "fast-import", "--quiet", "--force", stdin=stream.encode())
    tip = git(tmp_path, "rev-parse", "main")
    found = facts(made, tip, applied=[first])
    assert (len(revisions(found)), found.truncated) == (MOST_COMMITS, True)


def test_a_work_tree_with_changes_is_compared_with_what_is_checked_out(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1", "b": b"1", "c": b"1"})
    head = git(tmp_path, "rev-parse", "HEAD")
    write(tmp_path, {"a": b"2", "b": None, "new/d": b"1", "staged": b"1"})
    git(tmp_path, "add", "staged")
    found = facts(made, "")
    assert (found.revision, found.base, found.commits) == ("", head, ())
    assert found.files == (
        ChangedFile("a", "modified"),
        ChangedFile("b", "deleted"),
        ChangedFile("new/d", "added"),
        ChangedFile("staged", "added"),
    )
    assert found.authors == ("ci",)


def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    made = repository(tmp_path)
    write(tmp_path, {"a": b"1"})
    found = facts(made, "")
    assert (found.base, found.files) == ("", (ChangedFile("a", "added"),))


def test_odd_names_and_messages_do_not_break_it(tmp_path: Path) -> None:
    made = repository(tmp_path, {"a": b"1"})
    git(tmp_path, "config", "i18n.logOutputEncoding", "ISO-8859-1")
    git(tmp_path, "config", "log.showSignature", "true")
    git(tmp_path, "config", "trailer.separators", "#")
    write(tmp_path, {"sp ä\n.yaml": b"1"})
    git(tmp_path, "add", "--all")
    message = "Größe\n\nApproved-by: Zoë <zoe@example.com>\nEmpty:\n"
    git(tmp_path, "-c", "user.name=Jürgen", "commit", "-q", "-m", message, "--author", "Jürgen <j@example.com>")
    found = facts(made, git(tmp_path, "rev-parse", "HEAD"))
    assert found.author == "Jürgen <j@example.com>"
    assert found.trailers["Approved-by"] == ("Zoë <zoe@example.com>",)
    assert found.files == (ChangedFile("sp ä\\n.yaml", "added"),)


@pytest.fixture
def signing(tmp_path: Path) -> Repository:
    made = repository(tmp_path / "signed", {"a": b"1"})
    key = tmp_path / "key"
    try:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        pytest.skip("ssh-keygen is not installed")
    (tmp_path / "allowed").write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key.with_suffix(".pub"))),
        ("gpg.ssh.allowedSignersFile", str(tmp_path / "allowed")),
    ):
        git(made.root, "config", name, value)
    return made


def signed(made: Repository) -> str:
    git(made.root, "commit", "-q", "--allow-empty", "-S", "-m", "Signed")
    return git(made.root, "rev-parse", "HEAD")


def test_a_signature_by_a_trusted_key_is_good_and_names_its_signer(signing: Repository) -> None:
    found = facts(signing, signed(signing))
    assert (found.signature.status, found.signature.signer) == ("good", "ada@example.com")
    assert found.commits is not None
    assert found.commits[0].signature.status == "good"


def test_a_commit_without_signature_has_none(signing: Repository) -> None:
    assert facts(signing, git(signing.root, "rev-parse", "HEAD")).signature == Signature("none")


def test_a_commit_that_was_changed_after_it_was_signed_is_bad(signing: Repository) -> None:
    content = git(signing.root, "cat-file", "commit", signed(signing)) + "\n"
    forged = git(
        signing.root,
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--stdin",
        stdin=content.replace("\nSigned", "\nForged").encode(),
    )
    assert facts(signing, forged).signature.status == "bad"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("gpg.ssh.allowedSignersFile", ""),
        ("gpg.ssh.allowedSignersFile", "/nonexistent"),
    ],
)
def test_a_signature_that_cannot_be_checked_here_is_unknown(signing: Repository, setting: str, value: str) -> None:
    tip = signed(signing)
    git(signing.root, "config", setting, value)
    found = facts(signing, tip).signature
    assert (found.status, found.signer) == ("unknown", "")


def test_a_program_that_only_the_clone_names_checks_no_signature(signing: Repository, tmp_path: Path) -> None:
    tip = signed(signing)
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'started'}\n")
    program.chmod(0o755)
    git(signing.root, "config", "gpg.ssh.program", str(program))
    assert facts(signing, tip).signature.status == "good"
    assert not (tmp_path / "started").exists()
    git(signing.root, "log", "-1", "--format=%G?", tip)
    assert (tmp_path / "started").exists(), "git itself starts it"


def test_a_signature_by_a_key_nobody_vouches_for_is_unknown(signing: Repository, tmp_path: Path) -> None:
    tip = signed(signing)
    other = (tmp_path / "allowed").read_text().split()
    (tmp_path / "allowed").write_text(f"bob@example.com {other[1]} {other[2][:-4]}AAAA\n")
    assert facts(signing, tip).signature.status == "unknown"
