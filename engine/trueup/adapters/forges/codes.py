"""Codes of what can go wrong between trueup and a forge."""

from trueup.core.diagnostics import Code

UNREACHABLE = Code(
    "FRG001",
    "Forge does not answer",
    "The forge could not be reached, or failed again and again. Branch and commit are made and pushed; only the pull "
    "request is missing.",
    "Check the address under `forge` in trueup.yaml and the network, and run the same command again.",
)
BUSY = Code(
    "FRG002",
    "Forge limits requests",
    "The forge asks to wait longer than a command should hang.",
    "Run the same command again after the time that is named; it goes on where it stopped.",
)
TOKEN_REFUSED = Code(
    "FRG003",
    "Forge does not know the token",
    "The token is wrong, expired or revoked.",
    "Make a new token and put it where `forge.token` in trueup.yaml points.",
)
NOT_ALLOWED = Code(
    "FRG004",
    "Token may not do this",
    "The forge knows the token, and it has not the right that is needed.",
    "GitHub: give it `Pull requests: write` and `Contents: read` on the repository. GitLab: scope `api`, role "
    "Developer.",
)
NOT_FOUND = Code(
    "FRG005",
    "Repository not found at the forge",
    "There is no such repository or pull request, or the token may not see it: forges do not tell which.",
    "Check `repository` and `url` under `forge` in trueup.yaml, and which repositories the token covers.",
)
NOT_TAKEN = Code(
    "FRG006",
    "Forge does not take the pull request",
    "The forge understood the request and declines it, for example because the base branch does not exist there.",
    "Read the forge's own words in the detail.",
)
BAD_ANSWER = Code(
    "FRG007",
    "Forge gave an answer that cannot be used",
    "The answer is not what the forge's documentation describes: another server, a proxy's page, or a repository that "
    "moved.",
    "Check `type`, `url` and `repository` under `forge` in trueup.yaml.",
)
NO_TOKEN = Code(
    "FRG008",
    "Forge token cannot be used",
    "What `forge.token` leads to cannot stand in a request, or would travel unencrypted.",
    "Put the token alone, without spaces or line breaks, where `forge.token` points; use an `https` address.",
)

CODES = (UNREACHABLE, BUSY, TOKEN_REFUSED, NOT_ALLOWED, NOT_FOUND, NOT_TAKEN, BAD_ANSWER, NO_TOKEN)
