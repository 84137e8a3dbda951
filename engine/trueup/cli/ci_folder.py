"""The folder that a run leaves behind, and how it is read again by somebody who trusts none of it."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.pipelines import codes
from trueup.cli.files import replace_file
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    from trueup.cli.views.ci_report import CiReport

COMMENT, SUMMARY, TEXT = "comment.md", "summary.md", "report.txt"
SARIF, JUNIT, FACTS, VARIABLES = "results.sarif", "junit.xml", "ci.json", "outputs.env"
PLANS = "plans"
_PLAN_END = ".plan.json"


def open_folder(path: str, root: Path) -> Path:
    """Return the folder at *path*, made and without plans of an earlier run.

    Raises:
        PermanentError: It leads elsewhere: the repository at *root* is what a pull request wrote.
    """
    place = Path(os.path.abspath(path))
    real = Path(os.path.realpath(place))
    home = next((f for f in (place, *place.parents) if os.path.realpath(f) == str(root)), None)
    if home is not None and real != root / place.relative_to(home):
        raise PermanentError(codes.UNSAFE_FOLDER, f"`{path}` leads to `{real}`.")
    folder = real
    try:
        (folder / PLANS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PermanentError(codes.UNSAFE_FOLDER, f"`{path}`: {error.strerror}.") from error
    if (folder / PLANS).is_symlink():
        raise PermanentError(codes.UNSAFE_FOLDER, f"`{path}/{PLANS}` is a link.")
    for old in (folder / PLANS).glob(f"*{_PLAN_END}"):
        _require_plain(old)
        old.unlink()
    return folder


def write_file(folder: Path, name: str, content: str | bytes) -> None:
    """Write one file of the folder, whole or not at all.

    Raises:
        PermanentError: Something else lies there, or it cannot be written.
    """
    _require_plain(folder / name)
    replace_file(folder / name, content if isinstance(content, bytes) else content.encode(errors="replace"))


def write_reports(folder: Path, texts: Mapping[str, str], report: "CiReport") -> None:
    """Write the reports by name, and the plans."""
    from trueup.plan.codec import write_saved_plan

    for name, text in texts.items():
        write_file(folder, name, text if text.endswith("\n") else text + "\n")
    for environment in report.environments:
        if environment.plan is not None:
            write_file(folder, environment.file, write_saved_plan(environment.plan.saved))


def read_text(folder: Path, name: str, most: int) -> str:
    """Return a file of a folder that somebody else wrote; a link, a device or too much is refused.

    Raises:
        PermanentError: It is no plain text file of at most *most* bytes.
    """
    place = folder / name
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PermanentError(codes.UNSAFE_COMMENT, f"`{place}` is no plain file.")
            content = file.read(most + 1)
            if len(content) > most:
                raise PermanentError(codes.UNSAFE_COMMENT, f"`{place}` has more than {most:,} bytes.")
            return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise PermanentError(codes.UNSAFE_COMMENT, f"`{place}` cannot be read: {why}.") from error


def _require_plain(place: Path) -> None:
    if os.path.lexists(place) and not stat.S_ISREG(os.lstat(place).st_mode):
        raise PermanentError(codes.UNSAFE_FOLDER, f"`{place}` is no plain file.")
