"""`Evaluator` that has each evaluation run by the tool that it declares: built in, or in a Python of its own."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Endpoint
from trueup.core.errors import PermanentError
from trueup.core.json import Json, mapping_of
from trueup.evidence.imported import ImportedRun, evidence_of, kept_examples
from trueup.ports import Clock, EvaluationRequest, Measured, Progress

if TYPE_CHECKING:
    from trueup.adapters.evaluators.external.asked import Job

BUILTIN = "builtin"

TIMEOUT_SECONDS = 3600.0
"""For a whole run of another tool: long enough for a nightly suite, and not for ever."""


class RoutedEvaluator:
    """Runs evaluations by the tool they name.

    Args:
        builtin: What runs those that name none.
        endpoint: Where servers are.
        clock: The time.
        root: The repository: relative paths of interpreters are from there.
    """

    def __init__(self, builtin: BuiltinEvaluator, endpoint: Endpoint, clock: Clock, root: Path) -> None:
        self._builtin = builtin
        self._endpoint = endpoint
        self._clock = clock
        self._root = root

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        """Run it and return what was measured.

        Raises:
            PermanentError: It cannot be run: its results are only brought in (EVAL006), or its tool says so.
            TransientError: The server does not answer now.
        """
        spec = mapping_of(mapping_of(json.loads(request.declared)).get("spec"))
        suite = mapping_of(spec.get("suite"))
        tool = str(suite.get("tool") or BUILTIN)
        if tool == BUILTIN or request.required.evaluation.id.kind == "Prompt":
            return self._builtin.evaluate(environment, request, progress)
        run = _runner(tool, suite)
        began = self._clock.now()
        with tempfile.TemporaryDirectory(prefix="trueup-evaluate-") as folder:
            found = run(self._job(environment, request, suite, Path(folder)), progress)
        evidence = evidence_of(found, request.required, spec, request.subject, (began, self._clock.now()))
        return Measured(evidence, kept_examples(found, spec))

    def _job(self, environment: str, request: EvaluationRequest, suite: Mapping[str, Json], folder: Path) -> "Job":
        from trueup.adapters.evaluators.external.asked import Job

        if request.suite is None:
            raise PermanentError(codes.UNSUPPORTED, "`suite.source` does not say which files the tool is to run.")
        ref = suite.get("ref")
        return Job(
            interpreter=self._root / Path(str(suite.get("interpreter"))).expanduser(),
            declared=request.declared,
            suite=request.suite / str(ref) if ref and request.suite.is_dir() else request.suite,
            dataset=request.dataset,
            base_url=self._endpoint(environment, request.server),
            model=request.route.model_name,
            work=folder,
            timeout_seconds=TIMEOUT_SECONDS,
            decoding=request.route.decoding,
            system=_system(request),
        )


def _runner(tool: str, suite: Mapping[str, Json]) -> "Callable[[Job, Progress], ImportedRun]":
    if tool not in ("lm-eval", "inspect"):
        said = f"`{tool}` is not run by trueup; its results are brought in by `trueup evaluate --import FILE`"
        raise PermanentError(codes.UNSUPPORTED, f"{said}.")
    if not suite.get("interpreter"):
        said = f"`suite.interpreter` does not name the Python that has `{tool}`"
        raise PermanentError(
            codes.UNSUPPORTED, f"{said}; results can be brought in by `trueup evaluate --import FILE`."
        )
    if tool == "lm-eval":
        from trueup.adapters.evaluators.external.lm_eval import run_lm_eval

        return run_lm_eval
    from trueup.adapters.evaluators.external.inspect import run_inspect

    return run_inspect


def _system(request: EvaluationRequest) -> str:
    """Return the system message of the release.

    Raises:
        PermanentError: Its prompt is more than that, which the tool has no place for.
    """
    messages = request.route.messages
    if not messages:
        return ""
    if len(messages) > 1 or messages[0][0] != "system" or request.route.variables:
        raise PermanentError(
            codes.UNSUPPORTED, "The release's prompt is more than one system message without variables."
        )
    return messages[0][1]
