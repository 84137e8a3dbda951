#!/usr/bin/env python3
"""Policy: the first decision with all its starting, and decisions a second afterwards.

The library that ships with trueup judges the plan of an environment. Checking the rules, starting the worker and
loading them are part of the first decision; the baseline of both is making the plan that is judged.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import corpus
import measure

PROJECT = "library: false"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, 300])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long warm decisions are counted")
    options = parser.parse_args(arguments)
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch).resolve()
            corpus.write(folder, size)
            _judged_by_library(folder)
            _measured(folder, size, options.rounds, options.seconds)


def _measured(folder: Path, size: int, rounds: int, seconds: float) -> None:
    from trueup.adapters.policy.bundle import load_library
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.planning import Planned, make_plan

    os.chdir(folder)
    bundle = load_library()
    workspace = LocalWorkspace(folder, lambda *_: None)
    planned = make_plan(workspace, "staging")
    workspace.engine.close()
    if not isinstance(planned, Planned):
        raise SystemExit(f"cannot plan: {planned.diagnostics}")
    document, now = planned.judged.document, workspace.clock.now()

    def first() -> None:
        with EmbeddedEngine() as engine:
            engine.evaluate(bundle, [document], now)

    costs = measure.by_turns(
        {
            "plan without policy": lambda: measure.call(lambda: _plan_alone(folder)),
            "first decision": lambda: measure.call(first),
        },
        rounds,
    )
    print(measure.report(f"Policy on {size} resources, {len(document)} bytes", costs, "plan without policy"))
    with EmbeddedEngine() as engine:
        engine.evaluate(bundle, [document], now)
        taken = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            start = time.perf_counter()
            engine.evaluate(bundle, [document], now)
            taken.append(time.perf_counter() - start)
    rules = len(planned.judged.decision.rules)
    print(f"warm: {1 / median(taken):.1f} decisions a second by {rules} rules ({median(taken) * 1e3:.1f} ms each)\n")


def _plan_alone(folder: Path) -> None:
    from trueup.adapters.policy.bundle import bundle_digest
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.planning import make_plan
    from trueup.workflows.workspace import Policies

    class WithoutPolicies(LocalWorkspace):
        def policies(self, *_: object, **__: object) -> Policies:
            return Policies((), bundle_digest(()))

    make_plan(WithoutPolicies(folder, lambda *_: None), "staging")


def _judged_by_library(folder: Path) -> None:
    project = folder / "trueup.yaml"
    project.write_text(project.read_text().replace(PROJECT, "library: true"))


if __name__ == "__main__":
    main()
