"""JSON Schema of the behaviour diffs in the JSON output of `plan --behaviour`."""

from trueup.core.json import Json
from trueup.core.json_schema import COUNT, DIGEST, FLAG, NUMBER, TEXT, list_of, nullable, object_of, said
from trueup.diff.behaviour.answers import Movement
from trueup.diff.behaviour.metrics import Outcome


def behaviour_schema() -> dict[str, Json]:
    """Return the schema of one deployment's diff."""
    part = object_of({"name": TEXT, "old": TEXT, "new": TEXT})
    return object_of(
        {
            "deployment": TEXT,
            "old_release": said(nullable(DIGEST), "what serves; null when nothing does"),
            "new_release": DIGEST,
            "complete": said(FLAG, "examples of both releases were compared by every evaluation"),
            "parts": said(list_of(part), "what differs: `model`, `adapters`, `prompt`, `build`, `runtime`, ..."),
            "evaluations": list_of(_evaluation()),
            "notes": said(list_of(TEXT), "what is missing altogether"),
        }
    )


def _evaluation() -> dict[str, Json]:
    known = nullable(NUMBER)
    metric: dict[str, Json] = {
        "metric": TEXT,
        "slice": said(TEXT, "part of the data; empty for all of it"),
        "unit": TEXT,
        "old": known,
        "new": known,
        "delta": said(known, "new less old"),
        "interval": said(nullable(list_of(NUMBER)), "ends of the two-sided 95 % confidence interval of `delta`"),
        "pairs": said(COUNT, "examples that both runs have"),
        "outcome": {"enum": [o.value for o in Outcome]},
        "more_samples": said(nullable(COUNT), "about how many more examples would decide it"),
    }
    usage: dict[str, Json] = {"name": TEXT, "unit": TEXT, "old": known, "new": known}
    names = ("same", "changed", "pass_to_fail", "fail_to_pass", "only_old", "only_new")
    return object_of(
        {
            "evaluation": TEXT,
            "measured": said(FLAG, "both releases were measured by it; without that nothing is known"),
            "metrics": list_of(object_of(metric)),
            "usage": list_of(object_of(usage)),
            "counts": said(nullable(object_of(dict.fromkeys(names, COUNT))), "null when examples were not compared"),
            "changes": said(list_of(_change()), "`--examples` of them, those that matter most first"),
            "notes": said(list_of(TEXT), "what is missing, and what has to be known to read it"),
        }
    )


def _change() -> dict[str, Json]:
    excerpt = object_of({"text": TEXT, "left_out_before": COUNT, "left_out_after": COUNT})
    score = object_of({"metric": TEXT, "old": nullable(NUMBER), "new": nullable(NUMBER)})
    words = object_of({"kind": {"enum": ["equal", "delete", "insert"]}, "text": TEXT})
    return object_of(
        {
            "id": TEXT,
            "epoch": COUNT,
            "slice": TEXT,
            "movement": {"enum": [m.value for m in Movement]},
            "question": excerpt,
            "old": excerpt,
            "new": excerpt,
            "words": list_of(words),
            "distance": said(NUMBER, "share of neighbouring words that only one answer has"),
            "scores": list_of(score),
        }
    )
