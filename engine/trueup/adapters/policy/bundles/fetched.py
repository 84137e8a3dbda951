"""What was fetched, kept by its pin: one file a bundle, whole or not there, its bytes checked when it is read."""

import base64
import json
from pathlib import Path

from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import BundleError, Files
from trueup.adapters.whole_files import replace_file
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.spec.bundles import BundlePin


class FetchedBundles:
    """A folder of fetched bundles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, pin: BundlePin) -> bool:
        """Tell whether *pin* was fetched."""
        return self._path(pin).is_file()

    def read(self, pin: BundlePin) -> Files:
        """Return the files of *pin*.

        Raises:
            BundleError: It was not fetched, or what lies here was changed.
        """
        try:
            kept = json.loads(self._path(pin).read_bytes())
            files = [(path, base64.b64decode(text, validate=True)) for path, text in kept["files"]]
            if digest_of(kept["files"]) == kept["digest"]:
                return files
        except FileNotFoundError:
            detail = f"`{pin.name}` ({pin.source}) is not on this machine."
            raise BundleError(codes.NOT_FETCHED, detail, hint=codes.NOT_FETCHED.remedy) from None
        except (OSError, ValueError, KeyError, TypeError):
            pass  # said below
        detail = f"`{pin.name}` lies in `{self._path(pin)}` and is damaged."
        raise BundleError(codes.NOT_FETCHED, detail, hint=codes.NOT_FETCHED.remedy)

    def fetch(self, pin: BundlePin) -> int:
        """Bring *pin* here and return the number of its files.

        Raises:
            BundleError: It cannot be had, or it is not what the pin says.
        """
        from trueup.adapters.policy.bundles.fetching import fetch

        files = fetch(pin)
        self.keep(pin, files)
        return len(files)

    def keep(self, pin: BundlePin, files: Files) -> None:
        """Keep *files* as what *pin* names."""
        spelled: list[Json] = [[path, base64.b64encode(content).decode()] for path, content in sorted(files)]
        self._folder.mkdir(parents=True, exist_ok=True)
        kept: Json = {"pin": pin.to_json(), "digest": digest_of(spelled), "files": spelled}
        replace_file(self._path(pin), json.dumps(kept).encode())

    def _path(self, pin: BundlePin) -> Path:
        return self._folder / f"{digest_of(pin.to_json()).removeprefix('sha256:')}.json"
