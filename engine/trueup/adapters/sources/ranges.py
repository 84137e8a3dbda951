"""A file of which any part can be asked for, as a stream: parts are asked for as they are read."""

import io
from collections.abc import Callable

BLOCK_BYTES = 8 << 20
"""Asked for at once: long enough that a request's own time does not count, short enough for some in memory."""


class RangeReader(io.RawIOBase):
    """Reads what `fetch(start, end)` gives, in blocks.

    Args:
        fetch: Gives the bytes from start up to end, which are all in the file.
        size: Length of the file.
        offset: Where to begin.
        block: Bytes asked for at once.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], size: int, offset: int = 0, *, block: int = BLOCK_BYTES
    ) -> None:
        super().__init__()
        self._fetch, self._size, self._place, self._block = fetch, size, offset, block
        self._kept, self._kept_at = b"", 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be moved in."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; nothing is asked for."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        if self._place >= self._size or size == 0:
            return b""
        if not self._kept_at <= self._place < self._kept_at + len(self._kept):
            end = min(self._place + self._block, self._size)
            self._kept, self._kept_at = self._fetch(self._place, end), self._place
        start = self._place - self._kept_at
        content = self._kept[start:] if size < 0 else self._kept[start : start + size]
        self._place += len(content)
        return content
