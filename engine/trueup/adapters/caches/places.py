"""Where caches lie: in git's own folder, where no commit can bring a file, unless the user says otherwise."""

from pathlib import Path

OFF = ("off", "0", "false", "no")


def cache_folder(common_dir: Path, asked: str) -> Path | None:
    """Return the folder of caches; None when they are switched off.

    Args:
        common_dir: Git's own folder.
        asked: What the user says: a folder, `off`, or nothing.
    """
    if asked.lower() in OFF:
        return None
    return Path(asked).absolute() if asked else common_dir / "trueup" / "cache"
