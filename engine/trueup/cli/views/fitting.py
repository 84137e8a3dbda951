"""Fits markdown into a number of bytes: cut between rows and lines, with every fence and fold closed.

Forges count characters, which are never more than bytes in UTF-8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import field

from trueup.core.frozen import dataclass

_LONGEST_COUNT = 12
"""Digits that a number of left out items may have."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together.

    Attributes:
        head: What opens it; alone it is a block that cannot be cut.
        items: What is listed, one line or a few each; it may end after any of them.
        tail: What closes it.
        more: What is said of the items that are left out, with `{}` for how many.
        hidden: Items that were left out before.
    """

    head: tuple[str, ...]
    items: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    more: str = "- and {} more"
    hidden: int = 0

    @property
    def frame(self) -> int:
        """Bytes that it takes without its items."""
        said = len(self.more.encode()) + _LONGEST_COUNT if self.items else 0
        return sum(map(size_of, (*self.head, *self.tail))) + said

    def shown(self, count: int) -> list[str]:
        """Return its lines with the first *count* items."""
        left_out = len(self.items) - count + self.hidden
        return [*self.head, *self.items[:count], *([self.more.format(left_out)] if left_out else []), *self.tail]


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks of one importance.

    Attributes:
        blocks: In the order they are shown.
        fair: Each gets a line in turn, so that a long one does not push the others out; else the first get all.
    """

    blocks: Sequence[Block]
    fair: bool = False


@dataclass(slots=True)
class Fitted:
    """What fits.

    Attributes:
        lines: The lines.
        room: Bytes that are left.
        cut: Blocks that are not whole, or not there.
    """

    room: int
    lines: list[str] = field(default_factory=list)
    cut: int = 0


def block(head: Iterable[str], items: Iterable[str], most: int, tail: Iterable[str] = (), more: str = "") -> Block:
    """Return a block with at most *most* of the *items*."""
    listed = tuple(items)
    kept = Block(tuple(head), listed[:most], tuple(tail), hidden=len(listed[most:]))
    return Block(kept.head, kept.items, kept.tail, more, kept.hidden) if more else kept


def fit(groups: Iterable[Group], room: int) -> Fitted:
    """Return as much of *groups* as *room* bytes hold, the first groups first."""
    fitted = Fitted(room)
    for group in groups:
        counts = _in_turn(group.blocks, fitted.room) if group.fair else _one_by_one(group.blocks, fitted.room)
        for one, count in zip(group.blocks, counts, strict=True):
            if count is None:
                fitted.cut += 1
                continue
            fitted.lines += one.shown(count)
            fitted.room -= one.frame + sum(map(size_of, one.items[:count]))
            fitted.cut += count < len(one.items)
    return fitted


def size_of(line: str) -> int:
    """Return the bytes of a line with its end."""
    return len(line.encode()) + 1


def _one_by_one(blocks: Sequence[Block], room: int) -> list[int | None]:
    """Return how many items of each block fit, None for a block that does not; nothing follows one that is cut."""
    counts: list[int | None] = []
    for one in blocks:
        room -= one.frame
        if room < 0:
            break
        count = 0
        for item in one.items:
            if size_of(item) > room:
                break
            room -= size_of(item)
            count += 1
        counts.append(count)
        if count < len(one.items):
            break
    return [*counts, *[None] * (len(blocks) - len(counts))]


def _in_turn(blocks: Sequence[Block], room: int) -> list[int | None]:
    """Return how many items of each block fit; the frames of all take at most half of the room."""
    frames = room // 2
    counts: list[int | None] = []
    for one in blocks:
        fits = one.frame <= frames
        frames -= one.frame if fits else 0
        room -= one.frame if fits else 0
        counts.append(0 if fits else None)
    waiting = [index for index, count in enumerate(counts) if count is not None]
    while waiting:
        going_on = []
        for index in waiting:
            count, items = counts[index] or 0, blocks[index].items
            if count < len(items) and size_of(items[count]) <= room:
                room -= size_of(items[count])
                counts[index] = count + 1
                going_on.append(index)
        waiting = going_on
    return counts
