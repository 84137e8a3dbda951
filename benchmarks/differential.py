#!/usr/bin/env python3
"""The library on generated documents through both engines: how many documents, how many differences.

Documents are right ones with one to four places changed: dropped, of another type, swapped, repeated, misspelt. The
second engine is OPA itself, in process, given what a server would be given.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import differential  # noqa: E402
import oracle  # noqa: E402
from trueup.adapters.policy.bundle import load_library  # noqa: E402
from trueup.adapters.policy.embedded.engine import EmbeddedEngine  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=Path, help="write a document of each difference to this file")
    options = parser.parse_args(arguments)
    if reason := oracle.available():
        print(f"no OPA: {reason}")
        return 1
    library, random = load_library(), Random(options.seed)
    right = differential.documents(library)
    made = (differential.mutated(random.choice(right), random) for _ in range(options.documents - len(right)))
    start = time.monotonic()
    with oracle.Oracle() as engine, EmbeddedEngine(timeout_seconds=120) as local:
        opa = differential.direct_engine(engine, local)
        tally = differential.compared(local, opa, library, [*right, *made], differential.Tally())
    print(f"| documents | {tally.documents:,} |\n| --- | --- |")
    print(f"| denied | {tally.denied:,} |\n| results | {tally.results:,} |")
    print(f"| both end with an error | {tally.both_erred:,} |")
    print(f"| results differ | {sum(tally.differ.values()):,} |\n| decisions differ | {tally.decisions_differ:,} |")
    print(f"\n{time.monotonic() - start:.0f} seconds, {local.name} and OPA {oracle.VERSION}, seed {options.seed}")
    print("\n".join(differential.differences(tally)))
    if options.examples:
        options.examples.write_text(json.dumps([(k, v) for k, v in tally.examples.items()], ensure_ascii=False))
    return 1 if tally.differ or tally.decisions_differ else 0


if __name__ == "__main__":
    sys.exit(main())
