#!/usr/bin/env python3
"""An export of a long ledger: memory that does not grow with it, beside `audit verify`, which every export does first.

The ledger is made of applies with a document of policy each, written by `git fast-import`, the same at every run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import measure

from trueup.adapters.git.ledger_writing import message
from trueup.core.digests import Digest, Revision, digest_of, digest_of_bytes
from trueup.core.json import Json
from trueup.ledger import chain
from trueup.ledger.codec import encode
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome

BAR = 1.5
"""Memory with the longest ledger over that with the shortest: verification keeps 100 bytes of each record."""
PROGRAM = """
import os, resource, sys
from trueup.cli.main import run
code = run(sys.argv[2:], open(os.devnull, "w"), open(os.devnull, "w"), dict(os.environ))
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
sys.exit(code)
"""
"""Runs a command and notes what it took itself: git maps its packs into memory, and gives them back when asked."""
START = datetime(2026, 1, 1, tzinfo=UTC)
POLICIES = digest_of("policies")


def document(number: int) -> bytes:
    """Return what policy judged: some 4 kB."""
    evidence = [
        {"evaluation": f"Evaluation/facts@{n}", "key": digest_of([number, n]), "passed": True, "tool": "builtin 0",
         "completedAt": "2026-01-01T00:00:00+00:00",
         "measurements": [{"metric": f"m{m}", "value": m / 10, "unit": "ratio", "samples": 100} for m in range(6)]}
        for n in range(4)
    ]  # fmt: skip
    value: Json = {
        "change": {"author": f"Author {number % 50} <a{number % 50}@example.com>", "commits": []},
        "approvals": [{"by": "Bob <bob@example.com>", "source": "trailer", "commit": "c" * 40, "signed": True}],
        "evidence": evidence,
        "exceptions": [],
    }
    return json.dumps(value).encode()


def draft(number: int) -> Draft:
    """Return one apply; 200 deployments take turns."""
    address = f"Deployment/prod/d{number % 200}"
    judged = document(number)
    pins: Json = {"model": {"address": f"Model/m@{number}"}, "prompt": {"address": "Prompt/p@1"}, "build": None}
    served: Json = {"release": digest_of(number), "manifest": {"deployment": {"release": pins}}, "verified": True}
    decision: Json = {
        "bundles": {"library": {"revision": "trueup", "digest": POLICIES}},
        "policies": {"digest": POLICIES},
        "path": "trueup/decision",
        "input_digest": digest_of_bytes(judged),
        "result": {"outcome": "allow", "violations": [], "exceptions": []},
    }
    return Draft(
        RecordKind.APPLY,
        "prod",
        START + timedelta(minutes=number),
        "Ada <ada@example.com> on ci",
        Revision(f"{number:040x}"),
        Digest(digest_of(["plan", number])),
        RunOutcome.DONE,
        (address,),
        (decision,),
        body={"serving": {address: served}, "removed": []},
        attachments=((digest_of_bytes(judged), judged),),
    )


def stream(count: int) -> Iterator[bytes]:
    """Yield what `git fast-import` makes the ledger of."""
    previous: Record | None = None
    for number in range(1, count + 1):
        record = previous = chain.seal(draft(number), previous)
        said = message(record).encode() + b"\n"
        yield b"commit refs/trueup/ledger\nmark :%d\ncommitter Ada <ada@example.com> 0 +0000\n" % number
        yield b"data %d\n%s\n" % (len(said), said)
        yield (b"from :%d\n" % (number - 1) if number > 1 else b"") + b"deleteall\n"
        files = {"record.json": encode(record)}
        files |= {f"attachments/{d.removeprefix('sha256:')}": content for d, content in record.draft.attachments}
        for path, content in files.items():
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


def repository(folder: Path, count: int) -> Path:
    """Make a repository with a ledger of *count* records."""
    folder.mkdir()
    for words in (["init", "--quiet"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.com"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / "trueup.yaml").write_text(
        "apiVersion: trueup/v1alpha1\nkind: Project\nmetadata: {name: long}\nspec: {}\n"
    )
    importing = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE)
    assert importing.stdin is not None
    for piece in stream(count):
        importing.stdin.write(piece)
    importing.stdin.close()
    if importing.wait():
        raise RuntimeError("git fast-import failed")
    return folder


def measured(words: Sequence[str], folder: Path) -> measure.Cost:
    """Return what `trueup audit` with *words* took."""
    note = folder.parent / "peak"
    cost = measure.command([sys.executable, "-c", PROGRAM, str(note), "audit", *words], folder)
    return replace(cost, peak_megabytes=measure.megabytes(int(note.read_text())))


def main() -> int:
    """Print the table; fail when memory grew beyond the bar."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--sizes", type=int, nargs=2, default=[1_000, 100_000], metavar="RECORDS")
    asked = arguments.parse_args()
    commands = {
        "verify": ["verify"],
        "export -o csv": ["export", "-o", "csv"],
        "export -o ndjson": ["export", "-o", "ndjson"],
        "export -o html": ["export", "-o", "html"],
    }
    peaks: dict[str, list[float]] = {name: [] for name in commands}
    print("| records | command | s | x CPU of verify | peak MB |\n| ---: | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as place:
        for size in asked.sizes:
            folder = repository(Path(place) / str(size), size)
            runs = {
                name: lambda words=words, folder=folder: measured(words, folder) for name, words in commands.items()
            }
            costs = measure.by_turns(runs, asked.rounds)
            for name, found in costs.items():
                times = measure.ratio(found, costs["verify"])
                peaks[name].append(max(c.peak_megabytes or 0.0 for c in found))
                wall = min(c.wall_seconds for c in found)
                print(f"| {size:,} | {name} | {wall:.1f} | {times:.2f} | {peaks[name][-1]:.0f} |", flush=True)
    grown = {name: large / small for name, (small, large) in peaks.items() if name not in {"verify", "export -o html"}}
    worst = max(grown.values())
    print(f"\nMemory grew by {worst:.2f} at most; bar {BAR}, {'met' if worst <= BAR else 'MISSED'}.")
    return 0 if worst <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
