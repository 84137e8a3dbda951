"""What has to be true for a promotion, and the way back from it: values that previews show."""

from datetime import timedelta

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Soak:
    """How long the release must have served upstream, and how long it did; None when nobody knows."""

    required: timedelta
    served: timedelta | None

    @property
    def left(self) -> timedelta:
        """What is still to be waited."""
        return max(timedelta(), self.required - (self.served or timedelta()))


@dataclass(frozen=True, slots=True)
class WayBack:
    """The release that a rollback of this promotion would go to.

    Attributes:
        release: Its digest.
        is_cached: Every artifact it needs is in the store.
        restores_file: Editing the release back gives the very bytes that are there now.
        is_declared: It is what the file declares now; else the newest verified one is older than the declaration.
    """

    release: Digest
    is_cached: bool
    restores_file: bool
    is_declared: bool


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many approvals the environment asks for, from which roles, and who approved so far."""

    required: int = 0
    roles: tuple[tuple[str, int], ...] = ()
    given: tuple[str, ...] = ()
