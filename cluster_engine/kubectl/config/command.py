"""The subcommands of `kubectl config`."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.config.kubeconfig import SHOWN_PATH, context_of, load, save, with_context, without_context
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers import json_printer
from cluster_engine.kubectl.printers.output import structured_printer
from cluster_engine.kubectl.printers.tabwriter import TableWriter
from cluster_engine.kubectl.process import Process

_SETTINGS = ("cluster", "namespace", "user")
_ORDER = ("kind", "apiVersion", "preferences", "clusters", "users", "contexts", "current-context")


def run_view(call: Invocation) -> Process:
    config = load(call.factory.files)
    current = config.get("current-context", "")
    if call.flags.on("minify"):
        if not current:
            raise CommandError("current-context must exist in order to minify")
        if context_of(config, current) is None:
            raise CommandError(f"cannot locate context {current}")
        config = {**config, "contexts": [one for one in config["contexts"] if one["name"] == current]}
    if call.flags.string("output") == "json":
        ordered = {key: config[key] for key in _ORDER if key in config}
        for field in ("clusters", "users", "contexts"):
            ordered[field] = [_json_entry(one) for one in ordered.get(field) or ()]
        call.factory.out.line(json_printer.pretty(ordered, in_order=True))
        return 0
    output = call.flags.string("output") or "yaml"
    printer = structured_printer(output, call.flags, call.factory.files)
    if printer is None:
        raise CommandError(f'unable to match a printer suitable for the output format "{output}"')
    call.factory.out.write(printer(config))
    return 0
    yield


def _json_entry(entry: Obj) -> Obj:
    """An entry as its Go type writes it: the name first, then the settings in their order."""
    made: Obj = {"name": entry.get("name")}
    for key, value in entry.items():
        if key == "context":
            made[key] = {one: value[one] for one in ("cluster", "user", "namespace") if one in value}
        elif key != "name":
            made[key] = value
    return made


def run_current_context(call: Invocation) -> Process:
    current = load(call.factory.files).get("current-context")
    if not current:
        raise CommandError("current-context is not set")
    call.factory.out.line(str(current))
    return 0
    yield


def run_get_contexts(call: Invocation) -> Process:
    config = load(call.factory.files)
    known = [str(one["name"]) for one in config["contexts"]]
    names = [name for name in call.args if name in known] if call.args else known
    output = call.flags.string("output")
    if output not in ("", "name", "wide"):
        raise CommandError(
            f"--output {output} is not available in kubectl config get-contexts; resetting to default output format"
        )
    if output == "name":
        call.factory.out.write("".join(f"{name}\n" for name in names))
    else:
        rows = [] if call.flags.on("no-headers") else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
        for name in names:
            context = context_of(config, name) or {}
            mark = "*" if name == config.get("current-context") else ""
            settings = [str(context.get(field, "")) for field in ("cluster", "user", "namespace")]
            rows.append([mark, name, *settings])
        call.factory.out.write(TableWriter().render(rows))
    for name in call.args:
        if name not in known:
            raise CommandError(f"context {name} not found")
    return 0
    yield


def run_get_clusters(call: Invocation) -> Process:
    return _names(call, "clusters")
    yield


def run_get_users(call: Invocation) -> Process:
    return _names(call, "users")
    yield


def _names(call: Invocation, field: str) -> int:
    call.factory.out.line("NAME")
    for entry in load(call.factory.files).get(field) or ():
        call.factory.out.line(str(entry["name"]))
    return 0


def run_use_context(call: Invocation) -> Process:
    if len(call.args) != 1:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    name = call.args[0]
    config = load(call.factory.files)
    if context_of(config, name) is None:
        raise CommandError(f'no context exists with the name: "{name}"')
    save(call.factory.files, {**config, "current-context": name})
    call.factory.out.line(f'Switched to context "{name}".')
    return 0
    yield


def run_set_context(call: Invocation) -> Process:
    flags, config = call.flags, load(call.factory.files)
    if len(call.args) > 1:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    name, current = call.args[0] if call.args else "", flags.on("current")
    if name and current:
        raise CommandError("you cannot specify both a context name and --current")
    if not name and not current:
        raise CommandError("you must specify a non-empty context name or --current")
    name = name or str(config.get("current-context") or "")
    if not name:
        raise CommandError("no current context is set")
    present = context_of(config, name)
    given = {field: flags.string(field) for field in _SETTINGS if flags.changed(field)}
    context = {key: value for key, value in {**(present or {}), **given}.items() if value or key != "namespace"}
    save(call.factory.files, with_context(config, name, context))
    call.factory.out.line(f'Context "{name}" {"created" if present is None else "modified"}.')
    return 0
    yield


def run_rename_context(call: Invocation) -> Process:
    if len(call.args) != 2:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    old, new = call.args
    config = load(call.factory.files)
    context = context_of(config, old)
    if context is None:
        raise CommandError(f'cannot rename the context "{old}", it\'s not in {SHOWN_PATH}')
    if context_of(config, new) is not None:
        raise CommandError(f'cannot rename the context "{old}", the context "{new}" already exists in {SHOWN_PATH}')
    config = with_context(without_context(config, old), new, context)
    if config.get("current-context") == old:
        config = {**config, "current-context": new}
    save(call.factory.files, config)
    call.factory.out.line(f'Context "{old}" renamed to "{new}".')
    return 0
    yield


def run_delete_context(call: Invocation) -> Process:
    if len(call.args) != 1:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    name = call.args[0]
    config = load(call.factory.files)
    if context_of(config, name) is None:
        raise CommandError(f"cannot delete context {name}, not in {SHOWN_PATH}")
    if config.get("current-context") == name:
        call.factory.err.line(
            'warning: this removed your active context, use "kubectl config use-context" to select a different one'
        )
    save(call.factory.files, without_context(config, name))
    call.factory.out.line(f"deleted context {name} from {SHOWN_PATH}")
    return 0
    yield


def run_set(call: Invocation) -> Process:
    if len(call.args) != 2:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    _set(call, call.args[0], call.args[1])
    call.factory.out.line(f'Property "{call.args[0]}" set.')
    return 0
    yield


def run_unset(call: Invocation) -> Process:
    if len(call.args) != 1:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]")
    _set(call, call.args[0], "")
    call.factory.out.line(f'Property "{call.args[0]}" unset.')
    return 0
    yield


def _set(call: Invocation, path: str, value: str) -> None:
    """Sets `current-context` or a setting of a context."""
    config = load(call.factory.files)
    parts = path.split(".")
    if parts == ["current-context"]:
        config = {**config, "current-context": value}
    elif parts[0] == "contexts" and len(parts) == 3 and parts[2] in _SETTINGS:
        context = {**(context_of(config, parts[1]) or {}), parts[2]: value}
        config = with_context(config, parts[1], {key: one for key, one in context.items() if one})
    else:
        raise CommandError(f"the terminal's kubectl sets current-context and contexts only, not {path}")
    save(call.factory.files, config)


def run_fixed(call: Invocation) -> Process:
    raise CommandError(
        f"the terminal has one cluster and one user: {call.path.removeprefix('kubectl ')} changes nothing"
    )
    yield


_OUTPUT = Flag("output", shorthand="o", help="How to print")


def _fixed(name: str, short: str) -> Command:
    return Command(name, short, run_fixed, use="NAME [options]", completes="nothing", lacking=True)


COMMAND = Command(
    "config",
    "Modify kubeconfig files",
    use="SUBCOMMAND [options]",
    long="Shows and changes how kubectl reaches the cluster. The terminal has one cluster; contexts keep a namespace "
    "that is used where a line names none.",
    example="# Another namespace from now on\nkubectl config set-context --current --namespace=dev",
    group="Other Commands",
    commands=(
        Command("current-context", "Display the current-context", run_current_context, completes="nothing"),
        _fixed("delete-cluster", "Delete the specified cluster from the kubeconfig"),
        Command(
            "delete-context",
            "Delete the specified context from the kubeconfig",
            run_delete_context,
            use="NAME",
            completes="contexts",
        ),
        _fixed("delete-user", "Delete the specified user from the kubeconfig"),
        Command("get-clusters", "Display clusters defined in the kubeconfig", run_get_clusters, completes="nothing"),
        Command(
            "get-contexts",
            "Describe one or many contexts",
            run_get_contexts,
            use="[(-o|--output=)name)] [options]",
            completes="contexts",
            flags=(_OUTPUT, Flag("no-headers", "bool", help="Leaves the line of headers out")),
        ),
        Command("get-users", "Display users defined in the kubeconfig", run_get_users, completes="nothing"),
        Command(
            "rename-context",
            "Rename a context from the kubeconfig file",
            run_rename_context,
            use="CONTEXT_NAME NEW_NAME",
            completes="contexts",
        ),
        Command(
            "set",
            "Set an individual value in a kubeconfig file",
            run_set,
            use="PROPERTY_NAME PROPERTY_VALUE",
            completes="nothing",
        ),
        _fixed("set-cluster", "Set a cluster entry in kubeconfig"),
        Command(
            "set-context",
            "Set a context entry in kubeconfig",
            run_set_context,
            use="[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace] "
            "[options]",
            long="Creates a context or changes it. A context keeps the namespace of the lines that name none.",
            example="kubectl config set-context --current --namespace=dev",
            completes="contexts",
            flags=(Flag("current", "bool", help="The context that is used now"),),
        ),
        _fixed("set-credentials", "Set a user entry in kubeconfig"),
        Command(
            "unset",
            "Unset an individual value in a kubeconfig file",
            run_unset,
            use="PROPERTY_NAME",
            completes="nothing",
        ),
        Command(
            "use-context",
            "Set the current-context in a kubeconfig file",
            run_use_context,
            aliases=("use",),
            use="CONTEXT_NAME",
            completes="contexts",
        ),
        Command(
            "view",
            "Display merged kubeconfig settings or a specified kubeconfig file",
            run_view,
            completes="nothing",
            flags=(
                *common_flags.output(),
                Flag("flatten", "bool", help="With the contents of the files that it names"),
                Flag("minify", "bool", help="Only the current context"),
                Flag("raw", "bool", help="With all data"),
            ),
        ),
    ),
)
