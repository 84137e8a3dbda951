"""Approvals that are signed: annotated tags and commits that name a plan, verified by git itself.

Which keys count is the caller's to say. What is in this repository's or the user's configuration of signers does not
enter: SSH keys are given to git in a file of their own, GPG keys are looked for in the user's keyring and compared with
the fingerprints that are allowed.
"""

import base64
import binascii
import hashlib
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from trueup.adapters.git.repository import Repository, call
from trueup.core.digests import Revision
from trueup.policy.facts.approving import SHOWN, TAGS, TRAILER, AllowedKey, Given, environment_named, plan_named

MOST = 200
"""Tags and commits of one plan that are verified: a program is started for each."""

_SSH = b"-----BEGIN SSH SIGNATURE-----"
_SIGNED_BY_SSH = re.compile(r'^Good "git" signature for (\S+) with \S+ key (SHA256:\S+)$', re.MULTILINE)
_GPG_STATUS = re.compile(r"^\[GNUPG:\] (\S+) ?(.*)$", re.MULTILINE)
_GPG_WORDS = {"BADSIG": "bad", "EXPSIG": "expired", "EXPKEYSIG": "expired", "REVKEYSIG": "revoked"}
"""What GnuPG's status lines mean (doc/DETAILS of GnuPG)."""
_OLD = 6
"""Fields of an `ERRSIG` line of a GnuPG that does not tell the fingerprint yet."""


def given_approvals(
    repository: Repository, keys: Sequence[AllowedKey], plan: str, revisions: Collection[str]
) -> tuple[Given, ...]:
    """Return the approvals of *plan* in tags and commits, and those of other plans about *revisions*.

    Commits are looked for among *revisions* and on every branch that leads on from the newest of them, which is first.

    Raises:
        GitError: Objects are missing.
    """
    # Without a key that counts, no commit is worth the search through every branch; tags are found at once.
    found = [*_tags(repository, plan, revisions), *(_commits(repository, revisions) if keys else ())][:MOST]
    if not found:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        signers = Path(folder) / "allowed_signers"
        lines = [f'approver namespaces="git" {key.ssh}\n' for key in keys if key.ssh]
        signers.write_text("".join(lines), encoding="utf-8")
        return tuple(_verified(repository, keys, signers, one, content) for one, content in found)


def bring_in(repository: Repository, commit: Revision) -> None:
    """Fetch *commit* from `origin` when it is not here; a remote that does not give it leaves it missing."""
    if repository.ask("cat-file", "-e", f"{commit}^{{commit}}") is None:
        repository.ask("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", commit)


def bring_in_tags(repository: Repository, plan: str) -> None:
    """Fetch the tags that approve *plan* from `origin`; tags of this clone stay, and without a remote nothing comes."""
    refs = f"{TAGS}{plan.removeprefix('sha256:')[:SHOWN]}/*"
    if repository.ask("config", "remote.origin.url"):
        repository.ask("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", f"{refs}:{refs}")


def signing_key(repository: Repository) -> str:
    """Return what git signs with here: the key that is set up; empty for none. GPG takes one for the e-mail else."""
    is_ssh = (repository.ask("config", "gpg.format") or "openpgp") == "ssh"
    fallback = repository.ask("config", "gpg.ssh.defaultKeyCommand") if is_ssh else ""
    return repository.ask("config", "user.signingKey") or fallback or ""


def ssh_key_in(signed: bytes) -> str:
    """Return the fingerprint of the key that an SSH signature in *signed* names; empty without one.

    It says who claims to have signed, not that they did (format: OpenSSH PROTOCOL.sshsig).
    """
    _, begin, after = signed.partition(_SSH)
    try:
        blob = base64.b64decode(b"".join(after.partition(b"-----END")[0].split()), validate=True)
    except binascii.Error:
        return ""
    # The magic word, a version of 4 bytes, then the key with its length before it.
    length = int.from_bytes(blob[10:14], "big")
    key = blob[14 : 14 + length]
    return fingerprint(key) if begin and blob[:6] == b"SSHSIG" and length and len(key) == length else ""


def fingerprint(key: bytes) -> str:
    """Return the fingerprint of an SSH public key as `ssh-keygen -l` spells it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _tags(repository: Repository, plan: str, revisions: Collection[str]) -> Iterator[tuple[Given, bytes]]:
    form = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objectname)"
    wanted = plan.removeprefix("sha256:")[:SHOWN]
    for line in (repository.ask("for-each-ref", form, "--sort=refname", TAGS) or "").splitlines():
        ref, kind, id_, target = line.split("\0")
        named, name = ref.removeprefix(TAGS).partition("/")[0], ref.removeprefix("refs/tags/")
        if named != wanted and (target or id_) not in revisions:
            continue
        if kind != "tag":
            yield Given("tag", name, name, commit=id_, detail="it is not an annotated tag"), b""
            continue
        content = repository.run("cat-file", "tag", id_)
        headers, _, message = content.partition(b"\n\n")
        fields = dict(field.partition(b" ")[::2] for field in headers.split(b"\n"))
        tagger = fields.get(b"tagger", b"").rpartition(b">")[0] + b">"
        said = _said_in(message)
        by, where = tagger.decode("utf-8", "replace"), environment_named(said)
        given = Given("tag", name, by, plan_named(said), target, environment=where)
        if fields.get(b"tag", b"").decode("utf-8", "replace") != name:
            given = replace(given, detail="it was signed under another name")
        yield given, id_.encode() + b"\0" + content


def _said_in(message: bytes) -> list[tuple[str, str]]:
    """Return the pairs of key and value in a tag's message before its signature."""
    words = re.split(rb"^-----BEGIN ", message, maxsplit=1, flags=re.MULTILINE)[0].decode("utf-8", "replace")
    pairs = [line.partition(":")[::2] for line in words.splitlines()]
    return [(key.strip(), value.strip()) for key, value in pairs]


def _commits(repository: Repository, revisions: Collection[str]) -> Iterator[tuple[Given, bytes]]:
    if not revisions:
        return
    newest = next(iter(revisions))
    form = "--format=tformat:%H%x00%an <%ae>%x00%(trailers:only,unfold,separator=%x01)"
    options = ("--no-show-signature", "--no-color", "--encoding=UTF-8", "-i", "-E", f"--grep=^{TRAILER}:")
    spoken = repository.ask(
        "-c", "trailer.separators=:", "log", *options, f"--max-count={MOST}", form, newest, "--branches", "--remotes",
        *(f"^{r}^@" for r in list(revisions)[-1:]), "--",
    )  # fmt: skip
    lines = (spoken or "").splitlines()
    within = set(revisions)
    for line in lines:
        revision, author, trailers = line.split("\0")
        pairs = [t.partition(":")[::2] for t in trailers.split("\x01")]
        said = [(key.strip(), value.strip()) for key, value in pairs]
        plan = plan_named(said)
        is_after = revision in within or repository.ask("merge-base", "--is-ancestor", newest, revision) is not None
        if plan and is_after:
            content = repository.run("cat-file", "commit", revision)
            given = Given("commit", revision, author, plan, revision, environment=environment_named(said))
            yield given, revision.encode() + b"\0" + content


def _verified(repository: Repository, keys: Sequence[AllowedKey], signers: Path, given: Given, content: bytes) -> Given:
    """Return *given* with what git says of its signature."""
    id_, _, signed = content.partition(b"\0")
    if given.detail:
        return given
    is_ssh = _SSH in signed
    if not is_ssh and b"-----BEGIN PGP SIGNATURE-----" not in signed:
        return given
    verb = "verify-tag" if given.source == "tag" else "verify-commit"
    settings = (f"gpg.ssh.allowedSignersFile={signers}", "gpg.ssh.revocationFile=", "gpg.minTrustLevel=undefined")
    options = [word for setting in settings for word in ("-c", setting)]
    status, _, said = call(repository.root, (*options, verb, "--raw", id_.decode()))
    return _by_ssh(keys, given, signed, status, said) if is_ssh else _by_gpg(keys, given, status, said)


def _by_ssh(keys: Sequence[AllowedKey], given: Given, signed: bytes, status: int, said: str) -> Given:
    claimed = ssh_key_in(signed)
    own = next((k for k in keys if k.ssh and fingerprint(base64.b64decode(k.ssh.split(" ")[1])) == claimed), None)
    if own is None:
        return replace(given, status="unknown", key=claimed)
    found = _SIGNED_BY_SSH.search(said)
    if status or not found or found[2] != claimed:
        return replace(given, status="bad" if "ignature" in said else "unchecked", key=claimed)
    return replace(given, status="expired" if own.has_expired else "good", by=own.member, key=claimed)


def _by_gpg(keys: Sequence[AllowedKey], given: Given, status: int, said: str) -> Given:
    words = {found[1]: found[2].split() for found in _GPG_STATUS.finditer(said)}
    wrong = next((meaning for word, meaning in _GPG_WORDS.items() if word in words), "")
    valid = words.get("VALIDSIG", [])
    primary = valid[-1] if valid else ""
    own = next((k for k in keys if k.gpg and k.gpg == primary), None)
    if wrong or not valid:
        missing = "unknown" if {"NO_PUBKEY", "ERRSIG"} & words.keys() else "unchecked"
        # Of a key that is not in the keyring, GnuPG tells the fingerprint last, older ones the short id first.
        named = words.get("ERRSIG") or [""]
        return replace(given, status=wrong or missing, key=primary or (named[-1] if len(named) > _OLD else named[0]))
    if own is None or status:
        return replace(given, status="unknown", key=primary)
    return replace(given, status="expired" if own.has_expired else "good", by=own.member, key=primary)
