"""Why a process ended, from its exit code and the end of its log."""

import signal

from trueup.adapters.targets.process.launch import CANNOT_EXECUTE
from trueup.adapters.targets.process.supervision import Exit, Reason

ARTIFACT_EXIT = 71
MISSING_EXIT = 72
PORT_EXIT = 73
"""Exit codes that our own programs use; other runtimes are known by what they print."""

_BY_CODE = {
    ARTIFACT_EXIT: Reason.ARTIFACT,
    MISSING_EXIT: Reason.MISSING,
    PORT_EXIT: Reason.PORT,
    CANNOT_EXECUTE: Reason.MISSING,
    -signal.SIGKILL: Reason.MEMORY,
    128 + signal.SIGKILL: Reason.MEMORY,
}

_BY_TEXT = (
    ("address already in use", Reason.PORT),
    ("couldn't bind http server socket", Reason.PORT),
    ("no module named", Reason.MISSING),
    ("out of memory", Reason.MEMORY),
    ("memoryerror", Reason.MEMORY),
    ("failed to load model", Reason.ARTIFACT),
    ("safetensorerror", Reason.ARTIFACT),
    ("does not appear to have a file named", Reason.ARTIFACT),
)


def exit_of(code: int | None, log_tail: str) -> Exit:
    """Return why a process ended.

    Args:
        code: Its exit code as `subprocess` tells it; None when it was not our own child and nobody knows.
        log_tail: The last lines it printed.
    """
    text = log_tail.lower()
    reason = _BY_CODE.get(code) if code is not None else None
    if reason is None:
        reason = next((found for fragment, found in _BY_TEXT if fragment in text), Reason.DIED)
    return Exit(reason, f"{_how(code)}; its last log lines:\n{log_tail}" if log_tail else _how(code))


def _how(code: int | None) -> str:
    if code is None:
        return "the process is gone"
    if code < 0:
        return f"ended by signal {-code} ({_signal_name(-code)})"
    return f"ended with exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
