"""Spelling help for names: "did you mean"."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest of *known*, or an empty string when none is close; case is no distance."""
    import difflib  # nobody waits for spelling help who made no mistake

    names = list(known)
    same = [other for other in names if other.lower() == name.lower()]
    close = same or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
