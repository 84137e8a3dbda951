"""Root errors: what the world got wrong. What a user got wrong is a `Diagnostic` value instead."""

from trueup.core.diagnostics import Code, Diagnostic, Span


class TrueupError(Exception):
    """A failure with a stable code; raised beside the effect that failed, shown like a diagnostic.

    Attributes:
        code: The stable kind of failure.
        detail: What happened, to what, and why.
        hint: What the reader can do now.
        span: The place in a file it is about, if there is one.
    """

    def __init__(self, code: Code, detail: str, *, hint: str = "", span: Span | None = None) -> None:
        super().__init__(f"{code.id} {code.summary}: {detail}")
        self.code = code
        self.detail = detail
        self.hint = hint
        self.span = span

    def diagnostic(self) -> Diagnostic:
        """Return the failure as the value that views show."""
        return Diagnostic(self.code, self.detail, self.span, self.hint or self.code.remedy)


class TransientError(TrueupError):
    """A retry may help: a busy port, a lost race, a slow server."""


class PermanentError(TrueupError):
    """A retry will not help before something else changes."""
