"""The work of trueup that is most like that of each peer, on as many things."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import corpus
import history
import measure
import peer_inputs
import scale


def validating(folder: Path, number: int) -> measure.Contender:
    repository = scale.Repository.of(folder, max(number, corpus.FEWEST))
    return partial(repository.cold, "validate")


def validating_prompts(folder: Path, number: int) -> measure.Contender:
    folder.mkdir()
    peer_inputs.prompts(folder, number)
    return partial(scale.Repository(folder).cold, "validate")


def judging(folder: Path, number: int) -> measure.Contender:
    """Plan and judge *number* deployments of one environment with nothing kept."""
    folder.mkdir()
    corpus.write(folder, corpus.FEWEST)
    target = folder / "spec" / "judged"
    target.mkdir()
    (target / "model.yaml").write_text(MODEL)
    for index in range(number):
        (target / f"{index:06}.yaml").write_text(DEPLOYMENT.format(name=f"app-{index:06}"))
    settings = folder / "trueup.yaml"
    settings.write_text(settings.read_text().replace("{library: false}", "{library: true}"))
    peer_inputs.commit(folder)
    return scale.Repository(folder).cold


def again(folder: Path, number: int) -> measure.Contender:
    repository = scale.Repository.of(folder, max(number, corpus.FEWEST))
    repository.warm()
    return partial(repository.plan, "--revision", "HEAD")


def after_change(folder: Path, number: int) -> measure.Contender:
    repository = scale.Repository.of(folder, max(number, corpus.FEWEST))
    repository.changed()
    return repository.changed


def listing(folder: Path, number: int) -> measure.Contender:
    folder.mkdir()
    corpus.write(folder, corpus.FEWEST)
    history.add_ledger(folder, number)
    return partial(scale.Repository(folder).run, "audit", "log", "--limit", "0")


MODEL = """\
apiVersion: trueup/v1alpha1
kind: Model
metadata: {name: judged, version: "1"}
spec: {source: {uri: 'hf://example-models/judged', digest: 'sha256:%s'}, format: gguf}
""" % ("1" * 64)
DEPLOYMENT = """\
apiVersion: trueup/v1alpha1
kind: Deployment
metadata:
  name: {name}
  owner: platform
  labels:
    team: platform
spec:
  environment: staging
  release:
    model: judged@1
  runtime:
    engine: llama.cpp
    threads: 2
    slots: 2
    contextPerSlot: 1024
  replicas: 2
  resources:
    cpu: 4
    memory: 8Gi
  gateway:
    limits:
      maxTokens: 256
      requestsPerMinute: 60
      timeoutSeconds: 60
  slo: {{percentile: p95, ttft: 800ms, itl: 40ms, errorRate: 0.01}}
  rollout:
    strategy: canary
    steps:
      - setWeight: 10
        pause: {{duration: 10m}}
      - setWeight: 100
  monitors:
    - name: slow
      signal: latency
      onBreach: rollback
"""
OURS: dict[str, tuple[str, Callable[[Path, int], measure.Contender]]] = {
    "validate": ("`trueup validate`, cold", validating),
    "validate prompts": ("`trueup validate`, cold, prompts alone", validating_prompts),
    "judge": ("`trueup plan` of as many deployments, cold, full library", judging),
    "nothing changed": ("`trueup plan`, nothing changed", again),
    "one file changed": ("`trueup plan`, one file changed", after_change),
    "audit log": ("`trueup audit log` of as many records", listing),
}
