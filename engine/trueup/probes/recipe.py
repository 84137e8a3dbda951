"""Makes `attacks-1.jsonl`: `python -m trueup.probes.recipe FILE`. Each time the same bytes; a test holds them equal."""

import sys
from collections.abc import Iterator
from pathlib import Path

from trueup.core.json import canonical
from trueup.probes import injections, jailbreaks, leaks, tools
from trueup.probes.rows import Probe

FILE = Path(__file__).with_name("attacks-1.jsonl")


def probes() -> Iterator[Probe]:
    """Yield every attack of the set."""
    for module in (injections, jailbreaks, leaks, tools):
        yield from module.probes()


def spelled() -> bytes:
    """Return the set as JSON Lines."""
    return b"".join(canonical(probe.to_json()) + b"\n" for probe in probes())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(spelled())
