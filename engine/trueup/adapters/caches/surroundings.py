"""Everything around a plan, in one digest, found out in a few milliseconds: what a kept plan is kept under.

Too much is looked at rather than too little: all refs, the whole configuration of git, every file of this program and
of the state folder. A digest that changes for no reason costs a plan; one that stays the same would cost the truth.

Imports little and starts git without the module that everybody else uses: half of a start of Python would go into it.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from trueup.adapters.git.program import git_program, trusted_path
from trueup.adapters.git.safety import SAFE_OPTIONS, safe_environment

_VARIABLES = ("TRUEUP_", "GIT_", "LC_", "XDG_", "PYTHON")
_NAMED = (
    "HOME",
    "USER",
    "LOGNAME",
    "USERNAME",
    "PATH",
    "LANG",
    "TZ",
    "TERM",
    "CI",
    "COLUMNS",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
)
_MOST_ENTRIES = 5_000
"""Files of state that are looked at; a store of more is looked at by planning itself."""
_PASSING = ("locks", "cache", "journal", "orders", "targets", "store/locks", "store/digests.json")
"""Parts of the state folder that no plan of an environment that runs nothing depends on."""
_CHECKSUM_BYTES = 20


class CannotTellError(Exception):
    """What is around the plan cannot be told cheaply; planning itself has to."""


def words_digest(said: Iterable[str], variables: Mapping[str, str]) -> str:
    """Return a digest of a command line, *said*, and of the *variables* that may decide what it does."""
    digest = hashlib.sha256()
    for part in (*(text.encode("utf-8", "surrogateescape") for text in said), *_named(variables)):
        digest.update(b"%d\n" % len(part) + part)
    return digest.hexdigest()


def surroundings(
    root: str, environment: str, revisions: Sequence[str], said: Iterable[str], variables: Mapping[str, str]
) -> str:
    """Return a digest of everything that a plan of *environment* depends on, its day among it.

    Args:
        root: Folder of the project file and of the repository.
        environment: Name of the environment.
        revisions: What is planned, and its base, as the user names them; the first one empty for the work tree.
        said: Everything else that decides what is printed.
        variables: The variables of the process.

    Raises:
        CannotTellError: Something is other than usual: uncommitted changes, servers, a linked work tree.
    """
    try:
        digest = hashlib.sha256()
        for part in _parts(root, environment, revisions, said, variables):
            digest.update(b"%d\n" % len(part))
            digest.update(part)
    except (OSError, ValueError, AttributeError) as error:  # a system without `fork` has no `posix_spawn`
        raise CannotTellError(str(error)) from None
    return digest.hexdigest()


def _parts(
    root: str, environment: str, revisions: Sequence[str], said: Iterable[str], variables: Mapping[str, str]
) -> Iterator[bytes]:
    git, state = os.path.join(root, ".git"), os.path.join(root, ".trueup")
    if not os.path.isdir(git) or os.path.islink(git) or os.path.exists(os.path.join(git, "reftable")):
        raise CannotTellError("not a plain repository")
    if os.path.lexists(os.path.join(state, "targets", environment)):
        raise CannotTellError("something may run")
    yield from (text.encode("utf-8", "surrogateescape") for text in (root, environment, *revisions, *said))
    path = trusted_path(variables.get("PATH", os.defpath), root)
    yield from _asked(root, revisions, safe_environment(variables) | {"PATH": path, "GIT_ALLOW_PROTOCOL": "none"})
    for name in ("HEAD", "shallow", "info/exclude", "info/attributes", "info/grafts", "../trueup.yaml"):
        yield _content(os.path.join(git, name))
    yield _index_id(os.path.join(git, "index"))
    yield from _files(state, [os.path.join(state, name) for name in _PASSING])
    yield from _files(os.path.join(git, "trueup", "policies"))
    yield from _program()


@cache
def _program() -> tuple[bytes, ...]:
    """Return what tells this program, its libraries and its interpreter from any other, as it was at first."""
    who = repr((sys.version, sys.executable, sys.prefix, os.getuid(), os.uname())).encode()
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return (who, *map(_time_of, sys.path), *_files(package, most=100_000))


def _named(variables: Mapping[str, str]) -> Iterator[bytes]:
    for name in sorted(variables):
        if name.startswith(_VARIABLES) or name in _NAMED:
            yield f"{name}={variables[name]}".encode("utf-8", "surrogateescape")


def _files(folder: str, without: Sequence[str] = (), most: int = 0) -> Iterator[bytes]:
    """Yield path, size and times of every file below *folder*; what is made of sources by Python is left out."""
    waiting, count = [folder], 0
    while waiting:
        below = waiting.pop()
        try:
            entries = sorted(os.scandir(below), key=lambda e: e.name)
        except FileNotFoundError:
            yield b"none"
            continue
        for entry in entries:
            if entry.name == "__pycache__" or entry.path in without:
                continue
            count += 1
            if count > (most or _MOST_ENTRIES) or entry.is_symlink():
                raise CannotTellError("too many files, or some lie elsewhere")
            if entry.is_dir():
                waiting.append(entry.path)
            else:
                yield os.fsencode(entry.path) + _identity(entry.stat())


def _identity(status: os.stat_result) -> bytes:
    return b"\0%d:%d:%d:%d" % (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _time_of(path: str) -> bytes:
    try:
        return os.fsencode(path) + _identity(os.stat(path or "."))
    except OSError:
        return os.fsencode(path)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb", opener=_unfollowed) as file:
            return b"+" + file.read()
    except FileNotFoundError:
        return b""


def _unfollowed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)


def _index_id(path: str) -> bytes:
    """Return the checksum that an index ends with, which says all of it; nothing is an index without entries."""
    with open(path, "rb", opener=_unfollowed) as file:
        file.seek(-_CHECKSUM_BYTES, os.SEEK_END)
        checksum = file.read()
    if not any(checksum):
        raise CannotTellError("the index has no checksum")
    return checksum


def _asked(root: str, revisions: Sequence[str], variables: Mapping[str, str]) -> Iterator[bytes]:
    """Yield what git says: its configuration, all refs, where revisions lead, and that nothing is uncommitted."""
    names = [name for name in revisions if name]
    if any(name.startswith("-") or not name.isprintable() for name in names):
        raise CannotTellError("an odd revision")
    configuration = _answer(root, variables, "config", "--list", "--null")
    yield configuration
    yield _answer(root, variables, "for-each-ref", "--format=%(refname) %(objectname) %(symref)")
    for name in names:
        # What is checked out is in the refs, and a whole id says itself.
        if name != "HEAD" and not _is_id(name):
            yield _answer(root, variables, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not revisions[0]:
        shape = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
        if _answer(root, variables, *_filters_off(configuration), "status", *shape):
            raise CannotTellError("there are uncommitted changes")


def _is_id(name: str) -> bool:
    return len(name) in (40, 64) and not set(name) - set("0123456789abcdef")


def _filters_off(configuration: bytes) -> Iterator[str]:
    """Yield options that keep git from starting the programs of `filter.*`, as `work_tree.filters_off` does."""
    for setting in configuration.split(b"\0"):
        name = os.fsdecode(setting.partition(b"\n")[0])
        if name.startswith("filter."):
            yield f"--config-env={name}=LANGUAGE"


def _answer(root: str, variables: Mapping[str, str], *words: str) -> bytes:
    program = git_program(variables["PATH"])
    if program is None:
        raise CannotTellError("no git")
    reading, writing = os.pipe()
    try:
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, writing, 1)]
        actions += [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        command = [program, "-C", root, *SAFE_OPTIONS, *words]
        process = os.posix_spawn(program, command, variables, file_actions=actions)
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(process, 0)
    if status:
        raise CannotTellError("git does not say")
    return answer
