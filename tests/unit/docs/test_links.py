"""Every link of every page leads somewhere, and every page can be found from the first one."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")


def pages() -> list[Path]:
    """Return the pages that git has."""
    command = ["git", "-C", str(ROOT), "ls-files", "--", "*.md"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    own = [
        ROOT / name for name in listed if not name.startswith(("tests/golden/", "engine/trueup/workflows/scaffold/"))
    ]
    return [page for page in own if page.is_file()]


@cache
def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = sum(a == anchor or re.fullmatch(re.escape(anchor) + r"-\d+", a) is not None for a in found)
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def links(page: Path) -> list[str]:
    """Return where links lead; what stands in code only looks like one."""
    return _LINK.findall(_CODE.sub(lambda code: re.sub(r"[\[\]()]", "", code.group()), prose(page)))


def target(page: Path, link: str) -> tuple[Path, str] | None:
    """Return the file and the anchor that a link within the repository leads to."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        found = target(page, link)
        if found is None:
            continue
        path, anchor = found
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md", ROOT / "docs" / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in links(page):
            found = target(page, link)
            if found and found[0].is_dir() and (found[0] / "README.md").is_file():
                todo.append(found[0] / "README.md")
            elif found and found[0].suffix == ".md" and found[0].is_file():
                todo.append(found[0])
    lost = [
        str(page.relative_to(ROOT))
        for page in pages()
        if page.is_relative_to(ROOT / "docs") or page.is_relative_to(ROOT / "policies") or page.parent == ROOT
        if page not in seen
    ]
    assert lost == []


def test_the_index_is_one_click_from_the_readme() -> None:
    assert any(
        target(ROOT / "README.md", link) == (ROOT / "docs" / "README.md", "") for link in links(ROOT / "README.md")
    )
