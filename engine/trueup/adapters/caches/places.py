"""Where caches lie: in git's own folder, where no commit can bring a file, unless the user says otherwise."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OFF = ("off", "0", "false", "no")


def is_off(asked: str) -> bool:
    """Tell whether what the user says of caches means that there are to be none."""
    return asked.lower() in _OFF


def cache_folder(common_dir: "Path", asked: str) -> "Path | None":
    """Return the folder of caches; None when they are switched off.

    Args:
        common_dir: Git's own folder.
        asked: What the user says: a folder, `off`, or nothing.
    """
    from pathlib import Path

    if is_off(asked):
        return None
    return Path(asked).absolute() if asked else common_dir / "trueup" / "cache"
