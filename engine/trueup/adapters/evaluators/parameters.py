"""Parameters of a task, under the task's own keys: a value of another kind is refused, never read as something else."""

from collections.abc import Collection

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.work import Task
from trueup.core.errors import PermanentError


def whole(task: Task, name: str, default: int, least: int = 1) -> int:
    """Return a whole number of at least *least*."""
    value = task.params.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or (value < least and value != default):
        raise _refusal(task, name, f"a whole number of at least {least}")
    return value


def share(task: Task, name: str, default: float) -> float:
    """Return a number from 0 to 1."""
    value = task.params.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _refusal(task, name, "a number from 0 to 1")
    return float(value)


def flag(task: Task, name: str, *, default: bool = False) -> bool:
    """Return true or false."""
    value = task.params.get(name, default)
    if not isinstance(value, bool):
        raise _refusal(task, name, "true or false")
    return value


def words(task: Task, name: str, default: str, allowed: Collection[str] = ()) -> str:
    """Return a text, one of *allowed* where there are any."""
    value = task.params.get(name, default)
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise _refusal(task, name, f"one of {', '.join(sorted(allowed))}" if allowed else "a text")
    return value


def _refusal(task: Task, name: str, kind: str) -> PermanentError:
    detail = f"`{name}` of the task `{task.name}` is {task.params.get(name)!r}; it must be {kind}."
    return PermanentError(codes.UNSUPPORTED, detail)
