"""What every ledger does, and what the one in git does besides."""

import json
import shutil
import subprocess
import sys
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE

import pytest

from fakes import FakeClock, FakeLedger
from records import applied, held, measured
from trueup.adapters.git.ledger import GitLedger, LedgerRefError
from trueup.adapters.git.ledger_reading import (
    ForgedRecordError,
    LedgerUnreadableError,
    ShallowLedgerError,
    UnreadableRecordError,
)
from trueup.adapters.git.ledger_remote import RemoteRefusedError, RemoteRewrittenError, RemoteUnreachableError
from trueup.adapters.git.ledger_writing import message
from trueup.adapters.git.repository import GitBusyError, GitError, Repository
from trueup.core.digests import Digest, Revision, digest_of, digest_of_bytes
from trueup.core.errors import TransientError
from trueup.ledger import chain
from trueup.ledger.chain import IncompleteRecordError
from trueup.ledger.codec import encode, former_digests
from trueup.ledger.record import Record
from trueup.ports import Ledger

REF = "refs/trueup/ledger"
TRACKING = "refs/trueup/remotes/origin/ledger"


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], input=stdin, stdout=PIPE, check=True)
    return done.stdout.decode().strip()


def repository(folder: Path) -> Repository:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Start")
    return Repository.discover(folder)


def ledger_at(folder: Path, remote: str = "") -> GitLedger:
    return GitLedger(Repository.discover(folder), REF, remote, FakeClock())


@pytest.fixture(params=["git", "fake"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    if request.param == "fake":
        return FakeLedger()
    return GitLedger(repository(tmp_path / "repository"), clock=FakeClock())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository").root


def codes(ledger: Ledger) -> list[str]:
    return [problem.code.id for problem in ledger.verify()[1]]


# Every ledger


def test_a_new_ledger_is_empty_and_sound(ledger: Ledger) -> None:
    assert list(ledger.records()) == []
    assert ledger.verify() == (0, ())
    assert ledger.attachment(digest_of("x")) is None


def test_an_attachment_is_found_beside_the_record_that_names_it_and_without_it(ledger: Ledger) -> None:
    records = [ledger.append(applied(name, document=name.encode())) for name in ("a", "b")]
    for content in (b"a", b"b"):
        for beside in (None, *records):
            assert ledger.attachment(digest_of_bytes(content), beside) == content
    assert ledger.attachment(digest_of_bytes(b"c"), records[0]) is None


def test_records_come_newest_first_as_append_returned_them(ledger: Ledger) -> None:
    appended = [ledger.append(d) for d in (applied("a"), held("a"), measured("k"))]
    assert list(ledger.records()) == appended[::-1]
    assert [r.sequence for r in appended] == [1, 2, 3]
    assert [r.previous for r in appended] == ["", appended[0].digest, appended[1].digest]
    assert len({r.commit for r in appended}) == 3


def test_a_ledger_that_only_grew_verifies(ledger: Ledger) -> None:
    for draft in (applied("a"), held("a"), applied("b", document=b"")):
        ledger.append(draft)
    assert ledger.verify() == (3, ())


def test_attachments_are_found_by_digest(ledger: Ledger) -> None:
    documents = [b"one\n", bytes(range(256)), b""]
    for number, document in enumerate(documents):
        ledger.append(applied(str(number), document=document))
    ledger.append(applied("again", document=documents[0]))
    ledger.append(held("a"))
    assert [ledger.attachment(digest_of_bytes(d)) for d in documents] == documents
    assert ledger.attachment(digest_of_bytes(b"another")) is None
    assert ledger.attachment(Digest("../record.json")) is None


def test_documents_of_many_records_are_read_beside_them(ledger: Ledger) -> None:
    for name in ("a", "b"):
        ledger.append(applied(name, document=name.encode()))
    ledger.append(held("a"))
    wanted = [(r, r.draft.attachments[0][0] if r.draft.attachments else Digest("")) for r in ledger.records()]
    assert [(r.sequence, content) for r, content in ledger.beside(wanted)] == [(3, None), (2, b"b"), (1, b"a")]
    first = wanted[-1][0]
    assert (
        list(ledger.beside([(first, digest_of("another")), (first, Digest("../record.json"))])) == [(first, None)] * 2
    )


def test_a_record_that_could_not_be_checked_later_is_refused_and_nothing_is_added(ledger: Ledger) -> None:
    ledger.append(applied("a"))
    with pytest.raises(IncompleteRecordError):
        ledger.append(replace(applied("b"), attachments=()))
    with pytest.raises(IncompleteRecordError):
        ledger.append(replace(applied("b"), body=float("nan")))
    assert ledger.verify() == (1, ())


def test_one_document_attached_twice_is_kept_once(ledger: Ledger) -> None:
    draft = applied("a")
    ledger.append(replace(draft, attachments=draft.attachments * 2))
    assert ledger.verify() == (1, ())


def test_reading_may_stop_early(ledger: Ledger) -> None:
    for name in "abc":
        ledger.append(applied(name))
    assert next(ledger.records()).sequence == 3
    assert next(ledger.records()).sequence == 3


# In git


def test_a_record_is_a_commit_that_people_can_read(folder: Path) -> None:
    record = ledger_at(folder).append(applied("a"))
    assert git(folder, "rev-parse", REF) == record.commit
    shown = git(folder, "log", "-1", "--format=%an <%ae>%n%aI%n%B", REF)
    assert shown.splitlines()[:3] == [
        "Ada Lovelace <ada@example.com>",
        "2026-03-14T12:00:00+00:00",
        f"apply dev: done (plan {record.draft.plan[7:19]})",
    ]
    assert f"Trueup-Record: {record.digest}" in shown
    assert "Deployment/dev/support" in shown
    names = git(folder, "ls-tree", "-r", "--name-only", REF).splitlines()
    assert names == [f"attachments/{record.draft.attachments[0][0][7:]}", "record.json"]
    assert json.loads(git(folder, "show", f"{REF}:record.json"))["digest"] == record.digest


def test_the_users_branch_index_and_work_tree_stay_as_they_are(folder: Path) -> None:
    (folder / "new.txt").write_text("mine")
    git(folder, "add", "new.txt")
    before = (git(folder, "rev-parse", "HEAD"), git(folder, "status", "--porcelain"))
    ledger_at(folder).append(applied("a"))
    assert (git(folder, "rev-parse", "HEAD"), git(folder, "status", "--porcelain")) == before


def test_an_actor_of_any_spelling_and_a_long_list_of_resources_make_a_commit(folder: Path) -> None:
    ledger = ledger_at(folder)
    many = tuple(f"Deployment/dev/d{n}" for n in range(30))
    for actor in ("", "<>", "Ada", "A <b> <c@d>", "line\nbreak <x@y>", "é <é@ü>", "ci@host"):
        ledger.append(replace(applied("a"), actor=actor, resources=many))
    assert ledger.verify() == (7, ())
    assert "and 20 more" in git(folder, "log", "-1", "--format=%B", REF)


def test_hooks_and_the_users_settings_have_no_say(folder: Path) -> None:
    hook = folder / ".git/hooks/reference-transaction"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(folder, "config", "commit.gpgsign", "true")
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "i18n.commitEncoding", "latin1")
    git(folder, "config", "log.showRoot", "false")
    ledger = ledger_at(folder)
    record = ledger.append(applied("a"))
    assert ledger.verify() == (1, ())
    assert ledger.attachment(record.draft.attachments[0][0]) is not None


def test_a_repository_with_sha256_ids_and_one_without_commits_hold_a_ledger(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "r")
    ledger = ledger_at(tmp_path / "r")
    ledger.append(applied("a"))
    ledger.append(applied("b"))
    assert ledger.verify() == (2, ())


def test_more_records_than_one_window_are_read_in_order(folder: Path) -> None:
    ledger = ledger_at(folder)
    first = ledger.append(held("a"))
    rewrite(folder, Rewriting(records=_grown(first, 150)))
    assert [r.sequence for r in ledger.records()] == list(range(150, 0, -1))
    assert ledger.verify() == (150, ())


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main",
        "refs/tags/v1",
        "refs/remotes/origin/main",
        "HEAD",
        "refs/ledger",
        "refs/a/../heads/main",
        "-d",
    ],
)
def test_a_ref_that_is_not_the_ledgers_own_is_refused(folder: Path, ref: str) -> None:
    with pytest.raises(LedgerRefError, match="LED026"):
        GitLedger(Repository.discover(folder), ref)


def test_a_remote_that_looks_like_an_option_runs_nothing(folder: Path) -> None:
    ledger = ledger_at(folder, f"--upload-pack=touch {folder}/ran;")
    ledger.append(applied("a"))
    assert isinstance(ledger.remote_problem, RemoteUnreachableError)
    assert not (folder / "ran").exists()


# What somebody did to it


@dataclass
class Rewriting:
    """The ledger as somebody wants it: records with their attachments, oldest first."""

    records: list[tuple[bytes, dict[str, bytes], str]]


def read(folder: Path) -> Rewriting:
    commits = git(folder, "rev-list", "--reverse", REF).split()
    found = []
    for commit in commits:
        names = git(folder, "ls-tree", "--name-only", commit, "attachments/").split()
        attachments = {n.split("/")[1]: show(folder, f"{commit}:{n}") for n in names}
        found.append(
            (show(folder, f"{commit}:record.json"), attachments, git(folder, "log", "-1", "--format=%B", commit))
        )
    return Rewriting(found)


def show(folder: Path, name: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), "cat-file", "blob", name], stdout=PIPE, check=True).stdout


def _grown(first: Record, count: int) -> list[tuple[bytes, dict[str, bytes], str]]:
    records = [first]
    for _ in range(count - 1):
        records.append(chain.seal(held("a"), records[-1]))
    return [(encode(r), {}, message(r)) for r in records]


def rewrite(folder: Path, wanted: Rewriting) -> None:
    """Write the ledger anew, each commit on top of the one before: what somebody with git at hand can do."""
    stream = []
    for number, (record, attachments, text) in enumerate(wanted.records, 1):
        said = text.encode() + b"\n"
        stream.append(b"commit refs/rewritten\nmark :%d\ncommitter Eve <e@e> 0 +0000\ndata %d\n" % (number, len(said)))
        stream.append(said + b"\n" + (b"from :%d\n" % (number - 1) if number > 1 else b"") + b"deleteall\n")
        for path, content in {"record.json": record, **{f"attachments/{k}": v for k, v in attachments.items()}}.items():
            stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet", "--force"], input=b"".join(stream), check=True)
    git(folder, "update-ref", REF, "refs/rewritten")
    git(folder, "update-ref", "-d", "refs/rewritten")


@pytest.fixture
def grown(folder: Path) -> Path:
    ledger = ledger_at(folder)
    for draft in (applied("a", document=b"a"), held("a"), applied("b"), applied("c")):
        ledger.append(draft)
    return folder


def test_writing_the_same_ledger_anew_changes_nothing_it_says(grown: Path) -> None:
    rewrite(grown, read(grown))
    assert ledger_at(grown).verify() == (4, ())


def test_a_changed_record_is_named_with_its_commit(grown: Path) -> None:
    wanted = read(grown)
    record, attachments, said = wanted.records[2]
    wanted.records[2] = (record.replace(b"Ada Lovelace", b"Eve Lovelace"), attachments, said)
    rewrite(grown, wanted)
    count, (problem,) = ledger_at(grown).verify()
    commit = git(grown, "rev-parse", f"{REF}~1")
    assert (count, problem.code.id) == (4, "LED001")
    assert f"Record 3 (commit {commit[:12]})" in problem.detail
    assert problem.span
    assert git(grown, "show", problem.span.path)


def test_a_dropped_a_moved_and_a_copied_record_are_found(grown: Path) -> None:
    records = read(grown).records
    rewrite(grown, Rewriting([records[0], records[2], records[3]]))
    assert codes(ledger_at(grown)) == ["LED002"]
    rewrite(grown, Rewriting([records[0], records[2], records[1], records[3]]))
    assert codes(ledger_at(grown)) == ["LED003"]
    rewrite(grown, Rewriting([*records[:2], records[1], *records[2:]]))
    assert codes(ledger_at(grown)) == ["LED004"]


def test_a_record_that_was_changed_by_hand_is_not_believed_by_any_reader(grown: Path) -> None:
    wanted = read(grown)
    record, attachments, said = wanted.records[2]
    wanted.records[2] = (record.replace(b"Ada Lovelace", b"Eve Lovelace"), attachments, said)
    rewrite(grown, wanted)
    records = ledger_at(grown).records()
    assert next(records).sequence == 4
    with pytest.raises(ForgedRecordError, match=r"LED001.*Record 3 "):
        next(records)


def test_a_dropped_a_moved_and_a_copied_record_end_the_reading(grown: Path) -> None:
    records = read(grown).records
    for forged, code in (
        ([records[0], records[2], records[3]], "LED005"),
        ([records[0], records[2], records[1], records[3]], "LED005"),
        ([*records[:2], records[1], *records[2:]], "LED005"),
        (records[1:], "LED002"),
    ):
        rewrite(grown, Rewriting(forged))
        with pytest.raises(ForgedRecordError, match=code):
            list(ledger_at(grown).records())


def test_a_missing_a_changed_and_a_foreign_attachment_are_found(grown: Path) -> None:
    (record, attachments, said), *others = read(grown).records
    name = next(iter(attachments))
    for wrong, code in (({}, "LED008"), ({name: b"other"}, "LED008"), ({**attachments, "a" * 64: b""}, "LED013")):
        rewrite(grown, Rewriting([(record, wrong, said), *others]))
        assert codes(ledger_at(grown)) == [code]
    rewrite(grown, Rewriting([(record, {name: b"other"}, said), *others]))
    with pytest.raises(LedgerUnreadableError, match="LED008"):
        ledger_at(grown).attachment(Digest(f"sha256:{name}"))


def test_a_commit_that_says_something_else_than_its_record_is_found(grown: Path) -> None:
    wanted = read(grown)
    record, attachments, said = wanted.records[1]
    wanted.records[1] = (record, attachments, said.replace("Trueup-Record: sha256:", "Trueup-Record: sha256:0"))
    rewrite(grown, wanted)
    assert codes(ledger_at(grown)) == ["LED013"]


def test_a_merge_in_the_ledger_is_found(grown: Path) -> None:
    tip = git(grown, "rev-parse", REF)
    merged = git(
        grown, "commit-tree", f"{tip}^{{tree}}", "-p", f"{tip}~1", "-p", "HEAD", "-m", read(grown).records[3][2]
    )
    git(grown, "update-ref", REF, merged)
    _, problems = ledger_at(grown).verify()
    assert "LED010" in [p.code.id for p in problems]
    assert any(f"commit {merged[:12]}" in p.detail for p in problems if p.code.id == "LED010")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{torn", "LED006"), (b"", "LED006"), (b"[" * 200_000, "LED006"), (b'{"formatVersion": 7}', "LED007")],
)
def test_an_unreadable_record_is_a_diagnostic_that_names_it_and_stops_reading(
    grown: Path, content: bytes, code: str
) -> None:
    wanted = read(grown)
    wanted.records[1] = (content, {}, wanted.records[1][2])
    rewrite(grown, wanted)
    commit = git(grown, "rev-parse", f"{REF}~2")
    count, problems = ledger_at(grown).verify()
    assert count == 4
    assert [p.code.id for p in problems] == [code]
    assert commit[:12] in problems[0].detail
    records = ledger_at(grown).records()
    assert [next(records).sequence, next(records).sequence] == [4, 3]
    with pytest.raises(UnreadableRecordError, match=commit[:12]):
        next(records)


def test_a_commit_without_a_record_is_named(grown: Path) -> None:
    empty = git(grown, "mktree")
    foreign = git(grown, "commit-tree", empty, "-p", REF, "-m", "Mine")
    git(grown, "update-ref", REF, foreign)
    _, (problem,) = ledger_at(grown).verify()
    assert problem.code.id == "LED006"
    assert "has no record.json" in problem.detail
    with pytest.raises(UnreadableRecordError):
        ledger_at(grown).append(applied("d"))


def test_a_dropped_end_is_noticed_by_the_commit_that_names_it(grown: Path) -> None:
    newest = next(ledger_at(grown).records())
    git(grown, "commit", "-q", "--allow-empty", "-m", f"Roll back\n\nTrueup-Record: {newest.digest}")
    commit = git(grown, "rev-parse", "HEAD")
    assert codes(ledger_at(grown)) == []
    git(grown, "update-ref", REF, f"{REF}~1")
    _, (problem,) = ledger_at(grown).verify()
    assert problem.code.id == "LED011"
    assert commit[:12] in problem.detail
    git(grown, "update-ref", "-d", REF)
    assert codes(ledger_at(grown)) == ["LED011"]


def test_a_damaged_object_is_an_error_and_no_traceback(grown: Path) -> None:
    blob = git(grown, "rev-parse", f"{REF}~1:record.json")
    path = grown / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob 3\0xx"))
    with pytest.raises((LedgerUnreadableError, UnreadableRecordError)):
        list(ledger_at(grown).records())


def test_a_lost_commit_is_an_error_that_says_what_git_said(grown: Path) -> None:
    commit = git(grown, "rev-parse", f"{REF}~1")
    (grown / ".git/objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(LedgerUnreadableError, match="rev-list"):
        list(ledger_at(grown).records())
    with pytest.raises(LedgerUnreadableError, match="rev-list"):
        ledger_at(grown).verify()


def test_replaced_objects_do_not_deceive(grown: Path) -> None:
    blob = git(grown, "rev-parse", f"{REF}:record.json")
    forged = git(grown, "hash-object", "-w", "--stdin", stdin=b"{}")
    git(grown, "replace", blob, forged)
    assert ledger_at(grown).verify() == (4, ())


# No right, no room


def test_a_ledger_that_cannot_be_written_says_so_and_stays_readable(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository").root
    ledger_at(folder).append(applied("a"))
    # Permissions do not bind root; an attribute of the file system is not there everywhere. A file where git
    # wants to make a folder binds everybody.
    shutil.rmtree(folder / ".git/refs/trueup", ignore_errors=True)
    git(folder, "pack-refs", "--all")
    (folder / ".git/refs/trueup").write_text("")
    ledger = ledger_at(folder)
    with pytest.raises((GitError, GitBusyError)):
        ledger.append(applied("b"))


def test_a_lock_that_git_left_behind_is_named(folder: Path) -> None:
    ledger = ledger_at(folder)
    ledger.append(applied("a"))
    lock = folder / ".git" / f"{REF}.lock"
    lock.touch()
    with pytest.raises(TransientError) as caught:
        ledger.append(applied("b"))
    assert str(lock) in caught.value.hint
    lock.unlink()
    assert ledger.append(applied("b")).sequence == 2


# With a remote


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path, Path]:
    bare = tmp_path / "remote.git"
    repository(tmp_path / "seed")
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "seed"), str(bare))
    for name in ("one", "two"):
        git(tmp_path, "clone", "-q", str(bare), str(tmp_path / name))
    return bare, tmp_path / "one", tmp_path / "two"


def test_what_one_clone_records_the_other_one_builds_on(clones: tuple[Path, Path, Path]) -> None:
    bare, one, two = clones
    first = ledger_at(one, "origin").append(applied("a"))
    second = ledger_at(two, "origin").append(applied("b"))
    assert second.previous == first.digest
    assert git(bare, "rev-parse", REF) == second.commit
    there = ledger_at(one, "origin")
    there.refresh()
    assert next(there.records()) == second
    assert there.verify() == (2, ())
    assert there.unpushed() == 0


def test_a_fresh_clone_has_no_ledger_and_gets_it_by_fetching(clones: tuple[Path, Path, Path]) -> None:
    _, one, two = clones
    record = ledger_at(one, "origin").append(applied("a"))
    assert list(ledger_at(two).records()) == []
    git(two, "fetch", "-q", "origin", f"{REF}:{REF}")
    assert list(ledger_at(two).records()) == [record]


def test_records_made_offline_wait_here_and_go_with_the_next_one(clones: tuple[Path, Path, Path]) -> None:
    bare, one, _ = clones
    ledger = ledger_at(one, "origin")
    ledger.append(applied("a"))
    bare.rename(bare.with_name("gone"))
    for name in "bc":
        ledger.append(applied(name))
        assert isinstance(ledger.remote_problem, RemoteUnreachableError)
    assert ledger.unpushed() == 2
    assert ledger.verify() == (3, ())
    bare.with_name("gone").rename(bare)
    ledger.append(applied("d"))
    assert ledger.remote_problem is None
    assert ledger.unpushed() == 0
    assert git(bare, "rev-list", "--count", REF) == "4"


def test_records_made_offline_take_the_next_places_and_keep_their_old_digests(
    clones: tuple[Path, Path, Path],
) -> None:
    bare, one, two = clones
    mine, theirs = ledger_at(one, "origin"), ledger_at(two, "origin")
    mine.append(applied("a"))
    bare.rename(bare.with_name("gone"))
    offline = [mine.append(applied(name)) for name in "bc"]
    git(one, "commit", "-q", "--allow-empty", "-m", f"Roll back\n\nTrueup-Record: {offline[1].digest}")
    bare.with_name("gone").rename(bare)
    theirs.append(applied("x"))
    mine.refresh()
    assert mine.remote_problem is None
    records = list(mine.records())
    assert {r.draft.plan for r in records} == {digest_of(["dev", name]) for name in "abcx"}
    assert [r.sequence for r in records] == [4, 3, 2, 1]
    assert former_digests(records[0]) == (offline[1].digest,)
    assert former_digests(records[1]) == (offline[0].digest,)
    assert mine.verify() == (4, ())
    assert mine.unpushed() == 0
    theirs.refresh()
    assert list(theirs.records()) == records


def test_two_ledgers_begun_apart_become_one(clones: tuple[Path, Path, Path]) -> None:
    _, one, two = clones
    ledger_at(one).append(applied("a"))
    ledger_at(two).append(applied("b"))
    ledger_at(one, "origin").append(applied("c"))
    record = ledger_at(two, "origin").append(applied("d"))
    assert record.sequence == 4
    assert ledger_at(two, "origin").verify() == (4, ())


def test_a_remote_that_declines_keeps_the_record_here(clones: tuple[Path, Path, Path]) -> None:
    bare, one, _ = clones
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not here >&2\nexit 1\n")
    hook.chmod(0o755)
    ledger = ledger_at(one, "origin")
    ledger.append(applied("a"))
    assert isinstance(ledger.remote_problem, RemoteRefusedError)
    assert ledger.unpushed() == 1
    hook.unlink()
    ledger.refresh()
    assert ledger.remote_problem is None
    assert ledger.unpushed() == 0


def test_a_rewritten_remote_is_not_built_on(clones: tuple[Path, Path, Path]) -> None:
    bare, one, two = clones
    ledger = ledger_at(one, "origin")
    ledger.append(applied("a"))
    foreign = ledger_at(two).append(applied("evil"))
    git(two, "push", "-q", "--force", "origin", f"{foreign.commit}:{REF}")
    record = ledger.append(applied("b"))
    assert isinstance(ledger.remote_problem, RemoteRewrittenError)
    assert record.sequence == 2
    assert ledger.verify() == (2, ())
    assert git(bare, "rev-parse", REF) == foreign.commit


def test_a_remote_that_lost_its_end_gets_it_back(clones: tuple[Path, Path, Path]) -> None:
    bare, one, _ = clones
    ledger = ledger_at(one, "origin")
    records = [ledger.append(applied(name)) for name in "ab"]
    git(bare, "update-ref", REF, records[0].commit)
    ledger.append(applied("c"))
    assert git(bare, "rev-list", "--count", REF) == "3"
    git(bare, "update-ref", "-d", REF)
    ledger.append(applied("d"))
    assert git(bare, "rev-list", "--count", REF) == "4"


def test_an_end_cut_off_here_is_noticed_by_what_the_remote_had_and_put_right(
    clones: tuple[Path, Path, Path],
) -> None:
    _, one, _ = clones
    ledger = ledger_at(one, "origin")
    records = [ledger.append(applied(name)) for name in "ab"]
    git(one, "update-ref", REF, records[0].commit)
    count, (problem,) = ledger.verify()
    assert (count, problem.code.id) == (1, "LED015")
    git(one, "update-ref", "-d", REF)
    assert codes(ledger) == ["LED015"]
    ledger.refresh()
    assert ledger.verify() == (2, ())


def test_a_remote_given_by_path_is_remembered_too(clones: tuple[Path, Path, Path]) -> None:
    bare, one, _ = clones
    ledger = ledger_at(one, str(bare))
    ledger.append(applied("a"))
    assert ledger.remote_problem is None
    assert ledger.unpushed() == 0


def test_credentials_in_a_url_are_not_repeated(folder: Path) -> None:
    ledger = ledger_at(folder, "https://ada:hunter2@127.0.0.1:1/r.git")
    ledger.append(applied("a"))
    assert isinstance(ledger.remote_problem, RemoteUnreachableError)
    assert "hunter2" not in str(ledger.remote_problem)


def test_a_shallow_ledger_says_from_where_on_it_is_here(clones: tuple[Path, Path, Path], tmp_path: Path) -> None:
    bare, one, _ = clones
    ledger = ledger_at(one, "origin")
    for name in "abc":
        ledger.append(applied(name))
    git(tmp_path, "clone", "-q", f"file://{bare}", "shallow")
    git(tmp_path / "shallow", "fetch", "-q", "--depth=2", "origin", f"{REF}:{REF}")
    shallow = ledger_at(tmp_path / "shallow", "origin")
    count, (problem,) = shallow.verify()
    assert (count, problem.code.id) == (2, "LED012")
    assert "Record 2" in problem.detail
    records = shallow.records()
    assert [next(records).sequence, next(records).sequence] == [3, 2]
    with pytest.raises(ShallowLedgerError, match="LED012") as caught:
        next(records)
    assert "unshallow" in caught.value.diagnostic().hint
    assert shallow.append(applied("d")).sequence == 4
    assert shallow.remote_problem is None
    assert git(bare, "rev-list", "--count", REF) == "4"


_RACER = """
import sys
sys.path[:0] = sys.argv[4:]
from pathlib import Path
from records import applied
from trueup.adapters.git.ledger import GitLedger
from trueup.adapters.git.repository import Repository
ledger = GitLedger(Repository.discover(Path(sys.argv[1])), remote=sys.argv[2])
for number in range(4):
    ledger.append(applied(f"{sys.argv[3]}-{number}"))
    assert ledger.remote_problem is None, ledger.remote_problem
"""


def race(*racers: tuple[Path, str, str]) -> None:
    """Let every racer append four records at the same time as the others, each in a process of its own."""
    here = str(Path(__file__).parents[1])
    processes = [
        subprocess.Popen([sys.executable, "-c", _RACER, str(folder), remote, name, here])
        for folder, remote, name in racers
    ]
    assert [p.wait() for p in processes] == [0] * len(processes)


def releases(ledger: GitLedger) -> set[Digest]:
    return {r.draft.plan for r in ledger.records()}


def expected(*names: str) -> set[Digest]:
    return {digest_of(["dev", f"{name}-{number}"]) for name in names for number in range(4)}


def test_processes_appending_at_once_in_one_clone_lose_nothing(folder: Path) -> None:
    race((folder, "", "a"), (folder, "", "b"), (folder, "", "c"))
    ledger = ledger_at(folder)
    assert ledger.verify() == (12, ())
    assert releases(ledger) == expected("a", "b", "c")


def test_clones_appending_at_once_lose_nothing(clones: tuple[Path, Path, Path]) -> None:
    bare, one, two = clones
    race((one, "origin", "a"), (two, "origin", "b"), (one, "origin", "c"))
    for folder in (one, two):
        ledger = ledger_at(folder, "origin")
        ledger.refresh()
        assert ledger.verify() == (12, ())
        assert releases(ledger) == expected("a", "b", "c")
        assert ledger.unpushed() == 0
    assert git(bare, "rev-list", "--count", REF) == "12"


def test_a_document_that_was_changed_is_none(folder: Path) -> None:
    ledger = ledger_at(folder)
    ledger.append(applied("a", document=b"a"))
    (record,) = ledger.records()
    digest = record.draft.attachments[0][0]
    assert [c for _, c in ledger.beside([(record, digest)])] == [b"a"]
    name = digest.removeprefix("sha256:")
    blob = git(folder, "hash-object", "-w", "--stdin", stdin=b"other")
    folder_tree = git(folder, "mktree", stdin=f"100644 blob {blob}\t{name}\n".encode())
    content = git(folder, "rev-parse", f"{REF}:record.json")
    lines = f"040000 tree {folder_tree}\tattachments\n100644 blob {content}\trecord.json\n"
    commit = git(folder, "commit-tree", git(folder, "mktree", stdin=lines.encode()), "-m", "Change")
    assert [c for _, c in ledger.beside([(replace(record, commit=Revision(commit)), digest)])] == [None]
