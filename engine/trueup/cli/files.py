"""Files that a command writes beside its output: whole or not at all."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trueup.cli.codes import OUTPUT_NOT_WRITTEN
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    from trueup.core.diagnostics import Diagnostic
    from trueup.plan.saved import SavedPlan


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """Raise when *path* could not be written, which is better known before the work than after.

    Raises:
        PermanentError: Its folder does not exist, it is a folder itself, or permission is missing.
    """
    folder = os.path.dirname(path) or "."
    reason = ""
    if not os.path.isdir(folder):
        reason = f"there is no folder {folder}"
    elif os.path.isdir(path):
        reason = "it is a folder"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        reason = "permission denied"
    if reason:
        raise PermanentError(OUTPUT_NOT_WRITTEN, f"{os.fspath(path)}: {reason}.")


def read_plan(path: str) -> "SavedPlan | Diagnostic":
    """Return the plan of a file, or why it holds none; never more is read than a plan can have."""
    from trueup.core.diagnostics import Diagnostic, Span
    from trueup.plan.codec import LARGEST_FILE_BYTES, read_saved_plan
    from trueup.plan.codes import UNREADABLE_PLAN

    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        return Diagnostic(UNREADABLE_PLAN, f"`{path}`: {error.strerror}.", Span(path), UNREADABLE_PLAN.remedy)
    return read_saved_plan(content, path)


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write *content* to *path*; what was there is replaced at once, or stays when writing fails.

    Raises:
        PermanentError: It cannot be written.
    """
    replace_file_with(path, (content,))


def replace_file_with(path: str | os.PathLike[str], pieces: Iterable[bytes]) -> None:
    """Write *pieces* to *path* as they come; what was there is replaced at the end, or stays when something fails.

    Raises:
        PermanentError: It cannot be written.
    """
    place = os.fspath(path)
    # A pipe or a device is written to, not replaced.
    part = place if os.path.exists(place) and not os.path.isfile(place) else f"{place}.{os.getpid()}.part"
    try:
        try:
            with open(part, "wb") as file:
                file.writelines(pieces)
            if part != place:
                os.replace(part, place)
        except BaseException:
            if part != place and os.path.exists(part):
                os.unlink(part)
            raise
    except OSError as error:
        raise PermanentError(OUTPUT_NOT_WRITTEN, f"{place}: {error.strerror}.") from error
