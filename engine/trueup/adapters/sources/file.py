"""`file:PATH`: files of this repository's work tree."""

from pathlib import Path

from trueup.adapters.sources import codes
from trueup.adapters.sources.folder import list_below, refuse_remote_access
from trueup.adapters.sources.source import Listing
from trueup.core.errors import PermanentError
from trueup.desired.state import Access


class FileSource:
    """Reads `file:` URIs: paths from the repository root, which they must not leave."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, uri: str, access: Access) -> Listing:
        """List the file or folder that *uri* names."""
        refuse_remote_access(uri, access)
        path = uri.removeprefix("file:")
        if path.startswith("//"):
            detail = f"`{uri}` looks like an address on this machine; a path from the repository root is meant."
            raise PermanentError(codes.BAD_URI, detail, hint="write `file:models/mine`")
        if path.strip("/.") == "":
            raise PermanentError(codes.BAD_URI, f"`{uri}` names no file.", hint="write `file:models/mine`")
        return list_below(self._root, path, uri)
