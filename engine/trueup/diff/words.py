"""Word-level difference of two texts, for people who review prompts."""

import re
from collections.abc import Sequence
from itertools import groupby

Run = tuple[str, str]
"""("equal" | "delete" | "insert", text)."""

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_EDITS = 400
"""Edits looked for before a coarser unit is taken: the search costs their square, and a reader gave up long before."""
_MARK = 3
"""Characters of punctuation that are no landmark between large changes."""
_MUCH = 20


def word_difference(before: str, after: str) -> tuple[Run, ...]:
    """Return the runs that turn *before* into *after*: by words, by lines when too much differs, else as a whole.

    The equal and deleted runs joined are *before*, the equal and inserted runs *after*.
    """
    for unit in (_TOKEN, _LINE):
        runs = _difference(unit.findall(before), unit.findall(after))
        if runs is not None:
            return _readable(runs)
    return _joined([("delete", before), ("insert", after)])


def _difference(before: Sequence[str], after: Sequence[str]) -> list[Run] | None:
    """Compare two lists of tokens; None when they are too far apart."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    middle = _shortest_edit(before[start : len(before) - end], after[start : len(after) - end])
    if middle is None:
        return None
    head = [("equal", t) for t in before[:start]]
    tail = [("equal", t) for t in before[len(before) - end :]]
    return [*head, *middle, *tail]


def _shortest_edit(before: Sequence[str], after: Sequence[str]) -> list[Run] | None:
    """Find the fewest deletions and insertions.

    Source: the greedy algorithm of "An O(ND) Difference Algorithm and Its Variations" (Myers, 1986).
    """
    reach = {1: 0}
    history: list[dict[int, int]] = []
    for edits in range(min(len(before) + len(after), _MOST_EDITS) + 1):
        history.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            x = _step(reach, diagonal, edits)
            while x < len(before) and x - diagonal < len(after) and before[x] == after[x - diagonal]:
                x += 1
            reach[diagonal] = x
            if x >= len(before) and x - diagonal >= len(after):
                return _walk_back(history, before, after)
    return None


def _step(reach: dict[int, int], diagonal: int, edits: int) -> int:
    """Return how far the furthest path of one edit less gets on *diagonal*."""
    down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
    return reach[diagonal + 1] if down else reach[diagonal - 1] + 1


def _walk_back(history: list[dict[int, int]], before: Sequence[str], after: Sequence[str]) -> list[Run]:
    x, y = len(before), len(after)
    runs: list[Run] = []
    for edits in range(len(history) - 1, 0, -1):
        reach = history[edits]
        diagonal = x - y
        start = _step(reach, diagonal, edits)
        while x > start and y > start - diagonal:
            x, y = x - 1, y - 1
            runs.append(("equal", before[x]))
        if diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]):
            y -= 1
            runs.append(("insert", after[y]))
        else:
            x -= 1
            runs.append(("delete", before[x]))
    runs += [("equal", token) for token in reversed(before[:x])]
    return runs[::-1]


def _readable(runs: list[Run]) -> tuple[Run, ...]:
    """Join runs, and let changes swallow what little stands between them: whole phrases read better."""
    joined = _slid(_joined(runs))
    parts: list[Run] = []
    for index, (kind, text) in enumerate(joined):
        around = sum(len(t) for k, t in joined[max(index - 2, 0) : index + 3] if k != "equal")
        inside = 0 < index < len(joined) - 1
        if kind == "equal" and inside and _is_filler(text, around):
            parts += [("delete", text), ("insert", text)]
        else:
            parts.append((kind, text))
    return _joined(parts)


def _slid(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Move a lone change to the left over what it repeats, so that it meets the change before it.

    `one{+,+} {+big +}word` and `one{+, big+} word` say the same; the second reads better.
    """
    result = list(runs)
    index = 2
    while index < len(result) - 1:
        (before, same), (kind, text), (after, following) = result[index - 1 : index + 2]
        if before == after == "equal" and text.endswith(same):
            result[index - 1 : index + 2] = [(kind, same + text[: -len(same)]), ("equal", same + following)]
        else:
            index += 1
    return _joined(result)


def _is_filler(text: str, around: int) -> bool:
    """Tell whether unchanged *text* is mere space, or a sign or two between *around* changed characters."""
    if not text.strip(" "):
        return True
    return len(text) < _MARK and around > _MUCH and not any(c.isalnum() or c == "\n" for c in text)


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """Merge neighbours of a kind; between two equal runs comes at most one deletion, then one insertion."""
    result: list[Run] = []
    for is_equal, group in groupby(runs, key=lambda r: r[0] == "equal"):
        block = list(group)
        if is_equal:
            result.append(("equal", "".join(t for _, t in block)))
            continue
        for kind in ("delete", "insert"):
            text = "".join(t for k, t in block if k == kind)
            if text:
                result.append((kind, text))
    return tuple(r for r in result if r[1])
