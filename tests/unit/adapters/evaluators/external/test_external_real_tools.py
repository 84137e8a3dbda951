"""The real lm-eval and Inspect on the real tiny model; run where an interpreter is named that has them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import FakeClock
from serving import gguf
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.evaluators.external.asked import Job
from trueup.adapters.evaluators.external.inspect import run_inspect
from trueup.adapters.evaluators.external.lm_eval import run_lm_eval
from trueup.adapters.evaluators.imports.documents import RefusedResultsError
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.examples import ExampleResult, decode
from trueup.evidence.imported import ImportedRun
from trueup.ports import EvaluationRequest

FACTS = Path(__file__).resolve().parents[5] / "models" / "tiny" / "facts.jsonl"
DECODING: dict[str, Json] = {"temperature": 0, "max_tokens": 48}

LM_EVAL_TASK = """
task: facts
dataset_path: json
dataset_kwargs: {data_files: {test: dataset.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{expected}}"
generation_kwargs: {until: [], do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""

INSPECT_TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import exact
from inspect_ai.solver import generate


@task
def facts(dataset: str) -> Task:
    fields = FieldSpec(input="prompt", target="expected", metadata=["slice"])
    return Task(dataset=json_dataset(dataset, fields), solver=generate(), scorer=exact(), version="1")
"""

SERVER = """
import sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {"tiny-v2"}
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_parallel, params.n_ctx = 1, 512
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.offline = True
server = xllamacpp.Server(params)
print("LISTENING " + server.listening_address, flush=True)
sys.stdin.read()
"""

Runs = dict[str, tuple[str, str, str]]
TOOLS: Runs = {
    "lm-eval": ("TRUEUP_TEST_LMEVAL_PYTHON", "facts.yaml", LM_EVAL_TASK),
    "inspect": ("TRUEUP_TEST_INSPECT_PYTHON", "facts.py", INSPECT_TASK),
}


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not os.environ.get(TOOLS[name][0]):
        pytest.skip(f"{TOOLS[name][0]} names no Python that has {name}")
    return name


@pytest.fixture
def server() -> Iterator[str]:
    command = [sys.executable, "-c", SERVER, str(gguf("v2"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            address = next(line for line in process.stdout if line.startswith("LISTENING "))
            yield address.removeprefix("LISTENING ").strip()
        finally:
            process.kill()


def run(tool: str, folder: Path, url: str, seconds: float = 240) -> ImportedRun:
    variable, file, task = TOOLS[tool]
    suite, work = folder / file, folder / "work"
    suite.write_text(task)
    work.mkdir()
    document = {"spec": {"tasks": [{"task": "facts", "seed": 7}], "modelConfig": DECODING}}
    job = Job(Path(os.environ[variable]), json.dumps(document).encode(), suite, FACTS, url, "tiny-v2", work, seconds)
    return (run_lm_eval if tool == "lm-eval" else run_inspect)(job, lambda what, done, total: None)


def ourselves(url: str) -> tuple[ExampleResult, ...]:
    """Return what the built-in evaluator finds of the same server."""
    digest = Digest("sha256:" + "1" * 64)
    required = RequiredEvaluation(
        Pin(ResourceId("Evaluation", "facts", "1"), digest), digest, ArtifactPin("", digest, "")
    )
    document = {"spec": {"tasks": [{"task": "exact_match", "seed": 7}], "modelConfig": DECODING}}
    request = EvaluationRequest(required, json.dumps(document).encode(), FACTS, digest, RouteSpec("tiny-v2"), ())
    evaluator = BuiltinEvaluator(lambda *_: url, FakeClock())
    return decode(evaluator.evaluate("dev", request, lambda what, done, total: None).examples)


@pytest.mark.slow
def test_a_real_tool_scores_each_example_as_we_do(tool: str, server: str, tmp_path: Path) -> None:
    found = run(tool, tmp_path, server)
    ours = [dict(e.scores)["exact_match"] for e in ourselves(server)]
    assert [dict(e.scores)["exact_match"] for e in found.examples] == ours
    (whole,) = [m for m in found.measurements if not m.slice]
    assert (whole.metric, whole.samples) == ("exact_match", 59)
    assert whole.value == pytest.approx(sum(ours) / len(ours))
    assert found.settings.seed == 7
    assert dict(found.settings.decoding)["temperature"] == 0


@pytest.mark.slow
def test_a_real_tool_without_a_server_gives_no_result(tool: str, tmp_path: Path) -> None:
    with pytest.raises((PermanentError, RefusedResultsError)) as caught:
        run(tool, tmp_path, "http://127.0.0.1:9")
    assert caught.value.code.id in {"EEXT004", "EIMP004"}
