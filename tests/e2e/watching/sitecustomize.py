"""Notes what a Python process does: programs it starts, addresses it reaches, code of the clone that it runs.

Lies on the PYTHONPATH of the tests of forks and nowhere else. Children of trueup that take no variables are not seen
here; strace sees them.
"""

import atexit
import json
import os
import resource
import sys

_WATCH = os.environ.get("FORK_WATCH", "")
_CLONE = os.path.realpath(os.environ.get("FORK_CLONE", os.sep + "nowhere"))
_NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
_STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn")


def _note(**what: object) -> None:
    descriptor = os.open(_WATCH, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, (json.dumps(what) + "\n").encode())
    finally:
        os.close(descriptor)


def _hook(event: str, arguments: tuple) -> None:  # type: ignore[type-arg]
    if event == "exec":
        name = str(getattr(arguments[0], "co_filename", ""))
        if name.startswith(_CLONE) or (name[:1] not in ("<", "/", "") and os.path.exists(name)):
            _note(ran=name)
    elif event in _NETWORK:
        family = getattr(arguments[0], "family", None)
        if family is None or getattr(family, "name", "") != "AF_UNIX":
            _note(reached=f"{event}{arguments[1:]!r}")
    elif event in _STARTS:
        _note(program=os.fsdecode(arguments[0]))


def _end() -> None:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    _note(peak=peak * (1 if sys.platform == "darwin" else 1024))


if _WATCH:
    atexit.register(_end)
    sys.addaudithook(_hook)
