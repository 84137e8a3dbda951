#!/usr/bin/env python3
"""One scalar of a file changed: by a splice that is proved, and by the round trip of ruamel.yaml.

Bars: 5 ms of processor time an edit of a deployment's file after start-up, and no byte outside the value.
"""

import argparse
import difflib
import io
import random
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import corpus
import measure

BAR_MS = 5.0
Path = tuple[str | int, ...]
Case = tuple[bytes, Path]
Way = Callable[[bytes, Path, str], bytes]


def single_values(node: object, here: Path = ()) -> list[Path]:
    """Return the paths of the texts in a document."""
    if isinstance(node, str):
        return [here]
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path for part, below in parts for path in single_values(below, (*here, part))]


def cases(resources: int, *, deployments: bool) -> list[Case]:
    """Return files of one document, and a text in each that is to be changed."""
    from trueup.spec.yaml.load import load_documents

    rng = random.Random(1)
    found = []
    for _, content in sorted(corpus.files(resources).items()):
        documents = load_documents(content, "").documents
        if len(documents) == 1 and (b"kind: Deployment" in content) == deployments:
            found.append((content, rng.choice(single_values(documents[0].value))))
    return found


def spliced(content: bytes, path: Path, value: str) -> bytes:
    from trueup.spec.yaml.edit import Set, edit

    edited = edit(content, [Set(path, value)])
    assert isinstance(edited, bytes), edited
    return edited


def round_trip(content: bytes, path: Path, value: str) -> bytes:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(content.decode())
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue().encode()


def bytes_outside(content: bytes, path: Path, edited: bytes) -> int:
    """Return how far the difference reaches beyond the value, in bytes of the file before."""
    from trueup.spec.yaml.tree import trees, walk

    node, _ = walk(trees(content)[0], path)
    text = content.decode()
    first, last = len(text[: node.place.start].encode()), len(text[: node.place.end].encode())
    start = next((i for i, (a, b) in enumerate(zip(content, edited, strict=False)) if a != b), len(content))
    tail = zip(reversed(content[start:]), reversed(edited[start:]), strict=False)
    shorter = min(len(content), len(edited)) - start
    end = len(content) - next((i for i, (a, b) in enumerate(tail) if a != b), shorter)
    return max(0, first - start) + max(0, end - last)


def changed_lines(content: bytes, edited: bytes) -> int:
    lines = difflib.ndiff(content.decode().splitlines(), edited.decode().splitlines())
    return sum(line.startswith(("+ ", "- ")) for line in lines)


def run(chosen: Sequence[Case], way: Way, value: str) -> None:
    for content, path in chosen:
        way(content, path, value)


def compared(chosen: Sequence[Case], rounds: int) -> dict[str, list[measure.Cost]]:
    """Edit each of *chosen* in every way."""
    contenders = {name: partial(measure.call, partial(run, chosen, way, "new@2")) for name, way in WAYS.items()}
    return measure.by_turns(contenders, rounds)


WAYS: dict[str, Way] = {"round trip of ruamel.yaml": round_trip, "spliced and proved": spliced}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resources", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    for title, deployments in (("deployments", True), ("all other kinds", False)):
        chosen = cases(options.resources, deployments=deployments)
        costs = compared(chosen, options.rounds)
        size = median(len(content) for content, _ in chosen)
        print(f"### One text of each of {len(chosen)} files of {title}, {size:.0f} bytes in the middle\n")
        print("| way | CPU ms an edit | x round trip | bytes outside the value | changed lines an edit |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, way in WAYS.items():
            edited = [(content, path, way(content, path, "new@2")) for content, path in chosen]
            astray = sum(bytes_outside(*one) for one in edited)
            lines = sum(changed_lines(content, after) for content, _, after in edited) / len(chosen)
            ms = median(c.cpu_seconds for c in costs[name]) / len(chosen) * 1e3
            times = measure.ratio(costs[name], costs["round trip of ruamel.yaml"])
            print(f"| {name} | {ms:.2f} | {times:.2f} | {astray} | {lines:.1f} |")
            if deployments and way is spliced:
                verdict = "met" if ms <= BAR_MS and not astray else "MISSED"
        if deployments:
            print(f"\nBar {BAR_MS:g} ms and 0 bytes: {verdict}")
        print()


if __name__ == "__main__":
    main()
