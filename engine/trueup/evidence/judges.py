"""What a judge must not be: of the family of what it judges, whose style it would take for quality."""


def same_family(judge: tuple[str, ...], judged: tuple[str, ...]) -> bool:
    """Tell whether two models share a family or an architecture; case does not matter.

    Args:
        judge: Families of the judge (`RequiredJudge.families`).
        judged: Families of the judged model (`desired.evaluations.families_of`).
    """
    return not {f.casefold() for f in judge}.isdisjoint(f.casefold() for f in judged)
