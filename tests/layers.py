"""Reads the imports and calls of Python files and says which of them break the layers of docs/architecture.md.

Pure functions on a mapping of module names to sources, so that the tests can hand it a module tree that is wrong.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_LINES = 400

# What each part of the engine may import of the engine; itself always. A dotted name is one module of a part.
FOUNDATIONS = frozenset({"clock", "rng", "trace", "version"})
APIMACHINERY = FOUNDATIONS | {"apimachinery"}
# What a request is, who sends it, and who takes it.
DOOR = frozenset({
    "apiserver.auth.users", "apiserver.kubelet_api", "apiserver.request", "apiserver.server", "apiserver.streams",
})  # fmt: skip
MAY_IMPORT: dict[str, frozenset[str]] = {
    "clock": frozenset(),
    "rng": frozenset(),
    "trace": frozenset({"clock"}),
    "version": frozenset(),
    "apimachinery": frozenset({"clock", "rng"}),
    "schema": frozenset({"clock", "apimachinery"}),
    "etcd": frozenset({"clock", "rng", "trace", "apimachinery"}),
    "api": APIMACHINERY | {"schema"},
    "apiserver": APIMACHINERY | {"schema", "etcd", "api"},
    "client": APIMACHINERY | {"apiserver"},
    "controllers": APIMACHINERY | {"client"},
    "scheduler": APIMACHINERY | {"client"},
    "sh": frozenset({"clock", "rng"}),
    "containers": APIMACHINERY | {"sh"},
    "proxy": APIMACHINERY | {"client", "containers"},
    "kubelet": APIMACHINERY | {"client", "containers"},
    "kubectl": APIMACHINERY | DOOR | {"schema", "client"},
    "shell": APIMACHINERY | DOOR | {"schema", "client", "kubectl", "cluster", "sh", "containers"},
    "bootstrap": APIMACHINERY | {"client"},
    "processes": APIMACHINERY
    | {"apiserver.server", "client", "controllers", "scheduler", "kubelet", "containers", "proxy"},
    "disks": FOUNDATIONS | {"etcd"},
    "faults": APIMACHINERY | {"etcd", "api", "apiserver", "client", "kubelet", "processes"},
    "cluster": APIMACHINERY
    | {"schema", "etcd", "api", "apiserver", "client", "kubelet", "bootstrap", "disks", "processes", "faults"},
    "http": APIMACHINERY | DOOR | {"schema"},
    "serve": APIMACHINERY | DOOR | {"http", "cluster"},
}
# Each of these folders holds components that meet only through API objects,
APART = ("controllers",)
# apart from what they share, and the list of them.
SHARED = frozenset({"common", "history"})
LISTS = frozenset({"cluster_engine.controllers.registry"})

BANNED_IMPORTS = frozenset({
    "django", "channels", "asgiref", "daphne", "twisted", "asyncio", "threading", "multiprocessing", "concurrent",
    "subprocess", "socket", "time", "random", "secrets", "uuid", "playground",
})  # fmt: skip
# Where one of them is the point of the file.
IMPORT_EXCEPTIONS: dict[str, frozenset[str]] = {
    "cluster_engine.rng": frozenset({"random"}),  # the one place that makes seeded streams of it
    # Where the simulation meets real time and real sockets: the ASGI application, and the stand-alone server.
    **{f"cluster_engine.http.{name}": frozenset({"asyncio"}) for name in ("asgi", "stream")},
    "cluster_engine.http.server": frozenset({"asyncio", "daphne"}),
    "cluster_engine.http.upgrade": frozenset({"daphne", "twisted"}),
    "cluster_engine.serve": frozenset({"asyncio", "socket", "time"}),
    "cluster_engine.shell.console": frozenset({"time"}),  # the terminal on a text console follows real time
}
BANNED_CALLS = frozenset({
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "random.random", "random.choice", "random.randint", "os.urandom", "os.getenv", "print", "input", "open",
})  # fmt: skip
# Programs that are run by hand, and files that read the project's own data once.
CALL_EXCEPTIONS: dict[str, frozenset[str]] = {
    "cluster_engine.schema.build": frozenset({"print", "open"}),
    "cluster_engine.serve": frozenset({"print", "open"}),
    "cluster_engine.shell.console": frozenset({"input"}),
}


@dataclass(frozen=True)
class Import:
    """One import: the module that is imported, and whether loading the file imports it (not inside a function)."""

    module: str
    line: int
    at_load: bool


def read_tree(root: Path, *packages: str) -> dict[str, str]:
    """Return module name → source for every Python file of some packages."""
    sources = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            sources[name] = path.read_text(encoding="utf-8")
    return sources


def imports(source: str, modules: Mapping[str, object]) -> list[Import]:
    """Return the imports of a file; `from package import module` counts as the module where there is one."""
    found: list[Import] = []

    def visit(node: ast.AST, at_load: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend(Import(alias.name, child.lineno, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                package = child.module or ""
                for alias in child.names:
                    full = f"{package}.{alias.name}"
                    found.append(Import(full if full in modules else package, child.lineno, at_load))
            elif isinstance(child, ast.If) and _is_type_checking(child.test):
                for statement in child.body:
                    visit(ast.Module([statement], []), False)
                for statement in child.orelse:
                    visit(ast.Module([statement], []), at_load)
            else:
                deferred = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                visit(child, at_load and not deferred)

    visit(ast.parse(source), True)
    return found


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def part_of(module: str) -> str | None:
    """Return the part of the engine that a module belongs to; None for the package itself and what is not engine."""
    names = module.split(".")
    return names[1] if names[0] == "cluster_engine" and len(names) > 1 else None


def layer_violations(sources: Mapping[str, str]) -> Iterator[str]:
    """Say which imports go against the table, sideways between components, or out of the engine."""
    for module, source in sources.items():
        part = part_of(module)
        if module.split(".")[0] != "cluster_engine":
            continue
        for found in imports(source, sources):
            where = f"{module}:{found.line}"
            top = found.module.split(".")[0]
            if top in BANNED_IMPORTS and top not in IMPORT_EXCEPTIONS.get(module, ()):
                yield f"{where} imports {found.module}, which the engine must not"
            target = part_of(found.module)
            if part is None or target is None:
                continue
            if part not in MAY_IMPORT:
                yield f"{where}: {part} has no place in the table of layers"
            elif target != part and not _allowed(found.module, MAY_IMPORT[part]):
                yield f"{where}: {part} must not import {target} ({found.module})"
            elif part in APART and target == part and module not in LISTS:
                own, other = _component(module), _component(found.module)
                if other not in SHARED | {own, None}:
                    yield f"{where}: component {own} must not import component {other}"


def _allowed(module: str, allowed: frozenset[str]) -> bool:
    names = module.split(".")[1:]
    return any(".".join(names[:count]) in allowed for count in (1, 2, 3))


def _component(module: str) -> str | None:
    names = module.split(".")
    return names[2] if len(names) > 2 else None


def circles(sources: Mapping[str, str]) -> list[list[str]]:
    """Return groups of modules that import each other when they are loaded; imports inside functions do not count."""
    graph: dict[str, list[str]] = {}
    for module, source in sources.items():
        graph[module] = [i.module for i in imports(source, sources) if i.at_load and i.module in sources]
    return [sorted(group) for group in _strongly_connected(graph) if len(group) > 1 or group[0] in graph[group[0]]]


def _strongly_connected(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """Tarjan's algorithm, with a stack of its own: a deep import chain must not meet Python's recursion limit."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            node, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    groups.append(stack[cut:])
                    del stack[cut:]
    return groups


def banned_calls(sources: Mapping[str, str]) -> Iterator[str]:
    """Say where the engine reads the wall clock or a global random, prints, or opens files."""
    for module, source in sources.items():
        if module.split(".")[0] != "cluster_engine":
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                name = ast.unparse(node.func)
                if name in BANNED_CALLS and name not in CALL_EXCEPTIONS.get(module, ()):
                    yield f"{module}:{node.lineno} calls {name}()"


def long_files(sources: Mapping[str, str], exceptions: Mapping[str, str]) -> Iterator[str]:
    """Say which files are too long."""
    for module, source in sources.items():
        count = source.count("\n")
        if count > MAX_LINES and module not in exceptions:
            yield f"{module} has {count} lines, at most {MAX_LINES} are good to read: split it by kind or by step"
