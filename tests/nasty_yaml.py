"""YAML files as people and programs leave them, made up at random: every layout that an edit may meet.

A comment is `#c` and a number, each once in a file, so that a test can tell which of them are left.
"""

from random import Random

KEYS = ["a", "b", "name", "'it''s'", '"a: b"', '"é\\u00e9"', "ключ", '"no"', "x y", "𝒳", '"#"', "a-b", "e\u0301", "a.b"]
PLAIN = [
    "x",
    "one two",
    "tiny@2",
    "no",
    "é",
    "😀",
    "a\u0301",
    "א\u202bב",
    "a#b",
    "x:y",
    "-x",
    "http://a/b?c=d",
    "=",
    "%",
]
OTHER = ["1", "-0", "0x1F", "0o17", "1.50", "1e3", "~", "null", "true", "False", "0777"]
QUOTED = ["''", '""', "'it''s # no'", '"a: b"', '"\\u00e9\\n\\t"', "'{x}'", '"\\""', "' '", '"🎉"', "'a, b'", '"\\\\"']
WORDS = ["one", "two # no", "'q'", "- x", "a: b", "  deep", "é 😀", "[1", "#", "tab\there", "..."]


class Nasty:
    """Writes one file; every choice comes from the generator that it is given."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._comments = 0
        self._anchors: list[str] = []

    def file(self) -> bytes:
        rng = self._rng
        text = rng.choice(["", "", "# head\n", "\n\n", "%YAML 1.2\n---\n", "---\n", "--- #c0\n", "#c0\n\n---\n"])
        for number in range(rng.choice([1, 1, 1, 2, 3])):
            if number:
                text += rng.choice(
                    ["---\n", "...\n---\n", self.comment_lines(3) + "---\n", "---\n" + self.comment_lines(3) + "---\n"]
                )
            self._anchors = []
            text += self.root()
        text += rng.choice(["", "", "...\n", "...\n#c999998\n", "#c999999\n", "\n\n"])
        if rng.random() < 0.15:
            text = text.rstrip("\r\n")
        if rng.random() < 0.2:
            text = text.replace("\n", "\r\n")
        return ("\ufeff" * (rng.random() < 0.1) + text).encode()

    def root(self) -> str:
        kind = self._rng.random()
        if kind < 0.75:
            return self.mapping(0, 0)
        if kind < 0.92:
            return self.sequence(0, 0)
        return self.flow(1, 0) + self.trail() + "\n"

    def comment(self) -> str:
        self._comments += 1
        return f"#c{self._comments}"

    def trail(self) -> str:
        rng = self._rng
        if rng.random() < 0.25:
            return rng.choice([" ", "  ", "\t", "    "]) + self.comment()
        return rng.choice(["", "", "", " ", "\t"]) if rng.random() < 0.3 else ""

    def comment_lines(self, indent: int) -> str:
        rng, lines = self._rng, ""
        while rng.random() < 0.3:
            lines += rng.choice(["\n", " " * rng.randint(0, indent + 2) + self.comment() + "\n"])
        return lines

    def mapping(self, indent: int, depth: int, first: str = "") -> str:
        """Return the lines of a mapping; *first* is what stands before its first key instead of the indent."""
        rng, text = self._rng, ""
        keys = rng.sample(KEYS, rng.choice([1, 2, 2, 3, 4]))
        for number, key in enumerate(keys):
            if number or not first:
                text += self.comment_lines(indent) + " " * indent
            if rng.random() < 0.06:
                text += "? " + key + self.trail() + "\n"
                if rng.random() < 0.8:
                    text += " " * indent + ":" + self.value(indent, depth, under_key=True)
            else:
                text += key + rng.choice([":", ":", ":", " :"]) + self.value(indent, depth, under_key=True)
        return text

    def sequence(self, indent: int, depth: int, first: str = "") -> str:
        rng, text = self._rng, ""
        for number in range(rng.choice([1, 2, 3])):
            if number or not first:
                text += self.comment_lines(indent) + " " * indent
            text += "-"
            if depth < 3 and rng.random() < 0.35:
                gap = " " * rng.choice([1, 1, 1, 3])
                inner = self.mapping if rng.random() < 0.7 else self.sequence
                text += gap + inner(indent + 1 + len(gap), depth + 1, gap)
            else:
                text += self.value(indent, depth, under_key=False)
        return text

    def value(self, indent: int, depth: int, *, under_key: bool) -> str:
        """Return what follows `key:` or `-`, to the end of its lines."""
        rng, kind = self._rng, self._rng.random()
        pad = "\n" + " " * (indent + rng.randint(1, 3))
        if depth < 3 and kind < 0.3:
            head = rng.choice(["", "", "", f" &m{rng.randint(0, 2)}", " !!map"]) + self.trail() + "\n"
            return head + self.mapping(indent + rng.randint(1, 4), depth + 1)
        if depth < 3 and kind < 0.45:
            at = indent + rng.choice([0, 2]) if under_key else indent + 2
            return (
                rng.choice(["", "", "", f" &s{rng.randint(0, 2)}"]) + self.trail() + "\n" + self.sequence(at, depth + 1)
            )
        if kind < 0.55:
            return " " + self.properties() + self.flow(indent + 1, depth) + self.trail() + "\n"
        if kind < 0.65:
            return self.block_scalar(indent)
        if kind < 0.7 and self._anchors:
            return " *" + rng.choice(self._anchors) + self.trail() + "\n"
        if kind < 0.76:
            return self.trail() + "\n"
        if kind < 0.82:
            return " " + self.properties() + rng.choice(["one", "'one", '"one']).replace("one", "o") + self._rest(pad)
        gap = rng.choice([" ", " ", " ", "   ", pad])
        return gap + self.properties() + rng.choice(PLAIN + OTHER + QUOTED) + self.trail() + "\n"

    def _rest(self, pad: str) -> str:
        """Return the further lines of an `o` that may have been opened with a quote; the reader drops bad files."""
        return (
            self._rng.choice([pad + "two", "\n" + pad + "two", pad + "two'", pad + "\\n" + pad + 'z"'])
            + self.trail()
            + "\n"
        )

    def properties(self) -> str:
        rng = self._rng
        if rng.random() < 0.85:
            return ""
        name = f"n{rng.randint(0, 3)}"
        if rng.random() < 0.3:
            return "!!str "
        self._anchors.append(name)
        return f"&{name} "

    def block_scalar(self, indent: int) -> str:
        rng = self._rng
        step, lines = rng.randint(1, 4), rng.choices(WORDS, k=rng.choice([0, 1, 1, 2, 3]))
        digit = str(step) if (lines and lines[0].startswith(" ")) or rng.random() < 0.1 else ""
        header = rng.choice(["|", ">"]) + rng.choice([digit + "-", digit + "+", digit, "+" + digit])
        text = " " + self.properties() + header + (" " + self.comment() if rng.random() < 0.2 else "") + "\n"
        for line in lines:
            text += rng.choice(["", "", "", "\n", "  \n"[: rng.randint(1, 3)]]) * (rng.random() < 0.3)
            text += " " * (indent + step) + line + "\n"
        return text + rng.choice(["", "", "\n", "\n\n", " \n"])

    def flow(self, indent: int, depth: int) -> str:
        rng = self._rng
        several = rng.random() < 0.4
        opening, closing = rng.choice(["[]", "{}"])
        parts = [self.flow_entry(indent, depth, opening) for _ in range(rng.choice([0, 1, 2, 3]))]
        if opening == "{":
            keys = rng.sample(KEYS, len(parts))
            parts = [
                key + rng.choice([": ", ": ", " : ", ":   "]) + part for key, part in zip(keys, parts, strict=True)
            ]
        text = opening + self._space(indent, several)
        for number, part in enumerate(parts):
            text += part + self._space(indent, several)
            if number < len(parts) - 1 or rng.random() < 0.2:
                text += "," + (self._space(indent, several) or " ")
        return text + closing

    def flow_entry(self, indent: int, depth: int, opening: str) -> str:
        rng = self._rng
        if depth < 3 and rng.random() < 0.25:
            return self.flow(indent, depth + 1)
        if rng.random() < 0.1 and self._anchors:
            return "*" + rng.choice(self._anchors) + " "
        if rng.random() < 0.05:
            return rng.choice(["k: v", "? k : v"]) if opening == "[" else ""
        return self.properties() + rng.choice([*PLAIN[:5], *OTHER, *QUOTED])

    def _space(self, indent: int, several: bool) -> str:
        rng = self._rng
        if not several or rng.random() < 0.5:
            return rng.choice(["", "", " "])
        return (" " + self.comment() if rng.random() < 0.3 else "") + "\n" + " " * (indent + rng.randint(0, 3))


def nasty_file(rng: Random) -> bytes:
    """Return a file; not every one is valid."""
    return Nasty(rng).file()
