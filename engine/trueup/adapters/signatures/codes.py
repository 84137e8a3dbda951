"""What can go wrong while the signature of a model is verified."""

from trueup.core.diagnostics import Code

NOT_VERIFIED = Code(
    "ART501",
    "The signature of the model does not hold",
    "The Model declares who signed its weights, and the signature is not theirs, is of other bytes, or cannot be read. "
    "Nothing was started.",
    "Get signature and weights again from where they were published; when the signer changed, declare that in a new "
    "version of the Model.",
)
INCOMPLETE = Code(
    "ART502",
    "The signature is not declared completely",
    "A signature is verified against something: a public key, a certificate, or an identity and who vouches for it.",
    "Declare `publicKey` for the methods `key` and `certificate`, `identity` and `issuer` for `sigstore`, and where "
    "the signature is (`bundle`) unless it lies beside the weights as `model.sig`.",
)
NO_LIBRARY = Code(
    "ART503",
    "A library for signatures is missing",
    "Signatures of the OpenSSF Model Signing specification are verified by its own library, which is not part of the "
    "default installation.",
    "Install it: `pip install 'trueup[signing]'`.",
)
BAD_SIGNING_KEY = Code(
    "ART504",
    "The key that signs evidence cannot be used",
    "`evidence.signingKey` of the project names a secret that is no Ed25519 private key in PEM. Nothing was recorded, "
    "because a result without the signature that is asked for would not count.",
    "Make one with `openssl genpkey -algorithm ed25519`, and put it where the reference points.",
)
BAD_TRUSTED_KEY = Code(
    "ART505",
    "A trusted key is no Ed25519 public key",
    "`evidence.trusted` of the project has the base64 of a public key's 32 bytes.",
    "Take the last 32 bytes of what `openssl pkey -pubout -outform DER` gives, in base64.",
)
NO_CRYPTOGRAPHY = Code(
    "ART506",
    "A library for signatures is missing",
    "Evidence is signed and verified with `cryptography`, which is not part of the default installation.",
    "Install it: `pip install 'trueup[signing]'`.",
)
CODES = (NOT_VERIFIED, INCOMPLETE, NO_LIBRARY, BAD_SIGNING_KEY, BAD_TRUSTED_KEY, NO_CRYPTOGRAPHY)
