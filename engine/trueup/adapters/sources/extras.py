"""Libraries of sources, imported when a source is first used; the core has none of them."""

from importlib import import_module
from types import ModuleType

from trueup.adapters.sources import codes
from trueup.core.errors import PermanentError


def library(name: str, extra: str, scheme: str) -> ModuleType:
    """Return the library *name*, which the extra *extra* installs.

    Raises:
        PermanentError: It is not installed, or broken (ART111).
    """
    try:
        return import_module(name)
    except ImportError as error:
        detail = f"`{scheme}` needs the library `{name.replace('_', '-')}`: {error}."
        raise PermanentError(codes.NO_EXTRA, detail, hint=f"pip install 'trueup[{extra}]'") from error
