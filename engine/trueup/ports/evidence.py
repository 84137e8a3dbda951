"""Port of signatures on evidence: whoever keeps a result may sign it, and whoever reads it asks who did."""

from typing import Protocol


class EvidenceSeal(Protocol):
    """Signs what is measured here, and tells whose signature a kept statement has."""

    @property
    def verifies(self) -> bool:
        """Whether any signature could count: without a trusted key there is nothing to look at."""
        ...

    def seal(self, statement: bytes) -> bytes:
        """Return what is kept of *statement*: an envelope with a signature, itself where no key is configured."""
        ...

    def opened(self, kept: bytes) -> tuple[str, bytes]:
        """Return the name of the trusted key that signed *kept*, empty for none, and the statement in it."""
        ...
