"""The tests that a Prompt declares, against the release that serves it: every one of them has to pass."""

from collections.abc import Mapping, Sequence
from functools import cache

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.answers.asking import Question, ask_all, release_server
from trueup.adapters.evaluators.answers.assertions import Seen, Verdict, verdict_of
from trueup.adapters.evaluators.answers.group import backend_of, result_of
from trueup.adapters.evaluators.answers.requests import body_of, messages_of
from trueup.adapters.evaluators.answers.rows import Example
from trueup.adapters.evaluators.answers.tasks import cosine, embedded
from trueup.adapters.evaluators.client import Answer
from trueup.adapters.evaluators.work import Declaration, Group, Outcome, Task, Work
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.prompt_tests import Assertion, DeclaredTest, declared_tests, prompt_text, test_problems
from trueup.evidence.gates import VALUE_ALONE, Threshold

PASS_RATE = "pass_rate"  # noqa: S105 - a share of passes
TASK = "prompt-tests"
"""What no Evaluation can ask for: the tests belong to the Prompt."""


def declaration_of(document: Mapping[str, Json]) -> Declaration:
    """Return what the tests of a Prompt ask for: that all of them pass.

    Raises:
        PermanentError: It has none, or one of them is wrong (EVAL006).
    """
    problems = test_problems(document)
    if not declared_tests_exist(document) or problems:
        raise PermanentError(codes.UNSUPPORTED, " ".join(problems) or "The prompt declares no tests.")
    task = Task(TASK, {"prompt": document})
    return Declaration((task,), {}, (Threshold(PASS_RATE, "==", 1.0, confidence=VALUE_ALONE),), {}, {})


def declared_tests_exist(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* declares a test."""
    spec = document.get("spec")
    return isinstance(spec, Mapping) and bool(spec.get("tests"))


def run(work: Work) -> Outcome:
    """Fill in, ask and look."""
    (task,) = work.tasks
    document = task.params["prompt"]
    tests = declared_tests(document if isinstance(document, Mapping) else {})
    prompts = [messages_of(work, [], test.variables, f"Test {test.name}") for test in tests]
    questions = {
        place: Question(body_of(work, [*prompt, *_said(test)]))
        for place, (test, prompt) in enumerate(zip(tests, prompts, strict=True))
        if test.asks
    }
    answers = ask_all(work, release_server(work), questions)
    similarity = _Similar(work)
    results = []
    for place, (test, prompt) in enumerate(zip(tests, prompts, strict=True)):
        seen = Seen(prompt_text(prompt), answers.get(place), similarity)
        verdicts = [(assertion, verdict_of(assertion, seen)) for assertion in test.assertions]
        example = Example((*prompt, *_said(test)) or ({},), (), (), test.variables, test.name, "")
        answer = answers.get(place) or Answer("", 0.0)
        results.append(result_of(example, answer, _scores(verdicts), notes=_failures(verdicts)))
    return Outcome(tuple(results), backends=(backend_of(work),))


def _said(test: DeclaredTest) -> list[Mapping[str, Json]]:
    return [{"role": "user", "content": test.message}] if test.message else []


def _scores(verdicts: Sequence[tuple[Assertion, Verdict]]) -> Mapping[str, float]:
    passed = all(verdict.holds for assertion, verdict in verdicts if assertion.weight)
    named: dict[str, list[float]] = {}
    for assertion, verdict in verdicts:
        if assertion.metric:
            named.setdefault(assertion.metric, []).append(verdict.score)
    return {**{name: sum(found) / len(found) for name, found in named.items()}, PASS_RATE: float(passed)}


def _failures(verdicts: Sequence[tuple[Assertion, Verdict]]) -> Mapping[str, str]:
    return {
        f"assertion {place}": verdict.reason + ("" if assertion.weight else "; it has no weight")
        for place, (assertion, verdict) in enumerate(verdicts, start=1)
        if not verdict.holds
    }


class _Similar:
    """Compares texts by the embeddings of the release's server, each text embedded once."""

    def __init__(self, work: Work) -> None:
        self._vector = cache(lambda text: embedded(release_server(work), "", [text])[text])

    def __call__(self, one: str, other: str) -> float:
        return cosine(self._vector(one), self._vector(other)) if one.strip() else 0.0


PROMPT_TESTS = Group(TASK, {TASK: frozenset({"prompt"})}, lambda _task: (PASS_RATE,), run, cost=0)
