"""Requests per minute of one client on one route, as a bucket that fills evenly."""

from collections import OrderedDict

_KEPT_CLIENTS = 4096


class Rates:
    """Tells whether one more request is granted; times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def wait_seconds(self, route: str, client: str, per_minute: int, now: float) -> float:
        """Take one request from the client's bucket and return 0, or how long until the next one is granted."""
        key = (route, client)
        left, since = self._left.pop(key, (float(per_minute), now))
        left = min(float(per_minute), left + (now - since) * per_minute / 60.0)
        granted = left >= 1.0
        self._left[key] = (left - 1.0 if granted else left, now)
        while len(self._left) > _KEPT_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if granted else (1.0 - left) * 60.0 / per_minute
