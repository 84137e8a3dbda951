"""Traps in what git reads: configuration, hooks, attributes, signatures, submodules, and programs called `git`."""

from __future__ import annotations

from build_machine import Machine
from fork_traps import Act, Trap, commit, python, shell

from repositories import git

PAGED = "import pty; pty.spawn(['git', 'log', '-1'])"


def _configured(*pairs: tuple[str, str]) -> Act:
    """Return what sets configuration of the clone; `{touch}` stands for what leaves the canary."""

    def arm(machine: Machine) -> None:
        commit(machine)
        script = machine.script(machine.folder / "bin" / "configured")
        for key, value in pairs:
            machine.clone.git("config", key, value.format(touch=script, port=machine.listener.port))

    return arm


def _hooks(machine: Machine) -> None:
    for name in ("post-index-change", "post-checkout", "pre-commit", "reference-transaction", "pre-auto-gc"):
        machine.script(machine.clone.folder / "githooks" / name)
        machine.script(machine.clone.folder / ".git" / "hooks" / name)
    commit(machine)
    machine.clone.git("config", "core.hooksPath", "githooks")
    machine.reset()


def _included(machine: Machine) -> None:
    script = machine.script(machine.folder / "bin" / "configured")
    machine.clone.write("evil.gitconfig", f"[core]\n\tfsmonitor = {script}\n")
    commit(machine)
    machine.clone.git("config", "include.path", "../evil.gitconfig")


def _filters(machine: Machine) -> None:
    """A driver that the machine has for other repositories; the attributes come with the pull request."""
    script = machine.script(machine.folder / "bin" / "driver", "cat\n")
    (machine.home / ".gitconfig").write_text(
        f'[filter "lfs"]\n\tclean = {script}\n\tsmudge = {script}\n\trequired = true\n'
        f'[filter "once"]\n\tprocess = {script}\n'
    )
    machine.clone.write(".gitattributes", "*.yaml filter=lfs\n*.txt filter=once\n")
    commit(machine)


def _differs(machine: Machine) -> None:
    machine.clone.write(".gitattributes", "*.yaml diff=shown\n*.txt diff=shown\n")
    machine.clone.write("notes.txt", "one\n")
    machine.clone.commit()
    machine.clone.write("notes.txt", "two\n")
    _configured(("diff.external", "{touch}"), ("diff.shown.textconv", "{touch}"), ("diff.shown.command", "{touch}"))(
        machine
    )


def _missing(machine: Machine) -> None:
    """The clone says that what it lacks is to be fetched by a program."""
    _configured(
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "ext::{touch}"),
        ("protocol.ext.allow", "always"),
    )(machine)
    machine.clone.write("spec/models/more.yaml", "# nothing\n")
    commit(machine)
    blob = machine.clone.git("rev-parse", "HEAD:spec/models/more.yaml")
    (machine.clone.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (machine.clone.folder / "spec/models/more.yaml").unlink()


def _signed(machine: Machine, kind: str) -> None:
    commit(machine)
    text = machine.clone.git("cat-file", "commit", "HEAD")
    head, _, message = text.partition("\n\n")
    signature = f"gpgsig -----BEGIN {kind}-----\n \n AAAA\n -----END {kind}-----"
    made = git(
        machine.clone.folder,
        *("hash-object", "-t", "commit", "-w", "--stdin"),
        stdin=f"{head}\n{signature}\n\n{message}\n".encode(),
    )
    machine.clone.git("reset", "--quiet", "--soft", made)


def _signed_for_a_program(machine: Machine) -> None:
    _signed(machine, "PGP SIGNATURE")
    script = machine.script(machine.folder / "bin" / "configured")
    for key in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program"):
        machine.clone.git("config", key, str(script))
    machine.clone.git("config", "log.showSignature", "true")


def _signed_without_a_keyring(machine: Machine) -> None:
    """GnuPG makes its folder in the home of whoever asks it first."""
    _signed(machine, "PGP SIGNATURE")


def _signed_with_a_certificate(machine: Machine) -> None:
    """Stands for gpgsm, which asks the address that the certificate names whether it was revoked."""
    call = f"import urllib.request as r; r.urlopen('{machine.listener.url}/revoked')"
    machine.script(machine.folder / "bin" / "gpgsm", f'exec python3 -c "{call}"\n')
    _signed(machine, "SIGNED MESSAGE")


def _submodule(machine: Machine) -> None:
    inner = machine.folder / "inner"
    git(machine.folder, "init", "--quiet", "inner")
    (inner / "file.yaml").write_text("a: 1\n")
    git(inner, "add", "--all")
    git(inner, "commit", "--quiet", "--message=First")
    machine.clone.git("submodule", "--quiet", "add", str(inner), "spec/vendored")
    commit(machine)
    script = machine.script(machine.folder / "bin" / "configured", "cat\n")
    vendored = machine.clone.folder / "spec/vendored"
    git(vendored, "config", "core.fsmonitor", str(script))
    git(vendored, "config", "filter.inner.clean", str(script))
    (vendored / ".gitattributes").write_text("*.yaml filter=inner\n")
    machine.clone.write("README.md", "changed\n")  # who changed what is asked of a work tree with changes, too
    machine.reset()


def _submodule_address(machine: Machine) -> None:
    script = machine.script(machine.folder / "bin" / "configured")
    machine.clone.write(
        ".gitmodules",
        f'[submodule "a"]\n\tpath = spec/a\n\turl = ext::{script}\n'
        f'[submodule "b"]\n\tpath = spec/b\n\turl = {machine.listener.url}/b.git\n',
    )
    head = machine.clone.head()
    for name in ("spec/a", "spec/b"):
        machine.clone.git("update-index", "--add", "--cacheinfo", f"160000,{head},{name}")
    machine.clone.git("add", ".gitmodules")
    machine.clone.git("commit", "--quiet", "--message=Bring submodules")


def _bare_within(machine: Machine) -> None:
    """A folder that git takes for a repository: whoever stands in it obeys its configuration."""
    script = machine.script(machine.folder / "bin" / "configured")
    inner = machine.clone.folder / "spec" / "bare"
    for folder in ("objects", "refs", "worktree"):
        (inner / folder).mkdir(parents=True)
        (inner / folder / ".keep").write_text("")
    (inner / "HEAD").write_text("ref: refs/heads/main\n")
    (inner / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = worktree\n\tfsmonitor = {script}\n"
    )
    commit(machine)
    machine.start_in = "spec/bare"


def _programs(machine: Machine, folder: str) -> None:
    for name in ("git", "opa", "gpg", "ssh", "python3", "uname", "sh", "regal", "conftest"):
        machine.script(machine.clone.folder / folder / name)
    commit(machine)


def _relative_path(machine: Machine) -> None:
    _programs(machine, "tools")
    machine.path = f"tools::.:{machine.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"


def _path_into_the_clone(machine: Machine) -> None:
    _programs(machine, "node_modules/.bin")
    inside = machine.clone.folder / "node_modules/.bin"
    machine.path = f"{inside}:{machine.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"


STATUS = "git status; git diff; git update-index --refresh"
GIT_TRAPS = (
    Trap("fsmonitor", _configured(("core.fsmonitor", "{touch}")), shell(STATUS)),
    Trap("hooks", _hooks, shell("git checkout --quiet -b other; git commit --allow-empty -m x")),
    Trap("included-configuration", _included, shell(STATUS)),
    Trap("filter-drivers", _filters, shell(STATUS)),
    Trap("diff-drivers", _differs, shell("git log -p -2 --ext-diff; git diff HEAD~1")),
    Trap(
        "pager", _configured(("core.pager", "{touch}"), ("pager.log", "true")), lambda machine: python(machine, PAGED)
    ),
    Trap("alias", _configured(("alias.check", "!{touch}")), shell("git check")),
    Trap(
        "ssh-command",
        _configured(("core.sshCommand", "{touch}"), ("remote.origin.url", "ssh://h/x")),
        shell("git fetch"),
    ),
    Trap("upload-pack", _configured(("remote.origin.uploadpack", "{touch}")), shell("git fetch")),
    Trap(
        "promised-objects",
        _missing,
        shell("GIT_NO_LAZY_FETCH=0 git cat-file -p HEAD:spec/models/more.yaml"),
        (0, 1),
        "GIT015",
    ),
    Trap("signature-program", _signed_for_a_program, shell("git log -1")),
    Trap("signature-keyring", _signed_without_a_keyring, shell("git log -1 --format=%G?")),
    Trap("signature-certificate", _signed_with_a_certificate, shell("git log -1 --format=%G?")),
    Trap("submodule", _submodule, shell("git status")),
    Trap(
        "submodule-address",
        _submodule_address,
        shell("git -c protocol.ext.allow=always submodule update --init spec/a; git submodule update --init spec/b"),
    ),
    Trap("bare-repository-within", _bare_within, shell("git status")),
    Trap("programs-on-a-relative-path", _relative_path, shell("git --version; opa version")),
    Trap("programs-on-a-path-into-the-clone", _path_into_the_clone, shell("git --version; opa version")),
)
