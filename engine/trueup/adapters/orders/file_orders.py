"""Orders as files: one for each deployment, replaced as a whole, removed by whoever takes it."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from trueup.adapters.orders.codes import ORDER_NOT_WRITABLE
from trueup.core.errors import PermanentError


class FileOrders:
    """`Orders` over files in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def give(self, environment: str, deployment: str, order: str) -> None:
        """Leave *order* for the rollout of *deployment*, in place of one that was not taken yet.

        Raises:
            PermanentError: It cannot be written.
        """
        path = self._path(environment, deployment)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(order, encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise PermanentError(ORDER_NOT_WRITABLE, f"`{path}`: {error.strerror}.") from error

    def take(self, environment: str, deployment: str) -> str:
        """Return the order that was left and forget it; empty when there is none."""
        path = self._path(environment, deployment)
        try:
            order = path.read_text(encoding="utf-8")
            path.unlink()
        except OSError:
            return ""
        return order

    def _path(self, environment: str, deployment: str) -> Path:
        return self._folder / quote(environment, safe="") / quote(deployment, safe="")
