"""Flags that many commands share, and what they mean together. Follows k8s.io/kubectl/pkg/cmd/util and cli-runtime."""

from __future__ import annotations

from typing import Literal

from cluster_engine.apiserver.request import FieldValidation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag, Flags

DryRun = Literal["none", "server", "client"]

GLOBAL = (
    Flag("namespace", help="The namespace of this request", shorthand="n"),
    Flag("as", help="The user in whose name the request is made"),
    Flag("as-group", "stringArray", help="A group in whose name the request is made; may be repeated"),
    Flag("as-uid", help="The UID in whose name the request is made"),
    Flag("cache-dir", help="Where discovery is cached"),
    Flag("certificate-authority", help="A certificate authority's file"),
    Flag("client-certificate", help="A client certificate's file"),
    Flag("client-key", help="A client key's file"),
    Flag("cluster", help="The kubeconfig's cluster"),
    Flag("context", help="The kubeconfig's context"),
    Flag("disable-compression", "bool", help="Does not compress responses"),
    Flag("insecure-skip-tls-verify", "bool", help="Does not verify the server's certificate"),
    Flag("kubeconfig", help="The kubeconfig's file"),
    Flag("log-flush-frequency", "duration", default=5.0, help="How often the log is written"),
    Flag("match-server-version", "bool", help="Requires the server's version to be the client's"),
    Flag("password", help="A password for basic authentication"),
    Flag("profile", default="none", help="A profile to record"),
    Flag("profile-output", default="profile.pprof", help="Where the profile goes"),
    Flag("request-timeout", default="0", help="How long one request may take; 0 means for ever"),
    Flag("server", help="The API server's address", shorthand="s"),
    Flag("tls-server-name", help="The server's name in its certificate"),
    Flag("token", help="A bearer token"),
    Flag("user", help="The kubeconfig's user"),
    Flag("username", help="A user for basic authentication"),
    Flag("v", "count", help="How much is logged", shorthand="v", no_value=None),
    Flag("vmodule", help="What is logged, by file"),
    Flag("warnings-as-errors", "bool", help="Fails when the server warns"),
)

SELECTOR = Flag("selector", shorthand="l", help="Label query, such as -l app=web,tier!=db or -l 'app in (a, b)'")
FIELD_SELECTOR = Flag("field-selector", help="Field query, such as --field-selector status.phase=Running")
ALL = Flag("all", "bool", help="All resources of the given types in the namespace")
ALL_NAMESPACES = Flag("all-namespaces", "bool", shorthand="A", help="In every namespace")
DRY_RUN = Flag(
    "dry-run",
    default="none",
    no_value="unchanged",
    help='"none", "server" (asks the server, keeps nothing) or "client" (prints what would be sent)',
)
RECORD = Flag(
    "record",
    "bool",
    deprecated="--record will be removed in the future",
    help="Writes the command into the annotation kubernetes.io/change-cause",
)
LOCAL = Flag("local", "bool", help="Works on the file only and does not ask the server")
VALIDATE = Flag(
    "validate",
    default="strict",
    no_value="strict",
    help="What happens to unknown or doubled fields: strict (or true) refuses, warn warns, ignore "
    "(or false) drops them",
)
SHOW_MANAGED_FIELDS = Flag("show-managed-fields", "bool", help="Keeps metadata.managedFields in JSON and YAML")
TEMPLATE = Flag("template", help="The template for -o go-template")
CHUNK_SIZE = Flag("chunk-size", "int64", default=500, help="How many objects one page of a list holds; 0 means all")
GRACE_PERIOD = Flag("grace-period", "int", default=-1, help="Seconds to end in; negative leaves it to the resource")
TIMEOUT = Flag("timeout", "duration", help="How long to wait; zero means as long as it takes", shown="0s")


def filename(what: str) -> tuple[Flag, ...]:
    """`-f`, `-k` and `-R`."""
    return (
        Flag(
            "filename",
            "stringSlice",
            shorthand="f",
            help=f"Files or directories with the resources {what}; - is standard input",
        ),
        Flag("kustomize", shorthand="k", help="A kustomization's directory"),
        Flag("recursive", "bool", shorthand="R", help="Goes through the directories of -f to the bottom"),
    )


def output(formats: str = "json|yaml|name|go-template|jsonpath") -> tuple[Flag, ...]:
    """`-o` and what belongs to it."""
    return (
        Flag("output", shorthand="o", help=f"How to print: {formats}"),
        TEMPLATE,
        Flag(
            "allow-missing-template-keys",
            "bool",
            default=True,
            help="A missing field prints nothing instead of failing",
        ),
        SHOW_MANAGED_FIELDS,
    )


def field_manager(name: str) -> Flag:
    return Flag("field-manager", default=name, help="The name under which the changed fields are kept")


def cascade(name: str = "cascade") -> Flag:
    return Flag(
        name,
        default="background",
        no_value="background",
        help='What becomes of dependents: "background", "orphan" or "foreground"',
    )


def dry_run(flags: Flags) -> DryRun:
    """The dry-run strategy. Follows cmdutil.GetDryRunStrategy."""
    value = flags.string("dry-run")
    if value in ("none", "server", "client"):
        return value  # type: ignore[return-value]
    if value == "unchanged" or value in ("true", "false"):
        return "none" if value == "false" else "client"
    raise CommandError(f'Invalid dry-run value ({value}). Must be "none", "server", or "client".')


def check_local_files(flags: Flags) -> None:
    """`--local` works on files alone. Raises CommandError."""
    if flags.on("local") and not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError("can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set")


def dry_run_suffix(strategy: DryRun) -> str:
    return {"none": "", "client": " (dry run)", "server": " (server dry run)"}[strategy]


def field_validation(flags: Flags) -> FieldValidation:
    """The server's field validation. Follows cmdutil.GetValidationDirective."""
    value = flags.string("validate")
    if value in ("true", "strict"):
        return "Strict"
    if value == "warn":
        return "Warn"
    if value in ("false", "ignore"):
        return "Ignore"
    raise CommandError(
        f'invalid - validate option "{value}"; must be one of: strict (or true), warn, ignore (or false)'
    )
