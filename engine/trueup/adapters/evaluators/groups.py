"""The groups of built-in tasks: each is imported when one of its tasks is declared, and no sooner."""

from collections.abc import Iterable

from trueup.adapters.evaluators.work import Group, Task


def groups() -> tuple[Group, ...]:
    """Return all groups whose tasks an Evaluation can ask for, the cheapest first."""
    from trueup.adapters.evaluators.answers.bias import BIAS
    from trueup.adapters.evaluators.answers.group import ANSWERS
    from trueup.adapters.evaluators.answers.judging import JUDGE
    from trueup.adapters.evaluators.answers.probing import PROBES
    from trueup.adapters.evaluators.likelihood.group import LIKELIHOOD
    from trueup.adapters.evaluators.load.group import LOAD

    return tuple(sorted((ANSWERS, PROBES, BIAS, JUDGE, LIKELIHOOD, LOAD), key=lambda group: group.cost))


def group_of(name: str) -> Group | None:
    """Return the group of the task called *name*; None when nothing built in is called so."""
    return next((g for g in groups() if name in g.tasks), None)


def task_names() -> tuple[str, ...]:
    """Return the names of all built-in tasks, sorted."""
    return tuple(sorted(name for g in groups() for name in g.tasks))


def grouped(tasks: Iterable[Task]) -> tuple[tuple[Group, tuple[Task, ...]], ...]:
    """Return the groups that *tasks* belong to, each with its tasks in their order, the cheapest group first."""
    from trueup.adapters.evaluators.answers.prompt_testing import PROMPT_TESTS

    wanted = tuple(tasks)
    pairs = ((g, tuple(t for t in wanted if t.name in g.tasks)) for g in (PROMPT_TESTS, *groups()))
    return tuple((g, own) for g, own in pairs if own)
