"""Facts about commits and about who works here, as git knows them."""

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace

from trueup.adapters.git.approvals import ssh_key_in
from trueup.adapters.git.objects import records
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.signatures import checking
from trueup.adapters.git.trees import shown
from trueup.adapters.git.work_tree import filters_off
from trueup.policy.facts.change import ChangedFile, ChangeFacts, Commit, Signature
from trueup.ports import Base

MOST_COMMITS = 500
"""Commits of a change that are listed: a check of a signature starts a program for each."""

_FIELDS = (
    "%H",
    "%an <%ae>",
    "%G?",
    "%GS",
    "%GG",
    "%GP",
    "%(trailers:only,unfold,separator=%x01)",
)
_SIGNATURES = {"G": "good", "B": "bad", "R": "bad"}
"""What git's letters mean. Of the others, an untrusted, expired or missing key, nobody knows who signed."""
_MOST_APPLIED = 64
"""Commits that are looked for: the oldest of them decides."""
_STATUSES = {"A": "added", "D": "deleted"}
_HASH_LENGTHS = (40, 64)


def change_facts(
    repository: Repository, revision: str, actor: str, base: Base | None = None, applied: Sequence[str] = ()
) -> ChangeFacts:
    """Return who wrote *revision* and what it changes; commits and files stay unknown where its base is.

    Args:
        repository: The repository.
        revision: A commit; empty for the work tree, which is compared with what is checked out.
        actor: Who runs the command.
        base: What governs the change.
        applied: Commits from which what the change replaces was applied, oldest first.

    Raises:
        GitError: Objects are missing.
    """
    if not revision:
        head = repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or ""
        return ChangeFacts(actor=actor, base=head, commits=(), files=tuple(_uncommitted(repository)))
    newest = next(_commits(repository, revision, 1))
    trailers: dict[str, tuple[str, ...]] = {}
    for key, value in newest.trailers:
        trailers[key] = (*trailers.get(key, ()), value)
    facts = ChangeFacts(
        revision=revision, author=newest.author, trailers=trailers, actor=actor, signature=newest.signature
    )
    since = _base(repository, revision, base or Base(is_known=False), applied)
    if since is None:
        return facts
    scope = f"{since}..{revision}" if since else revision
    commits = tuple(_commits(repository, scope, MOST_COMMITS + 1))
    if _boundary(repository) & {c.revision for c in commits}:
        return facts  # there may be more commits on the way than this clone has
    changed = _files_by_commit(repository, scope)
    return replace(
        facts,
        base=since,
        commits=tuple(replace(c, files=tuple(changed.get(c.revision, ()))) for c in commits[:MOST_COMMITS]),
        truncated=len(commits) > MOST_COMMITS,
        files=tuple(_files(repository, since, revision)),
    )


def actor_of(repository: Repository) -> str:
    """Return who works here: git's name and e-mail as a commit would have them, else the account; and the machine."""
    name = os.environ.get("GIT_COMMITTER_NAME") or repository.ask("config", "user.name") or _account()
    email = os.environ.get("GIT_COMMITTER_EMAIL") or repository.ask("config", "user.email")
    person = f"{name} <{email}>" if email else name
    return f"{person} on {socket.gethostname()}"


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _base(repository: Repository, revision: str, base: Base, applied: Sequence[str]) -> str | None:
    """Return the commit that *revision* is compared with: empty when it is the first, None when nobody knows.

    A change that is not merged is compared with where it left the branch it is for. One that is merged, with the
    oldest of the *applied* commits that it replaces, which all lie before it; failing that, with its first parent.
    """
    if not base.is_known:
        return None
    if base.revision is not None:
        return repository.ask("merge-base", revision, base.revision)
    found = repository.ask("merge-base", "--octopus", revision, *_present(repository, applied))
    if found and found != revision:
        return found
    parent = repository.ask("rev-parse", "--verify", "--quiet", f"{revision}^1^{{commit}}")
    return parent or (None if revision in _boundary(repository) else "")


def _present(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return those of *revisions* that are commits of this clone, each once."""
    asked = [r for r in dict.fromkeys(revisions) if len(r) in _HASH_LENGTHS and r.isalnum()][:_MOST_APPLIED]
    if not asked:
        return []
    answers = repository.run("cat-file", "--batch-check", stdin="".join(f"{r}\n" for r in asked).encode())
    return [r for r, answer in zip(asked, answers.split(b"\n"), strict=False) if b" commit " in answer]


def _boundary(repository: Repository) -> set[str]:
    """Return the commits whose parents were left out when cloning."""
    if not repository.is_shallow():
        return set()
    return set((repository.common_dir / "shallow").read_text().split())


def _commits(repository: Repository, scope: str, most: int) -> Iterator[Commit]:
    """Yield the commits of *scope*, newest first, with what can be said of their signatures."""
    form = "--format=tformat:" + "%x00".join(_FIELDS)
    options = ("-z", "--topo-order", "--no-show-signature", "--no-color", "--encoding=UTF-8", f"--max-count={most}")
    said = repository.run(*checking(repository), "-c", "trailer.separators=:", "log", *options, form, scope, "--")
    fields = [field.decode("utf-8", "replace") for field in said.split(b"\0")[:-1]]
    rows = [fields[i : i + len(_FIELDS)] for i in range(0, len(fields), len(_FIELDS))]
    signed = _signed(repository, [row[0] for row in rows])
    for revision, author, letter, signer, words, key, trailers in rows:
        signature = Signature()
        if revision in signed:
            # Without a program that checks, git says "bad" and nothing else.
            status = _SIGNATURES.get(letter, "unknown") if words.strip() else "unknown"
            named = signed[revision] or key.strip()
            signature = Signature(status, signer.strip() if status == "good" else "", named)
        yield Commit(revision, author, signature, tuple(_trailers(trailers)))


def _signed(repository: Repository, revisions: Sequence[str]) -> dict[str, str]:
    """Return those of *revisions* that carry a signature, with the SSH key in it; empty for another kind.

    Where git cannot check a signature, it says that there is none.
    """
    found: dict[str, str] = {}
    place = 0
    answer = repository.run("cat-file", "--batch", stdin="".join(f"{r}\n" for r in revisions).encode())
    for revision in revisions:
        start = answer.index(b"\n", place) + 1
        place = start + int(answer[place:start].split(b" ")[2]) + 1
        headers = answer[start : answer.index(b"\n\n", start, place)]
        if any(line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) for line in headers.split(b"\n")):
            found[revision] = ssh_key_in(headers)
    return found


def _trailers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\x01"):
        key, colon, value = line.partition(":")
        if colon and key.strip():
            yield key.strip(), value.strip()


def _files(repository: Repository, base: str, revision: str) -> Iterator[ChangedFile]:
    """Yield what differs between two commits, in path order; everything is new after no commit."""
    compared = (base, revision) if base else ("--root", revision)
    options = ("-r", "-z", "--no-commit-id", "--name-status", "--no-renames", "--ignore-submodules=none")
    said = records(repository, "-c", "diff.relative=false", "diff-tree", *options, *compared)
    for status in said:
        yield ChangedFile(shown(next(said)), _STATUSES.get(status.decode(), "modified"))


def _files_by_commit(repository: Repository, scope: str) -> dict[str, list[str]]:
    """Return the paths in which each commit of *scope* differs from its first parent."""
    options = ("-r", "-z", "--raw", "--diff-merges=first-parent", "--no-renames", "--no-color", "--no-ext-diff")
    settings = ("-c", "log.showRoot=true", "-c", "diff.relative=false", "-c", "diff.ignoreSubmodules=none")
    limits = ("--topo-order", f"--max-count={MOST_COMMITS}", "-O/dev/null", "--no-show-signature")
    found: dict[str, list[str]] = {}
    said = records(repository, *settings, "log", *options, *limits, "--format=%H", scope, "--")
    paths: list[str] = []
    for record in said:
        text = record.lstrip(b"\n")
        if text.startswith(b":"):
            paths.append(shown(next(said)))  # whatever the path looks like, it follows what is said of it
        elif text:
            paths = found.setdefault(text.decode(), [])
    return found


def _uncommitted(repository: Repository) -> Iterator[ChangedFile]:
    """Yield what the work tree has different from what is checked out, in path order."""
    status = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none")
    found = sorted((r[3:], r[:2].decode()) for r in records(repository, *filters_off(repository), *status))
    for path, letters in found:
        word = "deleted" if "D" in letters else "added" if letters in {"??", "A ", "AM"} else "modified"
        yield ChangedFile(shown(path), word)
