"""The builtins that policies may call, with the number of their arguments.

An engine finds an absent builtin only when evaluation reaches it, and some engines then answer "undefined",
which reads as "no violation". So a call must be on this list, or name a function of the bundle. Left out
besides what is absent: what engines compute differently in ways that matter (`yaml.*`, `regex.template_match`), and
what reaches outside. Both are refused by name.
"""

from trueup.adapters.policy.embedded.extensions import EXTENSIONS

_BY_ARITY: dict[tuple[int, ...], str] = {
    (0,): "time.now_ns rego.metadata.chain rego.metadata.rule",
    (1,): """
        abs ceil floor round count sum product max min sort
        array.reverse intersection union
        trim_space strings.reverse
        is_array is_boolean is_null is_number is_object is_set is_string type_name
        json.is_valid json.unmarshal
        base64.encode base64.decode base64.is_valid base64url.encode base64url.decode base64url.encode_no_pad
        hex.encode hex.decode urlquery.decode urlquery.decode_object
        bits.negate object.keys object.union_n regex.is_valid glob.quote_meta
        time.parse_rfc3339_ns time.parse_duration_ns time.date time.clock time.weekday time.format
        units.parse units.parse_bytes
    """,
    # As a relation, `walk(x, [path, value])` takes its result as a second argument.
    (1, 2): "walk",
    (2,): """
        array.concat concat contains endswith startswith indexof_n format_int split
        strings.any_prefix_match strings.any_suffix_match
        trim trim_left trim_prefix trim_right trim_suffix
        bits.and bits.or bits.xor bits.lsh bits.rsh numbers.range
        object.filter object.remove object.subset object.union
        json.filter json.remove json.patch json.match_schema
        regex.match regex.split
        graph.reachable graph.reachable_paths time.diff
    """,
    (3,): """
        array.slice object.get replace substring glob.match numbers.range_step
        regex.find_n regex.replace regex.find_all_string_submatch_n
    """,
    (4,): "time.add_date",
}

BUILTINS: dict[str, tuple[int, ...]] = {
    **{name: arities for arities, names in _BY_ARITY.items() for name in names.split()},
    **{name: (arity,) for name, (_, arity) in EXTENSIONS.items()},
}
"""Name to the numbers of arguments it takes. `print` is not here: it takes any number."""

REFUSED = frozenset(
    {"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "rego.parse_module", "trace", "uuid.rfc4122"}
)
"""Known, and never allowed: they reach outside, or answer differently each time."""

_NOT_TAKEN: tuple[tuple[str, str], ...] = (
    (
        "yaml.is_valid yaml.marshal yaml.unmarshal",
        "engines read and write YAML differently; give the file as data, or JSON",
    ),
    (
        """
        io.jwt.decode io.jwt.decode_verify io.jwt.encode_sign io.jwt.encode_sign_raw io.jwt.verify_eddsa
        io.jwt.verify_es256 io.jwt.verify_es384 io.jwt.verify_es512 io.jwt.verify_hs256 io.jwt.verify_hs384
        io.jwt.verify_hs512 io.jwt.verify_ps256 io.jwt.verify_ps384 io.jwt.verify_ps512 io.jwt.verify_rs256
        io.jwt.verify_rs384 io.jwt.verify_rs512 crypto.parse_private_keys crypto.x509.parse_and_verify_certificates
        crypto.x509.parse_and_verify_certificates_with_options crypto.x509.parse_certificate_request
        crypto.x509.parse_certificates crypto.x509.parse_keypair crypto.x509.parse_rsa_private_key
        providers.aws.sign_req
        """,
        "keys, tokens and certificates do not belong into a policy document; what was verified is in `input`",
    ),
    (
        """
        json.marshal_with_options json.verify_schema regex.template_match time.parse_ns uuid.parse
        graphql.is_valid graphql.parse graphql.parse_and_verify graphql.parse_query graphql.parse_schema
        graphql.schema_is_valid
        """,
        "not every engine has it, or computes it alike",
    ),
    (
        """
        all any cast_array cast_boolean cast_null cast_object cast_set cast_string net.cidr_overlap re_match set_diff
        """,
        "OPA 1.0 has taken it back, too",
    ),
)

NOT_TAKEN: dict[str, str] = {name: why for names, why in _NOT_TAKEN for name in names.split()}
"""Builtins of OPA that policies may not call here, and why."""
