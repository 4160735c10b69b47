"""What every command is given: the way to the server, the streams, the files, the namespace.

Follows cmdutil.Factory.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Generator
from typing import Any, Protocol

from cluster_engine.apimachinery.errors import ApiError, ConnectionLost
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.auth.users import ADMIN, impersonated
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.apiserver.server import ApiServer
from cluster_engine.clock import SECOND_US, Clock, rfc3339_micro
from cluster_engine.kubectl.config import kubeconfig
from cluster_engine.kubectl.errors import CommandError, ServerGone
from cluster_engine.kubectl.flags import Flags, duration_seconds
from cluster_engine.kubectl.local_ports import LocalPorts
from cluster_engine.kubectl.process import Output, Stream, Wait
from cluster_engine.kubectl.resource.mapper import Mapper

VERSION = "v1.32.4"
_PROCESS_ID = 1


class FileSystem(Protocol):
    """The files that commands may read and write."""

    def read(self, path: str) -> str:
        """The text; raises FileNotFoundError."""

    def write(self, path: str, text: str) -> None:
        """Creates or replaces; raises OSError for what is too large or too much."""

    def delete(self, path: str) -> None:
        """Raises FileNotFoundError."""

    def list(self) -> list[str]: ...


# (path, text) -> the text as it is when somebody has left the editor. Raises CommandError.
OpenEditor = Callable[[str, str], Generator[Wait, None, str]]


def check_timeout(text: str) -> float:
    """`--request-timeout` in seconds; 0 is for ever. Raises CommandError."""
    if text.isdigit():
        return float(text)
    try:
        return duration_seconds(text)
    except ValueError:
        raise CommandError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        ) from None


class Factory:
    """One command's surroundings. `user` is in whose name the requests are made."""

    def __init__(
        self,
        server: ApiServer,
        clock: Clock,
        *,
        out: Output,
        err: Output,
        stdin: Stream,
        files: FileSystem,
        namespace: str = "default",
        user: str = ADMIN.name,
    ) -> None:
        self.server = server
        self.clock = clock
        self.out = out
        self.err = err
        self.stdin = stdin
        self.files = files
        self.namespace = namespace
        self.user = user
        self.groups = ADMIN.groups
        self.explicit_namespace = False
        self.field_manager = "kubectl"
        self.warnings = 0
        # What the server has warned of: each is told once.
        self._told: set[str] = set()
        # How long the server took for what it could not do.
        self.waits_seconds = 0.0
        self.mapper = Mapper(server.scheme, self.warn)
        # What the host offers: whether somebody types at standard input, an editor, and the machine's ports.
        self.is_terminal = False
        self.open_editor: OpenEditor | None = None
        self.local_ports = LocalPorts()

    def use_flags(self, flags: Flags, own: Collection[str] = ()) -> None:
        """Takes the global flags; `own` are the names that mean something else to the command."""
        if flags.string("namespace"):
            self.namespace = flags.string("namespace")
            self.explicit_namespace = True
        self._check_kubeconfig(flags, own)
        if flags.string("as"):
            acting_as = impersonated(flags.string("as"), tuple(flags.strings("as-group")))
            self.user, self.groups = acting_as.name, acting_as.groups
        if not self.explicit_namespace:
            self.namespace = kubeconfig.namespace_of(self.files, flags.string("context"))
        if flags.has("field-manager"):
            self.field_manager = flags.string("field-manager")

    def _check_kubeconfig(self, flags: Flags, own: Collection[str]) -> None:
        """What the flags name of a kubeconfig has to be there. Raises CommandError."""
        config = kubeconfig.load(self.files)
        if flags.string("kubeconfig"):
            path = flags.string("kubeconfig")
            try:
                self.files.read(path)
            except (FileNotFoundError, IsADirectoryError):
                raise CommandError(f"stat {path}: no such file or directory") from None
        cluster, user = ("" if name in own else flags.string(name) for name in ("cluster", "user"))
        if cluster and all(one.get("name") != cluster for one in config.get("clusters") or ()):
            raise CommandError(f'no server found for cluster "{cluster}"')
        if user and all(one.get("name") != user for one in config.get("users") or ()):
            raise CommandError(f'auth info "{user}" does not exist')
        if flags.strings("as-group") and not flags.string("as"):
            name = str((config.get("users") or [{}])[0].get("name", ""))
            raise CommandError(f"requesting uid, groups or user-extra for {name} without impersonating a user")
        check_timeout(flags.string("request-timeout"))

    def with_output(self, out: Output) -> Factory:
        """The same surroundings with another standard output."""
        other = copy.copy(self)
        other.out = out
        return other

    @property
    def now_us(self) -> int:
        return self.clock.now_us

    def deadline_us(self, seconds: float) -> int:
        """The moment that many seconds from now."""
        return self.clock.now_us + round(seconds * SECOND_US)

    def request(self, verb: Any, resource: Resource, namespace: str = "", name: str = "", **options: Any) -> Any:
        """The response's body; warnings go to standard error. Raises ApiError."""
        options.setdefault("field_manager", self.field_manager)
        # What the server does where a client does not say.
        options.setdefault("field_validation", "Warn")
        request = Request(
            verb=verb,
            resource=resource.group_resource,
            namespace=namespace if resource.namespaced else "",
            name=name,
            user=self.user,
            groups=self.groups,
            **options,
        )
        try:
            response: Response = self.server.handle(request)
        except ConnectionLost as error:
            raise ServerGone(error.message) from None
        except ApiError as error:
            self.waits_seconds = max(self.waits_seconds, error.after_seconds)
            raise
        for text in response.warnings:
            if text not in self._told:
                self._told.add(text)
                self.warn(text)
        return response.body

    def remove_file(self, path: str) -> None:
        """Deletes a file; one that is not there is no matter."""
        try:
            self.files.delete(path)
        except FileNotFoundError:
            return

    def check_server(self) -> None:
        """Raises `ServerGone` where nobody answers; for commands that ask for no object."""
        if self.server.down is not None:
            raise ServerGone(self.server.down.message)

    def log_header(self, letter: str) -> str:
        """The head of a line in kubectl's log, e.g. `E1123 00:53:14.103403   13029`."""
        stamp = rfc3339_micro(self.now_us)
        return f"{letter}{stamp[5:7]}{stamp[8:10]} {stamp[11:26]} {_PROCESS_ID:7d}"

    def log(self, letter: str, text: str) -> None:
        """A line of kubectl's log: what is wrong with the program rather than with the line."""
        self.err.line(f"{self.log_header(letter)} {text}")

    def warn(self, text: str) -> None:
        self.warnings += 1
        self.err.line(f"Warning: {text}")

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        return self.request("get", resource, namespace, name)  # type: ignore[no-any-return]

    def list(
        self, group_resource: str, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> list[Obj]:
        """The items of a list; none where the server does not have the resource."""
        resource = self.mapper.get(group_resource)
        if resource is None:
            return []
        body = self.request("list", resource, namespace, label_selector=label_selector, field_selector=field_selector)
        return body["items"]  # type: ignore[no-any-return]
