#!/usr/bin/env python3
"""Keys of builds, and what builds that are all there add to a plan.

Keys are compared with spelling the same settings as JSON and hashing them, which is the least that a key can take. The
plan is one of deployments whose builds are in the store, against the same deployments served as they are.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import measure

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
KEYS_BAR_MS = 100.0
PLAN_BAR_MS = 50.0


def settings(number: int) -> tuple[str, dict[str, object]]:
    """Return the mode and settings of one build: a third each of the modes with settings of their own."""
    quantization = {
        "format": "fp8",
        "kvCache": "fp8",
        "groupSize": None,
        "excludeModules": ["lm_head"],
        "calibration": {"dataset": "c@1", "size": 512, "seqLen": number, "batchSize": 1, "seed": 1234},
    }
    versions = {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"}
    compiler = {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9", **versions}
    match number % 3:
        case 0:
            return "gguf", {"quantization": "Q8_0", "preTokenizer": f"p{number}"}
        case 1:
            return "pytorch", {"quantization": quantization, "dtype": "auto", "toolchain": versions}
        case _:
            return "engine", {
                "quantization": quantization,
                "toolchain": compiler,
                "accelerator": {"gpu": "NVIDIA-H200", "computeCapability": "9.0", "tuning": "product"},
                "parallelism": {"tensor": 2, "pipeline": 1, "context": 1, "data": 1, "expert": 1},
                "build": {"max_batch_size": 64, "max_num_tokens": 8192, "gemm_plugin": "auto", "workers": 2},
            }


def keys(count: int, rounds: int) -> None:
    from trueup.core.digests import digest_of
    from trueup.desired.build_key import build_key

    builds = [(digest_of(n), *settings(n)) for n in range(count)]
    data = [digest_of("data")]

    def hashed() -> None:
        for source, mode, parameters in builds:
            text = json.dumps([source, mode, parameters, data], sort_keys=True)
            hashlib.sha256(text.encode()).hexdigest()

    def keyed() -> None:
        for source, mode, parameters in builds:
            build_key(source, mode, parameters, data)  # type: ignore[arg-type]  # JSON

    contenders: dict[str, measure.Contender] = {
        "JSON and SHA-256 of the settings": lambda: measure.call(hashed),
        "build_key": lambda: measure.call(keyed),
    }
    costs = measure.by_turns(contenders, rounds)
    print(measure.report(f"Keys of {count:,} builds, digests known", costs, "JSON and SHA-256 of the settings"))
    told("build_key", median(c.wall_seconds for c in costs["build_key"]) * 1e3, KEYS_BAR_MS * count / 1000)


class Nothing:
    """An environment in which nothing runs, and a ledger without records."""

    def observe(self, environment: str) -> object:
        from trueup.observed.state import Health, ObservedTarget

        return ObservedTarget(environment, Health.STOPPED, "")

    def records(self) -> Iterator[object]:
        return iter(())


class Writer:
    """A builder that writes one small file."""

    def build(self, task: object, _: object) -> object:
        from trueup.adapters.builders.builder import Built

        path = task.target / "model.gguf"  # type: ignore[attr-defined]  # a BuildTask
        path.write_bytes(b"GGUF" + bytes(1000))
        return Built(path)


def declared(root: Path, count: int, *, built: bool) -> object:
    """Return the state of an environment with *count* deployments, whose artifacts are files below *root*."""
    from trueup.core.digests import BlobId, Revision, digest_of_bytes
    from trueup.desired.resolve import resolve
    from trueup.spec.parse import parse
    from trueup.spec.resource import SourceFile

    documents = [("Environment", "dev", "", {"tier": "dev", "target": {"type": "process"}})]
    for number in range(count):
        header = json.dumps({"__metadata__": {"number": str(number)}}).encode()
        content = len(header).to_bytes(8, "little") + header
        (root / f"m{number}.safetensors").write_bytes(content)
        source = {"uri": f"file:m{number}.safetensors", "digest": digest_of_bytes(content)}
        documents.append(("Model", f"m{number}", "1", {"source": source, "format": "safetensors"}))
        release = {"model": f"m{number}@1", **({"build": "q8@1"} if built else {})}
        engine = "llama.cpp" if built else "transformers"
        spec = {"environment": "dev", "release": release, "runtime": {"engine": engine}}
        documents.append(("Deployment", f"d{number}", "", spec))
    documents.append(("Build", "q8", "1", {"mode": "gguf", "quantization": "Q8_0"}))
    files = []
    for kind, name, version, spec in documents:
        about = {"name": name, "owner": "bench", **({"version": version} if version else {})}
        value = {"apiVersion": "trueup/v1alpha1", "kind": kind, "metadata": about, "spec": spec}
        files.append(SourceFile(f"spec/{kind}-{name}.yaml", BlobId(""), json.dumps(value).encode()))
    parsed = parse(files, lambda _: b"")
    state, problems = resolve(parsed.resources, "dev", Revision("1" * 40))
    if state is None:
        raise RuntimeError(f"{parsed.diagnostics} {problems}")
    return state


def plans(count: int, rounds: int) -> None:
    from trueup.adapters.sources.builtin import builtin_sources
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.core.digests import digest_of
    from trueup.desired.state import DesiredState
    from trueup.diff.compare import diff
    from trueup.plan.build import build_plan
    from trueup.reconcile.observe import observe

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        store = DirectoryStore(root / "store", builtin_sources(root), {"gguf": Writer()})  # type: ignore[dict-item]
        states = {name: declared(root, count, built=name == "built") for name in ("served as they are", "built")}
        for state in states.values():
            assert isinstance(state, DesiredState)
            for deployment in state.deployments:
                path = store.fetch(deployment.release.artifact, lambda *_: None)
                store.build(deployment.release.build, path, lambda *_: None)

        def planned(state: object) -> None:
            assert isinstance(state, DesiredState)
            fresh = DirectoryStore(root / "store", {}, {})
            observed = observe(state, Nothing(), fresh, Nothing(), NOON)  # type: ignore[arg-type]  # two halves of it
            plan = build_plan(state, observed, diff(state, observed), digest_of("p"), "trueup", NOON)
            if len(plan.changes) != count:
                raise RuntimeError("something was to be fetched or built")

        contenders: dict[str, measure.Contender] = {
            name: lambda state=state: measure.call(lambda: planned(state))  # type: ignore[misc]
            for name, state in states.items()
        }
        costs = measure.by_turns(contenders, rounds)
    print(measure.report(f"Observing and planning {count} deployments", costs, "served as they are"))
    pairs = zip(costs["built"], costs["served as they are"], strict=True)
    added = median(a.wall_seconds - b.wall_seconds for a, b in pairs) * 1e3
    told(f"{count} cached builds add", added, PLAN_BAR_MS * count / 100)


def told(what: str, taken_ms: float, bar_ms: float) -> None:
    print(f"{what}: {taken_ms:.1f} ms, bar {bar_ms:g} ms {'met' if taken_ms <= bar_ms else 'MISSED'}\n")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--builds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    keys(options.keys, options.rounds)
    plans(options.builds, options.rounds)


if __name__ == "__main__":
    main()
