"""JSON Schema of `policy replay`."""

from trueup.core.json import Json
from trueup.core.json_schema import COUNT, FLAG, FORMAT_1, TEXT, TIME, list_of, object_of, published, said
from trueup.policy.replayed import Effect, Source


def replay_schema() -> dict[str, Json]:
    """Return the schema of `policy replay`."""
    place: dict[str, Json] = {
        "source": {"enum": [s.value for s in Source]},
        "name": said(TEXT, "number of the record, or the commit"),
        "at": TIME,
        "environment": TEXT,
        "revision": TEXT,
        "reconstructed": said(FLAG, "the plan was built from what the commit declares; evidence is unknown"),
    }
    effects: list[Json] = [e.value.replace(" ", "_") for e in Effect]
    example = object_of(
        {
            **place,
            "address": TEXT,
            "message": TEXT,
            "no_longer_blocks": FLAG,
            "more_there": said(COUNT, "of the rule in that decision"),
        }
    )
    block = object_of({"rule": TEXT, "address": TEXT, "path": {"type": "array"}, "message": TEXT})
    blocks = {"blocks": list_of(block), "no_longer_blocks": list_of(block), "errors": list_of(TEXT)}
    rule = {
        "rule": TEXT,
        "blocks": said(COUNT, "decisions that it did not block before"),
        "lets_through": said(COUNT, "decisions that it blocked before"),
        "blocks_otherwise": said(COUNT, "decisions that it blocks before and now, for other things"),
        "examples": said(list_of(example), "the newest, one a decision"),
    }
    passed: dict[str, Json] = {
        "older_formats": list_of(object_of({"format": COUNT, "count": COUNT})),
        "without_policies": COUNT,
        "count": COUNT,
        "listed": list_of(object_of({**place, "why": TEXT})),
    }
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        "since": TIME,
        "until": TIME,
        "environment": said(TEXT, "empty for all"),
        "judged": object_of({s.value: COUNT for s in Source}),
        "effects": object_of({str(e): COUNT for e in effects}),
        "rules": list_of(object_of(rule)),
        "changed": said(list_of(object_of({**place, "effect": {"enum": effects}, **blocks})), "the newest hundred"),
        "not_replayed": object_of(passed),
    }
    return published("trueup policy replay", object_of(document))
