"""Approvals signed with real keys: SSH and GPG, through git itself."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from repositories import commit, git, repository
from trueup.adapters.git.approvals import (
    bring_in,
    bring_in_tags,
    fingerprint,
    given_approvals,
    signing_key,
    ssh_key_in,
)
from trueup.adapters.git.commits import change_facts
from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.policy.facts.approving import AllowedKey, Given

PLAN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
GRACE = "grace@example.com"


@dataclass(frozen=True)
class Key:
    path: Path
    public: str

    def allowed(self, member: str = GRACE, **more: bool) -> AllowedKey:
        return AllowedKey(member, ssh=self.public, **more)

    @property
    def signing(self) -> tuple[str, ...]:
        return ("-c", "gpg.format=ssh", "-c", f"user.signingKey={self.path}")


def new_key(path: Path) -> Key:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return Key(path, " ".join(path.with_suffix(".pub").read_text().split()[:2]))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, Key]:
    folder = tmp_path_factory.mktemp("keys")
    return new_key(folder / "grace"), new_key(folder / "linus")


@pytest.fixture
def made(tmp_path: Path) -> Repository:
    return repository(tmp_path / "repo", {"a": b"1"})


def head(made: Repository) -> str:
    return git(made.root, "rev-parse", "HEAD")


def tag(made: Repository, key: Key | None, name: str = "aaaaaaaaaaaa/grace", plan: str = PLAN) -> None:
    signing = (*key.signing, "tag", "--sign") if key else ("tag", "--annotate")
    git(made.root, *signing, "-m", f"Approve\n\nTrueup-Approve: {plan}", f"trueup/approve/{name}")


def only(made: Repository, *allowed: AllowedKey) -> Given:
    (found,) = given_approvals(made, allowed, PLAN, [head(made)])
    return found


def test_a_tag_signed_by_an_allowed_key_is_good_and_its_key_says_whose_it_is(made: Repository, keys) -> None:
    tag(made, keys[0])
    found = only(made, keys[0].allowed(), keys[1].allowed("linus@example.com"))
    assert (found.status, found.by, found.plan, found.source) == ("good", GRACE, PLAN, "tag")
    assert (found.name, found.commit) == ("trueup/approve/aaaaaaaaaaaa/grace", head(made))
    assert found.key.startswith("SHA256:")


def test_the_fingerprint_is_the_one_that_ssh_keygen_tells(made: Repository, keys) -> None:
    tag(made, keys[0])
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{keys[0].path}.pub"], check=True, capture_output=True, text=True
    ).stdout
    assert only(made, keys[0].allowed()).key == said.split()[1]


@pytest.mark.parametrize("member", ["*", "!x,*", "a b", "grace@example.com,*"])
def test_a_member_is_no_pattern_for_signers(made: Repository, keys, member: str) -> None:
    tag(made, keys[1])
    assert only(made, keys[0].allowed(member)).status == "unknown"


def test_a_key_that_is_not_allowed_is_unknown_whatever_the_users_own_signers_say(made: Repository, keys) -> None:
    tag(made, keys[1])
    signers = made.root / "signers"
    signers.write_text(f"* {keys[1].public}\n")
    git(made.root, "config", "gpg.ssh.allowedSignersFile", str(signers))
    found = only(made, keys[0].allowed())
    assert (found.status, found.by) == ("unknown", "Ada <ada@example.com>")
    assert only(made).status == "unknown"


def test_a_key_after_its_last_day_is_expired(made: Repository, keys) -> None:
    tag(made, keys[0])
    assert only(made, keys[0].allowed(has_expired=True)).status == "expired"


def test_a_tag_without_signature_is_not_signed(made: Repository, keys) -> None:
    tag(made, None)
    assert only(made, keys[0].allowed()).status == "none"


def retold(made: Repository, before: bytes, after: bytes, name: str = "aaaaaaaaaaaa/grace") -> None:
    """Write the tag again with other bytes, as somebody without the key can."""
    content = made.run("cat-file", "tag", f"refs/tags/trueup/approve/{name}")
    assert before in content
    changed = made.run("hash-object", "-t", "tag", "-w", "--stdin", stdin=content.replace(before, after))
    git(made.root, "update-ref", f"refs/tags/trueup/approve/{name}", changed.decode().strip())


def test_a_signed_message_that_was_changed_is_bad(made: Repository, keys) -> None:
    tag(made, keys[0], plan=OTHER)
    retold(made, OTHER.encode(), PLAN.encode())
    found = only(made, keys[0].allowed())
    assert (found.status, found.plan) == ("bad", PLAN)


def test_a_tag_under_another_name_says_so(made: Repository, keys) -> None:
    tag(made, keys[0])
    git(
        made.root,
        "update-ref",
        "refs/tags/trueup/approve/aaaaaaaaaaaa/linus",
        "refs/tags/trueup/approve/aaaaaaaaaaaa/grace",
    )
    found = given_approvals(made, [keys[0].allowed()], PLAN, [])
    assert [f.detail for f in found] == ["", "it was signed under another name"]


def test_a_lightweight_tag_is_no_approval(made: Repository, keys) -> None:
    git(made.root, "tag", "trueup/approve/aaaaaaaaaaaa/grace")
    assert only(made, keys[0].allowed()).detail == "it is not an annotated tag"


def test_words_after_the_signature_name_no_plan(made: Repository, keys) -> None:
    tag(made, keys[0], plan="nothing")
    retold(
        made, b"-----END SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\nTrueup-Approve: " + PLAN.encode() + b"\n"
    )
    assert only(made, keys[0].allowed()).plan == ""


def test_approvals_of_other_plans_are_told_only_of_the_commits_of_the_change(made: Repository, keys) -> None:
    tag(made, keys[0], "bbbbbbbbbbbb/grace", OTHER)
    (found,) = given_approvals(made, [keys[0].allowed()], PLAN, [head(made)])
    assert (found.plan, found.status) == (OTHER, "good")
    commit(made.root, {"a": b"2"})
    assert given_approvals(made, [keys[0].allowed()], PLAN, [head(made)]) == ()


def test_a_signed_commit_that_names_the_plan_approves_it(made: Repository, keys) -> None:
    change = head(made)
    git(made.root, "checkout", "--quiet", "-b", "approval")
    message = f"Approve\n\nTrueup-Approve: {PLAN}"
    git(made.root, *keys[0].signing, "commit", "--quiet", "--allow-empty", "-S", "-m", message)
    for revisions in ([change], [head(made), change]):  # on a branch that leads on from the change, or its last commit
        (found,) = given_approvals(made, [keys[0].allowed()], PLAN, revisions)
        assert (found.source, found.status, found.by, found.commit) == ("commit", "good", GRACE, head(made))


def test_a_commit_without_signature_is_not_signed(made: Repository, keys) -> None:
    git(made.root, "commit", "--quiet", "--allow-empty", "-m", f"Approve\n\nTrueup-Approve: {PLAN}")
    assert only(made, keys[0].allowed()).status == "none"


def test_a_commit_on_a_branch_aside_approves_nothing(made: Repository, keys) -> None:
    git(made.root, "checkout", "--quiet", "-b", "aside")
    git(made.root, "commit", "--quiet", "--allow-empty", "-m", f"Approve\n\nTrueup-Approve: {PLAN}")
    git(made.root, "checkout", "--quiet", "main")
    commit(made.root, {"a": b"2"})
    assert given_approvals(made, [keys[0].allowed()], PLAN, [head(made)]) == ()


def test_the_key_that_signed_a_commit_is_known_without_any_signers(made: Repository, keys) -> None:
    git(made.root, *keys[0].signing, "commit", "--quiet", "--allow-empty", "-S", "-m", "Signed")
    facts = change_facts(made, head(made), "Ada")
    tag(made, keys[0])
    assert facts.signature.key == only(made, keys[0].allowed()).key
    assert facts.signature.status == "unknown"


@pytest.mark.parametrize(
    "block",
    [b"", b"-----BEGIN SSH SIGNATURE-----\n!!!!!\n-----END", b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END"],
)
def test_a_signature_that_cannot_be_read_names_no_key(block: bytes) -> None:
    assert ssh_key_in(block) == ""


def test_a_fingerprint_has_no_padding() -> None:
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


@dataclass(frozen=True)
class Keyring:
    home: Path
    fingerprint: str


@contextmanager
def new_keyring(expires: str = "1d") -> Iterator[Keyring]:
    if shutil.which("gpg") is None:
        pytest.skip("GPG APPROVALS ARE NOT TESTED: there is no gpg on this machine")
    # A path that is short enough for the socket of its agent.
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    home.chmod(0o700)
    words = ("--passphrase", "", "--quick-gen-key", f"Grace <{GRACE}>", "ed25519", "sign", expires)
    subprocess.run(["gpg", "--homedir", str(home), "--batch", "--quiet", *words], check=True)
    listed = gpg(home, "--with-colons", "--list-keys")
    found = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    try:
        yield Keyring(home, found)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def gpg(home: Path, *words: str) -> str:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def keyring() -> Iterator[Keyring]:
    with new_keyring() as made:
        yield made


def by_gpg(made: Repository, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "GNUPGHOME", str(keyring.home))
    git(
        made.root, "-c", f"user.signingKey={keyring.fingerprint}", "tag", "--sign",
        "-m", f"Approve\n\nTrueup-Approve: {PLAN}", "trueup/approve/aaaaaaaaaaaa/grace",
    )  # fmt: skip


@pytest.mark.timeout(20)
def test_gpg_signatures_count_by_the_fingerprint_that_is_allowed(made: Repository, keyring, monkeypatch) -> None:
    by_gpg(made, keyring, monkeypatch)
    found = only(made, AllowedKey(GRACE, gpg=keyring.fingerprint))
    assert (found.status, found.by, found.key) == ("good", GRACE, keyring.fingerprint)
    assert only(made, AllowedKey(GRACE, gpg=keyring.fingerprint, has_expired=True)).status == "expired"
    other = only(made, AllowedKey(GRACE, gpg="A" * 40))
    assert (other.status, other.by) == ("unknown", "Ada <ada@example.com>")
    monkeypatch.setitem(os.environ, "GNUPGHOME", str(made.root))
    elsewhere = only(made, AllowedKey(GRACE, gpg=keyring.fingerprint))
    assert (elsewhere.status, elsewhere.key) == ("unknown", keyring.fingerprint), "no keyring here has the key"


@pytest.mark.timeout(20)
def test_a_message_changed_after_gpg_signed_it_is_bad(made: Repository, keyring, monkeypatch) -> None:
    by_gpg(made, keyring, monkeypatch)
    retold(made, b"Approve\n", b"approve\n")
    assert only(made, AllowedKey(GRACE, gpg=keyring.fingerprint)).status == "bad"


@pytest.mark.timeout(30)
def test_a_gpg_key_that_has_expired_since_does_not_count(made: Repository, monkeypatch) -> None:
    with new_keyring("seconds=3") as brief:
        by_gpg(made, brief, monkeypatch)
        allowed = AllowedKey(GRACE, gpg=brief.fingerprint)
        end = time.monotonic() + 20
        while (found := only(made, allowed)).status == "good" and time.monotonic() < end:
            time.sleep(0.5)
        assert (found.status, found.key) == ("expired", brief.fingerprint)


@pytest.mark.timeout(30)
def test_a_gpg_key_that_was_revoked_since_does_not_count(made: Repository, monkeypatch) -> None:
    with new_keyring() as lost:
        by_gpg(made, lost, monkeypatch)
        certificate = lost.home / "openpgp-revocs.d" / f"{lost.fingerprint}.rev"
        # GnuPG puts a colon before the first line so that nobody revokes by mistake.
        certificate.write_text(certificate.read_text().replace(":-----BEGIN", "-----BEGIN"))
        gpg(lost.home, "--import", str(certificate))
        found = only(made, AllowedKey(GRACE, gpg=lost.fingerprint))
        assert (found.status, found.key) == ("revoked", lost.fingerprint)


def test_a_tag_names_its_environment_for_people(made: Repository, keys) -> None:
    message = f"Approve\n\nTrueup-Approve: {PLAN}\nTrueup-Environment: prod"
    git(made.root, *keys[0].signing, "tag", "--sign", "-m", message, "trueup/approve/aaaaaaaaaaaa/grace")
    assert only(made, keys[0].allowed()).environment == "prod"


def test_a_tag_that_was_made_for_another_plan_does_not_count_when_it_is_copied(made: Repository, keys) -> None:
    tag(made, keys[0], "bbbbbbbbbbbb/grace", OTHER)
    source = "refs/tags/trueup/approve/bbbbbbbbbbbb/grace"
    git(made.root, "update-ref", "refs/tags/trueup/approve/aaaaaaaaaaaa/grace", source)
    copied, _ = given_approvals(made, [keys[0].allowed()], PLAN, [head(made)])
    assert copied.detail == "it was signed under another name"


def test_what_git_signs_with_is_told(made: Repository) -> None:
    assert signing_key(made) == ""
    git(made.root, "config", "gpg.format", "ssh")
    assert signing_key(made) == ""
    git(made.root, "config", "gpg.ssh.defaultKeyCommand", "ssh-add -L")
    assert signing_key(made) == "ssh-add -L"
    git(made.root, "config", "user.signingKey", "~/.ssh/id_ed25519")
    assert signing_key(made) == "~/.ssh/id_ed25519"


def test_tags_of_the_plan_are_brought_in_from_the_remote_and_others_are_not(made: Repository, keys, tmp_path) -> None:
    git(tmp_path, "clone", "--quiet", str(made.root), "reviewer")
    reviewer = Repository.discover(tmp_path / "reviewer")
    tag(reviewer, keys[0])
    tag(reviewer, keys[0], "bbbbbbbbbbbb/grace", OTHER)
    bring_in_tags(made, PLAN)  # without a remote nothing comes
    git(made.root, "remote", "add", "origin", str(reviewer.root))
    assert given_approvals(made, [keys[0].allowed()], PLAN, [head(made)]) == ()
    bring_in_tags(made, PLAN)
    assert git(made.root, "tag").splitlines() == ["trueup/approve/aaaaaaaaaaaa/grace"]
    assert only(made, keys[0].allowed()).status == "good"


def test_a_commit_is_brought_in_when_the_remote_gives_it(made: Repository, tmp_path) -> None:
    git(tmp_path, "clone", "--quiet", str(made.root), "reviewed")
    there = tmp_path / "reviewed"
    approved = Revision(commit(there, {"a": b"3"}))
    git(there, "update-ref", "refs/pull/1/head", approved)
    git(made.root, "remote", "add", "origin", str(there))
    bring_in(made, Revision("9" * 40))
    assert made.ask("cat-file", "-e", approved) is None
    bring_in(made, approved)
    assert made.ask("cat-file", "-e", approved) is not None
    bring_in(made, approved)
