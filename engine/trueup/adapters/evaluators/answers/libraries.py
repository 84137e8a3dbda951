"""Libraries of tasks, imported when a task is first used; the core has none of them."""

from importlib import import_module
from types import ModuleType

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError


def library(name: str, task: str, extra: str = "text") -> ModuleType:
    """Return the module *name*, which the extra *extra* installs.

    Raises:
        PermanentError: It is not installed, or broken (EVAL008).
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0].replace("_", "-")
        detail = f"`{task}` needs the library `{package}`: {error}."
        raise PermanentError(codes.NO_EXTRA, detail, hint=f"pip install 'trueup[{extra}]'") from error
