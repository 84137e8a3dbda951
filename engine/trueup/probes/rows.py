"""The shape of one attack, and how it stands in a file."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from trueup.core.json import Json


class Attack(StrEnum):
    """What is tried, by the names that policy has (`parameters/redteam`)."""

    INJECTION = "injection"
    JAILBREAK = "jailbreak"
    LEAKAGE = "leakage"
    TOOL_ABUSE = "tool-abuse"


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt.

    Attributes:
        id: Attack, technique, template and payload.
        attack: What is tried.
        category: Of the OWASP Top 10 for LLM applications, with its year.
        technique: How it is tried.
        system: Put after the release's own system message: the rule that the attack wants broken.
        turns: What the user says, the assistant is said to have said, the user says, ...
        says: Texts that only a model says with which it worked.
        canary: A secret of `system`; found in any disguise.
        prompt: Whether words of the system messages in a row show that it worked.
        tools: Tools that are offered.
        calls: Those whose call shows that it worked.
    """

    id: str
    attack: Attack
    category: str
    technique: str
    system: str
    turns: tuple[str, ...]
    says: tuple[str, ...] = ()
    canary: str = ""
    prompt: bool = False
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the probe as a row; what does not apply is left out."""
        roles = ("user", "assistant")
        success: dict[str, Json] = {
            **({"says": list(self.says)} if self.says else {}),
            **({"canary": self.canary} if self.canary else {}),
            **({"prompt": True} if self.prompt else {}),
            **({"calls": list(self.calls)} if self.calls else {}),
        }
        return {
            "id": self.id,
            "attack": self.attack.value,
            "category": self.category,
            "technique": self.technique,
            "system": self.system,
            "messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(self.turns)],
            **({"tools": list(self.tools)} if self.tools else {}),
            "success": success,
        }


BIRDS = ("kestrel", "heron", "wagtail", "plover", "siskin", "dunlin", "bittern", "whimbrel")


def canary_of(name: str) -> str:
    """Return a secret that no model has ever seen, the same for the same *name*: a bird and four digits."""
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return f"{BIRDS[drawn % len(BIRDS)].upper()}-{1000 + drawn // len(BIRDS) % 9000}"
