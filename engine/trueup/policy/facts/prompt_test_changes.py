"""What a change drops of the tests of the prompts that it releases.

A version of a Prompt never changes, so tests are dropped by releasing `support@3` in place of `support@2`: the tests of
the one are looked for in the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from trueup.core.json import Json, mapping_of
from trueup.policy.facts.lineage import spec_of

Find = Callable[[str], Json]
"""Returns the document of an address, None when there is none."""


def prompt_test_changes(deployments: Iterable[str], before: Find, after: Find) -> Iterator[Json]:
    """Yield the tests that prompts of *deployments* had and have no more, each pair of prompts once.

    Args:
        deployments: Addresses of the Deployments that the change makes differ.
        before: Finds documents at the base.
        after: Finds them in the change.
    """
    pairs: dict[tuple[str, str], None] = {}
    for deployment in deployments:
        was, now = before(deployment), after(deployment)
        old, new = _prompt(was), _prompt(now)
        if was is not None and now is not None and old and old != new:
            pairs[old, new] = None
    for old, new in pairs:
        address = f"Prompt/{new or old}"
        kept = _tests(after(f"Prompt/{new}")) if new else []
        for test in _tests(before(f"Prompt/{old}")):
            same = [t for t in kept if _is_same_case(test, t)]
            if not same:
                yield {"address": address, "kind": "prompt-test-dropped", "before": dict(test), "after": None}
            elif not any(_keeps(test, t) for t in same):
                yield {"address": address, "kind": "prompt-test-dropped", "before": dict(test), "after": dict(same[0])}


def _prompt(deployment: Json) -> str:
    return str(mapping_of(spec_of(deployment).get("release")).get("prompt") or "")


def _tests(prompt: Json) -> list[Mapping[str, Json]]:
    declared = spec_of(prompt).get("tests")
    return [t for t in declared if isinstance(t, Mapping)] if isinstance(declared, list | tuple) else []


def _is_same_case(was: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    """Tell whether both ask the same; what a test is called plays no part."""
    return all((was.get(key) or None) == (now.get(key) or None) for key in ("vars", "message"))


def _keeps(was: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    """Tell whether everything that had to hold still has to."""
    return all(any(_is_as_strict(a, b) for b in _assertions(now)) for a in _assertions(was))


def _assertions(test: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    declared = test.get("assert")
    return [a for a in declared if isinstance(a, Mapping)] if isinstance(declared, list | tuple) else []


def _is_as_strict(was: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    """Tell whether *now* asserts what *was* does, with a least score that is no lower."""
    if {k: v for k, v in was.items() if k != "threshold"} != {k: v for k, v in now.items() if k != "threshold"}:
        return False
    before, after = was.get("threshold"), now.get("threshold")
    if isinstance(before, int | float) and isinstance(after, int | float):
        return after >= before
    return before == after
