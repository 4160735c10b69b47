"""Which names are allowed: validators that return the faults of a value in Kubernetes' words, or an empty list.

Follows k8s.io/apimachinery/pkg/util/validation and pkg/api/validation (v1.32).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from cluster_engine.rng import Rng

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_ENV_VAR = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"

_ALNUM_ENDS = "and must start and end with an alphanumeric character"
_LABEL_WORDS = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ALNUM_ENDS}"
_SUBDOMAIN_WORDS = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ALNUM_ENDS}"
)
_DNS1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_QUALIFIED_WORDS = f"must consist of alphanumeric characters, '-', '_' or '.', {_ALNUM_ENDS}"
_LABEL_VALUE_WORDS = (
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ALNUM_ENDS}"
)
_ENV_VAR_WORDS = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit"
)
_RELAXED_ENV_VAR_WORDS = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)
_CONFIG_KEY_WORDS = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_PERCENT_WORDS = "a valid percent string must be a numeric string followed by an ending '%'"
_HTTP_HEADER_WORDS = "a valid HTTP header must consist of alphanumeric characters or '-'"
_C_IDENTIFIER_WORDS = (
    "a valid C identifier must start with alphabetic character or '_', "
    "followed by a string of alphanumeric characters or '_'"
)
_WILDCARD_WORDS = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)

MUST_NOT_BE_EMPTY = "must be non-empty"
LABEL_MAX_LENGTH = 63
SUBDOMAIN_MAX_LENGTH = 253
# A generated name is a DNS label of at most 63 characters, five of which are the random suffix.
MAX_GENERATED_BASE_LENGTH = 58


def max_length_words(length: int) -> str:
    return f"must be no more than {length} characters"


def regex_words(words: str, pattern: str, *examples: str) -> str:
    """A regular expression's failure in words. Follows validation.RegexError, comma and spaces included."""
    if not examples:
        return f"{words} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{words} (e.g. {shown}regex used for validation is '{pattern}')"


def in_range_words(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _fits(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


def _length(value: str) -> int:
    """The length in bytes, which is what Kubernetes counts."""
    return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))


def _too_long(value: str, limit: int) -> list[str]:
    return [max_length_words(limit)] if _length(value) > limit else []


def dns1123_label(value: str) -> list[str]:
    """Names of namespaces, containers and volumes."""
    faults = _too_long(value, LABEL_MAX_LENGTH)
    if not _fits(_LABEL, value):
        if _fits(_SUBDOMAIN, value):
            faults.append("must not contain dots")
        else:
            faults.append(regex_words(_LABEL_WORDS, _LABEL, "my-name", "123-abc"))
    return faults


def dns1123_subdomain(value: str) -> list[str]:
    """Names of most objects."""
    faults = _too_long(value, SUBDOMAIN_MAX_LENGTH)
    if not _fits(_SUBDOMAIN, value):
        faults.append(regex_words(_SUBDOMAIN_WORDS, _SUBDOMAIN, "example.com"))
    return faults


def dns1035_label(value: str) -> list[str]:
    """Names of Services."""
    faults = _too_long(value, LABEL_MAX_LENGTH)
    if not _fits(_DNS1035, value):
        faults.append(regex_words(_DNS1035_WORDS, _DNS1035, "my-name", "abc-123"))
    return faults


def wildcard_subdomain(value: str) -> list[str]:
    faults = _too_long(value, SUBDOMAIN_MAX_LENGTH)
    if not _fits(_WILDCARD, value):
        faults.append(regex_words(_WILDCARD_WORDS, _WILDCARD, "*.example.com"))
    return faults


def path_segment(value: str) -> list[str]:
    """Names that only have to stand in a URL path (RBAC objects). Follows path.IsValidPathSegmentName."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in ("/", "%") if char in value]


@lru_cache(maxsize=4096)
def _qualified_name(value: str) -> tuple[str, ...]:
    faults: list[str] = []
    name_words = regex_words(_QUALIFIED_WORDS, _QUALIFIED, "MyName", "my.name", "123-abc")
    parts = value.split("/")
    if len(parts) > 2:
        prefix_words = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a qualified name {name_words} {prefix_words}",)
    name = parts[-1]
    if len(parts) == 2:
        prefix = parts[0]
        if not prefix:
            faults.append(f"prefix part {MUST_NOT_BE_EMPTY}")
        else:
            faults.extend(f"prefix part {fault}" for fault in dns1123_subdomain(prefix))
    if not name:
        faults.append(f"name part {MUST_NOT_BE_EMPTY}")
    elif _length(name) > LABEL_MAX_LENGTH:
        faults.append(f"name part {max_length_words(LABEL_MAX_LENGTH)}")
    if not _fits(_QUALIFIED, name):
        faults.append(f"name part {name_words}")
    return tuple(faults)


def qualified_name(value: str) -> list[str]:
    """Keys of labels, annotations (lower-cased first) and resources, e.g. `example.com/MyName`."""
    return list(_qualified_name(value))


@lru_cache(maxsize=4096)
def _label_value(value: str) -> tuple[str, ...]:
    faults = _too_long(value, LABEL_MAX_LENGTH)
    if not _fits(_LABEL_VALUE, value):
        faults.append(regex_words(_LABEL_VALUE_WORDS, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return tuple(faults)


def label_value(value: str) -> list[str]:
    return list(_label_value(value))


def env_var_name(value: str) -> list[str]:
    """Strict names of environment variables, which kubectl holds to; the server takes `relaxed_env_var_name`."""
    faults = []
    if not _fits(_ENV_VAR, value):
        faults.append(regex_words(_ENV_VAR_WORDS, _ENV_VAR, "my.env-name", "MY_ENV.NAME", "MyEnvName1"))
    return faults + _parent_directory(value)


def relaxed_env_var_name(value: str) -> list[str]:
    """Names of environment variables as the server takes them since v1.32 (RelaxedEnvironmentVariableValidation)."""
    faults = [] if value else [f"environment variable name {MUST_NOT_BE_EMPTY}"]
    if any(not " " <= char <= "~" or char == "=" for char in value):
        faults.append(_RELAXED_ENV_VAR_WORDS)
    return faults


def config_map_key(value: str) -> list[str]:
    """Keys of ConfigMaps and Secrets."""
    faults = _too_long(value, SUBDOMAIN_MAX_LENGTH)
    if not _fits(_CONFIG_KEY, value):
        faults.append(regex_words(_CONFIG_KEY_WORDS, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return faults + _parent_directory(value)


def _parent_directory(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def port_name(value: str) -> list[str]:
    """Names of container ports and named target ports."""
    faults = _too_long(value, 15)
    if not _fits("[-a-z0-9]+", value):
        faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _compiled("[a-z]").search(value):
        faults.append("must contain at least one letter (a-z)")
    if "--" in value:
        faults.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        faults.append("must not begin or end with a hyphen")
    return faults


def port_number(value: int) -> list[str]:
    return in_range(value, 1, 65535)


def in_range(value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [in_range_words(low, high)]


def user_or_group_id(value: int) -> list[str]:
    return in_range(value, 0, 2**31 - 1)


def percent(value: str) -> list[str]:
    return [] if _fits(_PERCENT, value) else [regex_words(_PERCENT_WORDS, _PERCENT, "1%", "93%")]


def http_header_name(value: str) -> list[str]:
    if _fits(_HTTP_HEADER, value):
        return []
    return [regex_words(_HTTP_HEADER_WORDS, _HTTP_HEADER, "X-Header-Name")]


def c_identifier(value: str) -> list[str]:
    if _fits(_C_IDENTIFIER, value):
        return []
    return [regex_words(_C_IDENTIFIER_WORDS, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


# What `Strategy.name_rule` may say.
NAME_RULES: dict[str, Callable[[str], list[str]]] = {
    "dns_subdomain": dns1123_subdomain,
    "dns_label": dns1123_label,
    "dns1035_label": dns1035_label,
    "path_segment": path_segment,
}


def name_faults(rule: str, name: str, *, prefix: bool = False) -> list[str]:
    """The faults of an object's name under a name rule; a `generateName` (`prefix`) may end with a dash.

    Follows pkg/api/validation/generic.go: one dash at the end of a prefix stands for a letter.
    """
    if prefix and name.endswith("-") and len(name) > 1:
        name = name[:-1] + "a"
    return NAME_RULES[rule](name)


def generate_name(base: str, rng: Rng) -> str:
    """`base` (cut to 58 characters) and five random characters. Follows apiserver's names.SimpleNameGenerator."""
    return base[:MAX_GENERATED_BASE_LENGTH] + rng.suffix(5)
