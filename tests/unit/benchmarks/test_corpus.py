"""The repository that benchmarks measure must be one that a user could have."""

import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from fakes import FakeTree
from trueup.core.digests import Revision
from trueup.desired.prompt_tests import prompt_problems
from trueup.desired.resolve import resolve
from trueup.workflows.loading import Loaded, load_tree

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import corpus
    finally:
        sys.path.remove(str(BENCHMARKS))
    return corpus


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import measure
    finally:
        sys.path.remove(str(BENCHMARKS))
    return measure


def loaded(corpus: ModuleType, resources: int, seed: int = 1) -> Loaded:
    return load_tree(FakeTree(corpus.files(resources, seed), Revision("1" * 40)))


@pytest.mark.parametrize(("resources", "seed"), [(10, 1), (11, 2), (60, 1), (60, 7)])
def test_a_corpus_is_valid_and_has_the_number_asked_for(corpus: ModuleType, resources: int, seed: int) -> None:
    found = loaded(corpus, resources, seed)
    assert found.diagnostics == ()
    assert list(prompt_problems(found.resources.values())) == []
    assert len(found.resources) == resources


def test_equal_options_give_equal_bytes(corpus: ModuleType) -> None:
    assert corpus.files(40) == corpus.files(40)
    assert corpus.files(40) != corpus.files(40, seed=2)


def test_a_corpus_has_every_kind_that_people_declare_and_names_across_them(corpus: ModuleType) -> None:
    found = loaded(corpus, 60)
    assert set(corpus.SHARES) <= {id_.kind for id_ in found.resources}
    named = Counter(r.target.kind for resource in found.resources.values() for r in resource.references)
    assert {"System", "Dataset", "Model", "Prompt", "Evaluation", "Environment"} <= set(named)


def test_some_files_hold_several_documents_and_most_hold_one(corpus: ModuleType) -> None:
    found = loaded(corpus, 60)
    held = Counter(resource.origin.path for resource in found.resources.values())
    assert max(held.values()) > 1
    assert sum(count == 1 for count in held.values()) > len(held) / 2


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_environment_of_a_corpus_can_be_resolved(corpus: ModuleType, environment: str) -> None:
    state, problems = resolve(loaded(corpus, 60).resources, environment, Revision("1" * 40))
    assert problems == ()
    assert state is not None
    assert state.deployments


def test_a_corpus_too_small_for_all_kinds_is_refused(corpus: ModuleType) -> None:
    with pytest.raises(ValueError, match="10 resources"):
        corpus.files(9)


def test_contenders_take_turns_and_the_first_round_does_not_count(measure: ModuleType) -> None:
    ran: list[str] = []

    def contender(name: str, seconds: float) -> object:
        ran.append(name)
        return measure.Cost(seconds, 2 * seconds, 10.0)

    costs = measure.by_turns({"a": lambda: contender("a", 1.0), "b": lambda: contender("b", 3.0)}, 2)
    assert ran == ["a", "b"] * 3
    assert measure.ratio(costs["b"], costs["a"]) == 3.0
    assert "| b | 3000.0 | 6000.0 | 10 | 3.00 | 3.00 | 2 MISSED |" in measure.report("x", costs, "a", {"b": 2.0})
