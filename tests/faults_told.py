"""The table of faults that a run of the tests tried, printed at its end."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PROPERTY = "fault"
"""Name under which a test records a row."""


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the table, and the sum; nothing without rows."""
    found = list(rows)
    if not found:
        return
    yield "| fault | tried | survived | requests | failed | remarks |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in found:
        numbers = f"{row['tried']} | {row['survived']} | {row['sent']:,} | {row['failed']:,}"
        yield f"| {row['fault']} | {numbers} | {row['said']} |"
    total = {key: sum(row[key] for row in found) for key in ("tried", "survived", "sent", "failed")}
    yield (f"| together | {total['tried']} | {total['survived']} | {total['sent']:,} | {total['failed']:,} | |")
    back = sorted(ms for row in found for ms in row["back_ms"])
    if back:
        middle, most = back[len(back) // 2], back[-1]
        yield ""
        yield f"Abort decided to all traffic back, {len(back)} times: median {middle} ms, at most {most} ms."
