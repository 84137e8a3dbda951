"""Codes of the lock."""

from trueup.core.diagnostics import Code

LOCK_HELD = Code(
    "LED040",
    "Another run holds the lock of the environment",
    "One run at a time changes an environment, so that two runs cannot undo each other's steps.",
    "Wait for it, or give a longer `--lock-timeout`. The lock of a process that was killed is free at once.",
)
LOCK_UNAVAILABLE = Code(
    "LED041",
    "The lock cannot be taken",
    "The lock file cannot be written, or its file system does not lock files.",
    "Make the folder writable, or put it on a local file system.",
)

CODES = (LOCK_HELD, LOCK_UNAVAILABLE)
