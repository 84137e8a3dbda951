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
CODES = (NOT_VERIFIED, INCOMPLETE, NO_LIBRARY)
