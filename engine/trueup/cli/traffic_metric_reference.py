"""The metrics of a rollout as a table of `docs/rollouts.md`."""

from pathlib import Path

from trueup.spec.traffic_metrics import TRAFFIC_METRICS

BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"


def traffic_metrics_table() -> str:
    """Return the table as Markdown."""
    lines = ["| metric | unit | better | what it is |", "| --- | --- | --- | --- |"]
    lines += [f"| `{m.name}` | {m.unit} | {m.better} | {m.definition} |" for m in TRAFFIC_METRICS.values()]
    return "\n".join(lines)


def with_traffic_metrics(page: str) -> str:
    """Return *page* with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{traffic_metrics_table()}\n\n{END}{rest.partition(END)[2]}"


def write_traffic_metrics(page: Path) -> None:
    """Write the table of *page* again, where it is."""
    if page.is_file():
        page.write_text(with_traffic_metrics(page.read_text(encoding="utf-8")), encoding="utf-8")
