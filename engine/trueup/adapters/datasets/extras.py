"""Libraries of the extras `data` and `pii`, imported when a check first needs one."""

from importlib import import_module
from typing import Any

from trueup.adapters.datasets import codes
from trueup.core.errors import PermanentError


def library(name: str, what: str, extra: str = "data") -> Any:
    """Return the module *name*, which the extra *extra* installs.

    Raises:
        PermanentError: It is not installed, or broken (DATA003).
    """
    try:
        return import_module(name)
    except ImportError as error:
        detail = f"{what} needs the library `{name.partition('.')[0].replace('_', '-')}`: {error}."
        raise PermanentError(codes.NO_EXTRA, detail, hint=f"pip install 'trueup[{extra}]'") from error
