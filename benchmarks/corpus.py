#!/usr/bin/env python3
"""Makes a repository of declared resources of any size, for benchmarks and tests at scale.

    corpus.py --resources 10000 --out DIR

The bytes, and the id of the commit, are a function of `--resources` and `--seed` alone. The documents look as if
people had written them: comments, both ways to indent lists, three ways to quote, block texts, anchors, several
documents in some files. Every reference leads somewhere, and `trueup validate` finds nothing wrong.
"""

import argparse
import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "prod")
SHARES = {
    "System": 4,
    "Dataset": 12,
    "Model": 20,
    "Adapter": 5,
    "Prompt": 25,
    "Evaluation": 14,
    "Build": 5,
    "Deployment": 15,
}
"""How many documents of a hundred are of a kind; what a kind names is made before it."""

AUTHOR = {"NAME": "Corpus", "EMAIL": "corpus@example.com", "DATE": "2026-01-01T00:00:00Z"}

FEWEST = 10
"""Smallest repository that has all kinds: three environments and an evaluation that they require, at least."""

_TEAMS = ("billing", "catalog", "growth", "legal", "mobile", "platform", "research", "risk", "search", "support")
_FIRST = ("amber", "brisk", "calm", "deft", "eager", "fair", "grand", "hazel", "keen", "lucid", "mellow", "noble")
_SECOND = ("answer", "beacon", "cipher", "echo", "filter", "guide", "herald", "index", "judge", "oracle", "triage")
_RULES = (
    "Answer from the passages that were found, and from nothing else.",
    "When the passages do not hold the answer, say so in one sentence.",
    "Name the source of every number: the reader will look it up.",
    "Never repeat account numbers, tokens or passwords.",
    "Keep to short sentences; many readers have a small screen.",
    "Reply in the language of the question, be it français or 日本語.",
    "Where two passages disagree, tell both and the date of each.",
    "Leave legal advice to {{contact}}, and say why.",
    "Show more than three choices as a list: one line for each.",
)
_NOTES = (
    "Agreed in the weekly review.",
    "See the handbook before you change this.",
    "Measured on the nightly run; raise it with care.",
    "Asked for by the on-call rota.",
)
_METRICS = ("exact_match", "faithfulness", "refusal", "toxicity", "answer_relevance")


@dataclass
class Pool:
    """What was made so far, by kind: `name@version`, or the name of a kind without versions."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        self.names.setdefault(kind, []).append(name)

    def pick(self, rng: random.Random, kind: str) -> str:
        return rng.choice(self.names[kind])

    def maybe(self, rng: random.Random, kind: str, share: float) -> str:
        """Pick one in *share* of all cases, when there is one."""
        return self.pick(rng, kind) if self.names.get(kind) and rng.random() < share else ""


@dataclass
class Hand:
    """How one document is written: its author's habits, drawn once."""

    rng: random.Random
    name: str
    team: str
    lines: list[str] = field(default_factory=list)
    pad: str = ""
    quote: str = ""

    def __post_init__(self) -> None:
        self.pad = self.rng.choice(("", "  ", "  "))
        self.quote = self.rng.choice(("", "'", '"'))

    def add(self, *lines: str) -> None:
        self.lines += lines

    def note(self, share: float, indent: str = "  ") -> None:
        """Write a comment, in *share* of all cases."""
        if self.rng.random() < share:
            self.add(f"{indent}# {self.rng.choice(_NOTES)}")

    def text(self, value: str) -> str:
        """Spell a text that needs no quotes in the author's way."""
        return f"{self.quote}{value}{self.quote}"

    def list(self, key: str, items: Sequence[str], indent: str = "  ") -> None:
        """Write a list of texts, or of flow mappings."""
        if items:
            self.add(f"{indent}{key}:", *(f"{indent}{self.pad}- {item}" for item in items))

    def block(self, key: str, sign: str, lines: Sequence[str], indent: str = "  ") -> None:
        self.add(f"{indent}{key}: {sign}", *(f"{indent}  {line}".rstrip() for line in lines))

    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.rng.randbytes(16)).hexdigest()

    def head(self, kind: str, version: str) -> None:
        self.note(0.4, "")
        self.add("apiVersion: trueup/v1alpha1", f"kind: {kind}", "metadata:", f"  name: {self.text(self.name)}")
        if version:
            self.add(f'  version: "{version}"')
        self.add(f"  owner: {self.text(self.team)}", "  labels:")
        self.add(f"    team: {self.text(self.team)}", f"    cost-centre: cc-{self.rng.randint(100, 999)}")
        if self.rng.random() < 0.5:
            self.add("  annotations:", f"    reviewed: '2026-{self.rng.randint(1, 9):02}-{self.rng.randint(10, 28)}'")
        self.add("spec:")


def _system(hand: Hand, _: Pool) -> None:
    rng = hand.rng
    hand.block(
        "intendedPurpose",
        ">-",
        [f"Answers questions of the {hand.team} team's readers.", "It takes no decision about", "anybody."],
    )
    hand.add(
        "  operatorRole: deployer",
        f"  riskClass: {rng.choice(('minimal', 'transparency'))}",
        "  gpai: downstream",
        "  jurisdictions: [EU, US]",
        "  decisionImpact: none",
    )
    hand.list("users", [f"Readers of the {hand.team} pages", "Colleagues who write for them"])
    hand.list("useCases", ["Short factual questions", "Finding the page that holds the answer"])
    hand.list("technicalLimitations", ["It knows nothing that is newer than its passages.", "It may be wrong."])
    hand.note(0.4)
    hand.add(
        "  humanOversight:",
        "    mode: on-the-loop",
        "    stopControl: trueup rollback",
        f"    contact: {hand.team}@example.com",
        "  transparency:",
        "    notice: Answers come from a language model.",
        f"    contentMarking: {rng.choice(('none', 'metadata'))}",
    )
    hand.list("contacts", [f"{hand.team}@example.com"])


def _dataset(hand: Hand, _: Pool) -> None:
    rng = hand.rng
    hand.add(
        "  source:",
        f"    uri: hf://example-data/{hand.name}",
        f"    revision: {rng.randbytes(20).hex()}",
        f"    digest: {hand.digest()}",
        "    files: ['*.jsonl']",
        f"  format: jsonl{rng.choice(('', '  # one record a line'))}",
        "  purpose: eval",
        f"  license: {rng.choice(('Apache-2.0', 'CC-BY-4.0', 'MIT'))}",
        "  languages: [en, fr]",
        f"  datasetSize: {rng.randint(100, 90_000)}",
    )
    hand.block(
        "dataCollectionProcess", "|", ["Questions of real readers, rewritten by hand.", "", "No names are kept."]
    )
    hand.list("knownBias", ["Few questions are long.", f"Most come from {hand.team} pages."])
    hand.add("  personalData:", "    present: false")
    hand.note(0.3)
    hand.list(
        "checks",
        [
            "{type: not_null, column: question}",
            "{type: unique, column: id}",
            f"{{type: length, column: answer, params: {{max: {rng.randint(200, 900)}}}, severity: warning}}",
        ],
    )
    hand.add("  recordSet:", f"  {hand.pad}- name: records", f"  {hand.pad}  field:")
    for name in ("id", "question", "answer"):
        hand.add(f"  {hand.pad}  - {{name: {name}, dataType: 'sc:Text'}}")
    hand.add("  governance:", f"    owners: [{hand.team}]", "    stewards: [data-office]")


def _model(hand: Hand, pool: Pool) -> None:
    rng = hand.rng
    hand.add(
        "  source:",
        f"    uri: hf://example-models/{hand.name}",
        f"    revision: {rng.randbytes(20).hex()}  # the commit, never a branch",
        f"    digest: {hand.digest()}",
        "    files:",
        f"    {hand.pad}- '*.safetensors'",
        f"    {hand.pad}- tokenizer.json",
        "  format: safetensors",
        f"  family: {rng.choice(('Llama', 'Qwen', 'SmolLM'))}",
        f"  vendor: {hand.text('Example Labs')}",
        "  architecture: LlamaForCausalLM",
        f"  paramSize: {rng.randint(100, 9_000)}000000",
        "  dimensions:",
        f"    layers: {rng.randint(12, 80)}",
        f"    hiddenSize: {rng.choice((2048, 4096, 8192))}",
        f"    attentionHeads: {rng.choice((16, 32, 64))}",
        "    keyValueHeads: 8",
        f"  precision: {rng.choice(('bfloat16', 'float16'))}",
        "  task: text-generation",
        f"  contextLength: {rng.choice((4096, 8192, 32768))}",
        "  licenses: [Apache-2.0]",
    )
    if base := pool.maybe(rng, "Model", 0.3):
        hand.add(f"  baseModel: [{base}]", "  relation: finetune")
    if data := pool.maybe(rng, "Dataset", 0.5):
        hand.add("  datasets:", f"  {hand.pad}- {data}")
    hand.note(0.3)
    hand.add(
        "  trustRemoteCode: false",
        "  capabilities:",
        "    inputTypes: [text]",
        "    outputTypes: [text]",
        "    languages: [en, fr, ja]",
        "  training:",
        "    method: lora",
        f"    hyperparameters: {{learning_rate: {rng.choice(('2e-4', '1e-5'))}, epochs: {rng.randint(1, 5)}}}",
        "  lifecycle:",
        "    phase: active",
    )


def _adapter(hand: Hand, pool: Pool) -> None:
    rng = hand.rng
    hand.add(
        f"  baseModel: {pool.pick(rng, 'Model')}",
        "  source:",
        f"    uri: hf://example-adapters/{hand.name}",
        f"    digest: {hand.digest()}",
        "  format: safetensors",
        "  method: lora",
        f"  rank: {rng.choice((8, 16, 32))}",
        f"  alpha: {rng.choice((16, 32.0, 64))}",
        "  dropout: 0.05",
    )
    hand.list("targetModules", ["q_proj", "k_proj", "v_proj", "o_proj"])
    hand.add("  task: text-generation", "  licenses: [Apache-2.0]")
    hand.note(0.3)
    hand.add("  training:", f"    run: run-{rng.randint(1000, 9999)}", "    method: lora")
    hand.block("card", "|", ["Made for one team's questions.", "", "Not to be merged into the base model."])


def _prompt(hand: Hand, _: Pool) -> None:
    rng = hand.rng
    rules = rng.sample(_RULES, rng.randint(3, 7))
    if rng.random() < 0.5:
        hand.add("  type: text")
        hand.block("template", rng.choice(("|", "|-")), [f"You help readers of {hand.team}.", "", *rules])
    else:
        hand.add("  type: chat", "  messages:", f"  {hand.pad}- role: system")
        hand.block("content", ">-", rules, f"  {hand.pad}  ")
        hand.add(f"  {hand.pad}- role: user", f'  {hand.pad}  content: "{{{{question}}}}"')
    hand.add(f"  templateFormat: {rng.choice(('mustache', 'mustache  # double braces'))}", "  variables:")
    for name in ("contact", "question"):
        hand.add(
            f"  {hand.pad}- name: {name}",
            f"  {hand.pad}  description: {hand.text(f'What stands for {name} in the text')}",
            f"  {hand.pad}  schema: {{type: string, maxLength: {rng.randint(80, 4000)}}}",
        )
    hand.note(0.4)
    hand.add(
        "  modelConfig:",
        f"    temperature: {rng.choice((0, 0.2, 0.7))}",
        f"    max_tokens: {rng.randint(32, 2048)}",
        f"    stop: ['###', {hand.text('END')}]",
        "  tests:",
        f"  {hand.pad}- description: says when it does not know",
        f"  {hand.pad}  vars: {{contact: {hand.team}@example.com, question: 'May I ask?'}}",
        f"  {hand.pad}  message: What will the weather be in a hundred years?",
        f"  {hand.pad}  assert:",
        f"  {hand.pad}  - {{type: icontains, value: 'not'}}",
        f"  {hand.pad}  - {{type: not-contains, value: 'password'}}",
    )


def _evaluation(hand: Hand, pool: Pool) -> None:
    rng = hand.rng
    metrics = rng.sample(_METRICS, rng.randint(2, 4))
    hand.add(
        "  suite: {tool: builtin}",
        f"  category: {rng.choice(('quality', 'factuality', 'safety'))}",
        f"  dataset: {pool.pick(rng, 'Dataset')}",
        "  tasks:",
        f"  {hand.pad}- task: exact_match",
        f"  {hand.pad}  seed: {rng.randint(0, 99)}",
        f"  {hand.pad}  limit: {rng.choice((100, 500))}",
        "  metrics:",
    )
    for metric in metrics:
        hand.add(f"  {hand.pad}- name: {metric}", f"  {hand.pad}  unit: ratio")
        hand.add(f"  {hand.pad}  higherIsBetter: {'false' if metric == 'toxicity' else 'true'}")
    hand.note(0.5)
    hand.add("  metricDecisionThreshold:")
    for metric in metrics:
        sign = "<=" if metric == "toxicity" else ">="
        hand.add(f"  {hand.pad}- {{metric: {metric}, op: '{sign}', value: {rng.randint(1, 99) / 100}}}")
    hand.add("  regression:", "    baseline: deployed", "    margin: 0.01", "    minSamples: 30", "  maxAge: 30d")


def _build(hand: Hand, _: Pool) -> None:
    rng = hand.rng
    hand.add(
        "  mode: gguf",
        f"  quantization: {rng.choice(('F16', 'Q8_0'))}",
        "  preTokenizer: gpt-2",
        "  parity:",
        f"    alpha: {rng.choice((0.05, 0.01))}",
        "    logits:",
        f"      maxKl: {rng.choice((0.01, 0.02))}",
        "      minTop1: 0.98  # share of equal likeliest tokens",
        "      sequences: 16",
        "      seqLen: 256",
    )


def _deployment(hand: Hand, pool: Pool, environment: str) -> None:
    rng = hand.rng
    if system := pool.maybe(rng, "System", 0.9):
        hand.add(f"  system: {system}")
    hand.add(f"  environment: {environment}", "  release:", f"    model: {pool.pick(rng, 'Model')}")
    if prompt := pool.maybe(rng, "Prompt", 0.95):
        hand.add(f"    prompt: {prompt}  # reviewed by its owner")
    if build := pool.maybe(rng, "Build", 0.4):
        hand.add(f"    build: {build}")
    hand.add(
        "  runtime:",
        "    engine: llama.cpp",
        f"    threads: {rng.randint(1, 8)}",
        f"    slots: {rng.randint(1, 4)}",
        f"    contextPerSlot: {rng.choice((512, 1024, 2048))}",
        f"  replicas: {rng.randint(1, 3)}",
        "  resources:",
        f"    cpu: {rng.randint(1, 8)}",
        f"    memory: {rng.choice(('4Gi', '8Gi', '16Gi'))}",
        "  gateway:",
        "    limits: &limits",
        f"      maxTokens: {rng.choice((256, 1024))}",
        f"      requestsPerMinute: {rng.choice((60, 600))}",
        "      timeoutSeconds: 60",
        "  slo: {percentile: p95, ttft: 800ms, itl: 40ms, errorRate: 0.01}",
    )
    hand.note(0.4)
    hand.add("  rollout:", "    strategy: canary", "    steps:")
    for weight in (10, 50, 100):
        hand.add(f"    {hand.pad}- setWeight: {weight}", f"    {hand.pad}  pause: {{duration: {rng.randint(1, 30)}m}}")
    hand.add("  monitors:", f"  {hand.pad}- name: slow", f"  {hand.pad}  signal: latency")
    hand.add(f"  {hand.pad}  onBreach: {rng.choice(('alert', 'rollback'))}")
    hand.add("  onCall:", f"    contact: {hand.team}@example.com", f"    runbook: docs/{hand.team}.md")


_WRITERS: dict[str, Callable[[Hand, Pool], None]] = {
    "System": _system,
    "Dataset": _dataset,
    "Model": _model,
    "Adapter": _adapter,
    "Prompt": _prompt,
    "Evaluation": _evaluation,
    "Build": _build,
}


def names_of(environments: int) -> tuple[str, ...]:
    """Return the names of so many environments: the usual ones, then those of teams."""
    return (*ENVIRONMENTS, *(f"team-{number:03}" for number in range(environments - len(ENVIRONMENTS))))


def environment_document(name: str, required: Sequence[str]) -> str:
    """Return the document of one of `ENVIRONMENTS`, or of a team's, which is like `dev`."""
    if name not in ENVIRONMENTS:
        return environment_document("dev", required).replace("name: dev", f"name: {name}")
    place = ENVIRONMENTS.index(name)
    upstream = [f"  upstream: {ENVIRONMENTS[place - 1]}"] if place else []
    tier = "production" if name == "prod" else name
    lines = [
        "apiVersion: trueup/v1alpha1",
        "kind: Environment",
        "metadata:",
        f"  name: {name}",
        "  owner: platform",
        "spec:",
        f"  tier: {tier}",
        *upstream,
        "  target: {type: process, host: 127.0.0.1}",
        f"  evaluations: {{required: [{', '.join(required)}], run: {'before' if name == 'prod' else 'during'}}}",
    ]
    return "\n".join(lines) + "\n"


def documents(resources: int, seed: int = 1, environments: int = 3) -> Iterator[tuple[str, str, str]]:
    """Yield team, kind and text of each of *resources* documents but the environments, each after those it names."""
    names = names_of(environments)
    kinds = _kinds(resources - len(names))
    pool = Pool()
    for index, kind in enumerate(kinds):
        rng = random.Random(f"{seed}:{index}")  # one for each, so that a larger corpus starts with the smaller's habits
        hand = Hand(rng, f"{rng.choice(_FIRST)}-{rng.choice(_SECOND)}-{index}", rng.choice(_TEAMS))
        version = "" if kind in ("System", "Deployment") else str(rng.randint(1, 9))
        hand.head(kind, version)
        if kind == "Deployment":
            _deployment(hand, pool, names[index % len(names)])
        else:
            _WRITERS[kind](hand, pool)
        pool.add(kind, f"{hand.name}@{version}" if version else hand.name)
        yield hand.team, kind, "\n".join(hand.lines) + "\n"


def _kinds(count: int) -> list[str]:
    """Return the kind of each document: shares as `SHARES` says, at least one of each but adapters and builds."""
    needed = ["System", "Dataset", "Model", "Prompt", "Evaluation", "Deployment", "Deployment"]
    exact = {kind: max(needed.count(kind), count * share // 100) for kind, share in SHARES.items()}
    exact["Prompt"] += count - sum(exact.values())
    return [kind for kind in SHARES for _ in range(exact[kind])]


def files(resources: int, seed: int = 1, environments: int = 3) -> dict[str, bytes]:
    """Return the files of a repository of *resources* resources, the project file besides, by path.

    Seven files of ten hold one document, the others two to six of one team.

    Raises:
        ValueError: *resources* is below `FEWEST`.
    """
    if resources < FEWEST:
        raise ValueError(f"a corpus has {FEWEST} resources at least")
    made = {"trueup.yaml": PROJECT.encode()}
    rng = random.Random(f"{seed}:files")
    waiting: dict[str, list[str]] = {}
    required: list[str] = []
    for number, (team, kind, text) in enumerate(documents(resources, seed, environments)):
        folder = f"spec/{team}/{kind.lower()}s"
        if kind == "Evaluation" and len(required) < 2:
            required.append(_address(text))
        together = waiting.setdefault(folder, [])
        together.append(text)
        if rng.random() < 0.7 or len(together) == 6:
            made[f"{folder}/{number:06}.yaml"] = _joined(waiting.pop(folder))
    for folder, texts in waiting.items():
        made[f"{folder}/last.yaml"] = _joined(texts)
    for name in names_of(environments):
        made[f"spec/environments/{name}.yaml"] = environment_document(name, [] if name == "dev" else required).encode()
    return made


PROJECT = """\
apiVersion: trueup/v1alpha1
kind: Project
metadata:
  name: corpus
  owner: platform
spec:
  specs: [spec]
  policies: {library: false}  # what is measured here is everything but Rego
"""


def _joined(texts: Sequence[str]) -> bytes:
    opening = "---\n" if len(texts) > 1 else ""
    return (opening + "---\n".join(texts)).encode()


def _address(text: str) -> str:
    lines = text.splitlines()
    name = next(line for line in lines if line.startswith("  name:")).split(":")[1].strip(" '\"")
    version = next(line for line in lines if line.startswith("  version:")).split(":")[1].strip(" '\"")
    return f"{name}@{version}"


def write(folder: Path, resources: int, seed: int = 1, environments: int = 3) -> dict[str, bytes]:
    """Write the corpus to the new folder *folder*, commit it on the branch `main`, and return its files."""
    made = files(resources, seed, environments)
    for path, content in made.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    fixed = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in AUTHOR.items()}
    environment = {**os.environ, **fixed, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Import all"], ["gc", "-q"]):
        subprocess.run(["git", "-c", "gc.auto=0", *command], cwd=folder, env=environment, check=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a repository of declared resources.")
    parser.add_argument("--resources", type=int, default=1_000, help="documents, the environments among them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--environments", type=int, default=3, help="three at least; deployments are spread over them")
    parser.add_argument("--out", type=Path, required=True, help="new folder")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True)
    made = write(arguments.out, arguments.resources, arguments.seed, arguments.environments)
    lines = sum(content.count(b"\n") for content in made.values())
    print(
        f"{arguments.resources} resources in {len(made) - 1} files, {lines} lines, {sum(map(len, made.values()))} bytes"
    )


if __name__ == "__main__":
    main()
