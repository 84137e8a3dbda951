#!/usr/bin/env python3
"""What looking back costs: `audit log` of one resource and `audit at`, over thousands of commits and records.

Bars: the first index of 5,000 commits takes 5 s, and what follows 0.1 s, of processor time on an idle machine. The
ratios, to a bare Python start and to `git log` in the same run, hold on a busy one.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import corpus
import measure

from trueup.core.digests import Digest, Revision, digest_of
from trueup.ledger import chain
from trueup.ledger.codec import encode
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome

REF = "refs/trueup/ledger"
START = 1_700_000_000


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--commits", type=int, default=5_000)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        named = made(folder, options.resources, options.commits, options.records)
        costs = measure.by_turns(contenders(folder, *named), options.rounds)
        print(measure.report("Looking back", costs, "python -c pass"))


def made(folder: Path, resources: int, commits: int, records: int) -> tuple[str, str]:
    """Write a repository with a past to *folder*; return a resource edited often, and a deployment in the ledger."""
    corpus.write(folder, resources)
    edited = add_history(folder, commits)
    deployments = add_ledger(folder, records)
    subprocess.run(["git", "gc", "--quiet"], cwd=folder, check=True)
    return edited, deployments[0]


def contenders(folder: Path, edited: str, deployment: str) -> dict[str, measure.Contender]:
    """Return the ways to look back, and what they are held against."""
    trueup = [sys.executable, "-m", "trueup"]
    index = folder / ".git" / "trueup" / "history"

    def first(words: list[str], names: str) -> measure.Cost:
        for file in index.glob(names) if index.exists() else ():
            file.unlink()
        return measure.command([*trueup, *words], folder)

    about = ["audit", "log", edited]
    kind = ["audit", "log", deployment, "--kind", "apply"]
    return {
        "python -c pass": lambda: measure.command([sys.executable, "-c", "pass"], folder),
        "git log --raw of everything": lambda: measure.command(["git", "log", "--raw", "-r", "--no-renames"], folder),
        "audit log RESOURCE, first index of commits": lambda: first(about, "changes-*"),
        "audit log RESOURCE": lambda: measure.command([*trueup, *about], folder),
        "audit log --kind apply, first index of records": lambda: first(kind, "records-*"),
        "audit log --kind apply": lambda: measure.command([*trueup, *kind], folder),
        "audit at": lambda: measure.command([*trueup, "audit", "at", "2026-01-01"], folder),
    }


def add_history(folder: Path, commits: int) -> str:
    """Commit scalar edits of random files; return the address of a resource that was edited often."""
    rng = random.Random(1)
    prompts = sorted(p for p in folder.glob("spec/**/*.yaml") if b"kind: Prompt" in p.read_bytes())
    often = prompts[0]
    branch = subprocess.run(["git", "symbolic-ref", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    name = branch.stdout.strip()
    stream = []
    for number in range(commits):
        stream.append(f"commit {name}\ncommitter Ada <ada@example.com> {START + 60 * number} +0000\ndata 4\nEdit\n")
        stream.append(f"from {name}^0\n" if not number else "")
        for path in {often if number % 50 == 0 else rng.choice(prompts), rng.choice(prompts)}:
            path.write_bytes(edited(path.read_bytes(), number))
            content = path.read_bytes().decode()
            size = len(content.encode())
            stream.append(f"M 100644 inline {path.relative_to(folder).as_posix()}\ndata {size}\n{content}\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input="".join(stream).encode(), check=True)
    subprocess.run(["git", "reset", "--quiet", "--hard"], cwd=folder, check=True)
    return address_of(often)


def edited(content: bytes, number: int) -> bytes:
    """Change who owns the first document of a file."""
    lines = content.split(b"\n")
    owner = next((i for i, line in enumerate(lines) if line.startswith(b"  owner:")), None)
    if owner is None:
        place = next(i for i, line in enumerate(lines) if line.rstrip() == b"metadata:")
        return b"\n".join([*lines[: place + 1], f"  owner: team-{number}".encode(), *lines[place + 1 :]])
    return b"\n".join([*lines[:owner], f"  owner: team-{number}".encode(), *lines[owner + 1 :]])


def address_of(path: Path) -> str:
    from trueup.core.digests import BlobId
    from trueup.spec.resource import SourceFile
    from trueup.spec.yaml.load import load_file

    value = load_file(SourceFile("", BlobId(""), path.read_bytes())).documents[0].value
    return f"{value['kind']}/{value['metadata']['name']}@{value['metadata']['version']}"


def add_ledger(folder: Path, records: int) -> list[str]:
    """Write a ledger of applies to 40 deployments in three environments; return their addresses."""
    rng = random.Random(2)
    addresses = [f"Deployment/{environment}/d{n:02}" for n in range(40) for environment in ("dev", "staging", "prod")]
    before: Record | None = None
    stream = []
    for number in range(records):
        address = rng.choice(addresses)
        served = {"release": digest_of(number), "manifest": {"deployment": {"address": address}}, "verified": True}
        draft = Draft(
            kind=RecordKind.APPLY,
            environment=address.split("/")[1],
            at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=10 * number),
            actor="Ada <ada@example.com>",
            revision=Revision("1" * 40),
            plan=Digest(""),
            outcome=RunOutcome.DONE,
            resources=(address, f"Prompt/p{number % 500}@1"),
            body={"serving": {address: served}, "removed": []},
        )
        before = chain.seal(draft, before)
        content = encode(before)
        said = f"apply\n\nTrueup-Record: {before.digest}\n"
        stream.append(f"commit {REF}\ncommitter trueup <trueup@localhost> {START + number} +0000\n".encode())
        stream.append(f"data {len(said)}\n{said}M 100644 inline record.json\ndata {len(content)}\n".encode() + content)
        stream.append(b"\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=b"".join(stream), check=True)
    return addresses


if __name__ == "__main__":
    main()
