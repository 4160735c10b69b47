"""Images: what there is to pull, how long it takes, how a container of it behaves.

The catalogue is data (`catalogue/*.yaml`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import yaml

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.containers.image import Inside, inside_of
from cluster_engine.kubelet.behaviour import SERVES, Behaviour, simple_behaviour

DEFAULT_DOMAIN = "docker.io"
# How long containerd tries to connect to a registry.
TIMEOUT_SECONDS = 30.0
_DOMAIN = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?"
)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class InvalidImageName(ValueError):
    """A text that is no image reference; the message is that of the reference parser."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image name, taken apart: `nginx:1.25` is docker.io, library/nginx, 1.25."""

    domain: str
    path: str
    tag: str
    digest: str = ""

    @property
    def repository(self) -> str:
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


@lru_cache(maxsize=1024)
def parse_reference(image: str) -> Reference:
    """The reference that a manifest's `image` means. Raises `InvalidImageName`. Follows distribution/reference."""
    name, _, digest = image.partition("@")
    if digest and not _DIGEST.fullmatch(digest):
        raise InvalidImageName("invalid reference format")
    head, slash, rest = name.partition("/")
    has_domain = bool(slash) and ("." in head or ":" in head or head == "localhost" or head != head.lower())
    domain, remainder = (head, rest) if has_domain else (DEFAULT_DOMAIN, name)
    path, colon, tag = remainder.partition(":")
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"library/{path}"
    if not _PATH.fullmatch(path) and _PATH.fullmatch(path.lower()):
        raise InvalidImageName(f"invalid reference format: repository name ({path}) must be lowercase")
    if not _PATH.fullmatch(path) or not _DOMAIN.fullmatch(domain) or (colon and not TAG.fullmatch(tag)):
        raise InvalidImageName("invalid reference format")
    return Reference(domain, path, tag or ("" if digest else "latest"), digest)


# A user and a password.
Credentials = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One entry of the catalogue, and what its containers do. Seconds are virtual, sizes are bytes."""

    repository: str
    tags: tuple[re.Pattern[str], ...] = ()
    size: int = 50_000_000
    pull_seconds: float = 1.0
    start_seconds: float = 0.3
    ports: tuple[int, ...] = ()
    behaviour: Behaviour = SERVES
    # Arguments alone are a command of their own (busybox), or options of the image's own program (redis).
    arguments: Literal["command", "options"] = "command"
    # It keeps running, whatever its command says (but for one with a standard input), and is there without a pull.
    any: bool = False
    # What is in it; None for an image that nobody knows.
    inside: Inside | None = None
    # What its containers do depends on more than the command: they are always run.
    eager: bool = False
    # Folders with its configuration: a container that mounts something there is run as well.
    configuration: tuple[str, ...] = ()
    # Who may pull it; None for everybody.
    private: Credentials | None = None

    def has_tag(self, tag: str) -> bool:
        return not tag or any(pattern.fullmatch(tag) for pattern in self.tags)

    def behaviour_of(self, spec: Obj) -> Behaviour | None:
        """What a container with that spec does; None where its command has to be run to know."""
        if self.any:
            return SERVES
        command, args = spec.get("command") or [], spec.get("args") or []
        if self.eager or (self.configuration and self._is_configured(spec)):
            return None
        if not command and not args:
            return self.behaviour
        if not command and (self.arguments == "options" or args[0].startswith("-")):
            return self.behaviour
        return (
            simple_behaviour((*command, *args))
            if command or self.inside is None or not self.inside.entrypoint
            else None
        )

    def _is_configured(self, spec: Obj) -> bool:
        mounted = (mount["mountPath"] for mount in spec.get("volumeMounts") or ())
        return any(path.startswith(folder) for path in mounted for folder in self.configuration)


ANY_IMAGE = Image("", any=True, pull_seconds=0, start_seconds=0)
# An init container of an image that nobody knows: it has done its work at once.
DONE = Behaviour(exits_after_seconds=0.1)


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Image]:
    """Every simulated image, by repository."""
    found: dict[str, Image] = {}
    for file in sorted(resources.files("cluster_engine.kubelet").joinpath("catalogue").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        for entry in yaml.safe_load(file.read_text()):
            for repository in [entry["name"], *entry.get("aliases", [])]:
                found[repository] = _image(repository, entry)
    return found


def _image(repository: str, entry: dict[str, Any]) -> Image:
    stop = entry.get("stop", {})
    behaviour = Behaviour(
        exits_after_seconds=entry.get("exits_after_seconds"),
        exit_code=entry.get("exit_code", 0),
        stops_after_seconds=stop.get("seconds", 0.2),
        stop_exit_code=stop.get("exit_code", 0),
    )
    name, ports = entry["name"], tuple(entry.get("ports", ()))
    inside = entry.get("inside") or {"entrypoint": ["/entrypoint"], "programs": {"/entrypoint": "generic"}}
    return Image(
        repository=repository,
        tags=tuple(re.compile(tag) for tag in entry["tags"]),
        size=entry["size"],
        pull_seconds=entry["pull_seconds"],
        start_seconds=entry["start_seconds"],
        ports=ports,
        behaviour=behaviour,
        arguments=entry.get("arguments", "command"),
        inside=inside_of(name, inside, ports=ports),
        eager=entry.get("eager", False),
        configuration=tuple(entry.get("configuration", ())),
        private=(entry["private"]["user"], entry["private"]["password"]) if "private" in entry else None,
    )


# What even a registry that has every image does not have, so that there is something that fails to be pulled: the names
# that Kubernetes' own tests use for it.
_MISSING_TAGS = frozenset({"404", "nonexistent"})


def _says_missing(reference: Reference) -> bool:
    """Whether a name says of itself that there is no such image: by its tag, or by a host in `invalid` (RFC 2606)."""
    return reference.tag in _MISSING_TAGS or "invalid" in reference.domain.split(".")


def ports_of(name: str) -> tuple[int, ...]:
    """The ports on which the catalogue's image of that name serves; none for one that it does not know."""
    try:
        image = catalogue().get(parse_reference(name).repository)
    except InvalidImageName:
        return ()
    return image.ports if image is not None else ()


@lru_cache(maxsize=512)
def _kept_running(image: Image) -> Image:
    return replace(image, any=True, pull_seconds=0, start_seconds=0)


def digest_of(reference: Reference) -> str:
    """A made-up digest that is always the same for the same name."""
    return reference.digest or "sha256:" + hashlib.sha256(str(reference).encode()).hexdigest()


def size_of(reference: Reference, image: Image) -> int:
    """Bytes: the catalogue's size, a little different for each tag."""
    spread = int(digest_of(reference)[7:15], 16) / 0xFFFFFFFF
    return round(image.size * (0.97 + 0.06 * spread))


@dataclass(frozen=True, slots=True)
class RegistryState:
    """How the registries answer: at all, and how many times slower than usual."""

    outage: Literal["", "dns", "refused", "timeout"] = ""
    slowness: float = 1.0

    def check(self, reference: Reference) -> None:
        """Raises `PullError` where nobody answers. Follows containerd's resolver."""
        if not self.outage:
            return
        host = "registry-1.docker.io" if reference.domain == DEFAULT_DOMAIN else reference.domain
        name, _, port = host.partition(":")
        digest = hashlib.sha256(name.encode()).digest()
        address = f"{44 + digest[0] % 10}.{digest[1]}.{digest[2]}.{digest[3]}:{port or 443}"
        why = {
            "dns": f"lookup {name} on 192.168.0.1:53: no such host",
            "refused": f"{address}: connect: connection refused",
            "timeout": f"{address}: i/o timeout",
        }[self.outage]
        url = f"https://{host}/v2/{reference.path}/manifests/{reference.digest or reference.tag}"
        full = str(reference)
        raise PullError(
            f'rpc error: code = Unknown desc = failed to pull and unpack image "{full}": failed to resolve reference '
            f'"{full}": failed to do request: Head "{url}": dial tcp{":" if self.outage == "dns" else ""} {why}',
            TIMEOUT_SECONDS if self.outage == "timeout" else 0.0,
        )


class PullError(Exception):
    """Why an image cannot be pulled, in containerd's words, and how much longer than usual that takes."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.seconds = seconds


class ImageStore:
    """The images of one node: which are there, and what a pull of the others gives."""

    def __init__(self, registry: Literal["catalogue", "any"]) -> None:
        self._any = registry == "any"
        self.registry = RegistryState()
        # What people have added to the registries, by repository; and what has been pulled of it, by reference.
        self.added: Mapping[str, Image] = {}
        self._pulled: dict[str, Image] = {}
        self._present: set[str] = set()
        self._awaited: dict[str, list[Callable[[], None]]] = {}
        # Pulls are made one after another (serializeImagePulls): when the last one in the queue ends, and each image's.
        self._busy_until_us = 0
        self._pull_ends_us: dict[str, int] = {}

    def find(self, reference: Reference) -> Image:
        """The catalogue's entry. Raises `PullError` for an image that no registry has."""
        full = str(reference)
        image = self.added.get(reference.repository)
        if image is not None and image.has_tag(reference.tag):
            return image
        if full in self._pulled:
            # It is on the node, whatever has become of it elsewhere.
            return self._pulled[full]
        image = image or catalogue().get(reference.repository)
        if self._exists_anyway(reference):
            return _kept_running(image) if image is not None else ANY_IMAGE
        failed = f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
        if image is None:
            raise PullError(
                f"rpc error: code = Unknown desc = {failed}pull access denied, repository does not exist or may "
                "require authorization: server message: insufficient_scope: authorization failed"
            )
        if self._any or not image.has_tag(reference.tag):
            raise PullError(f"rpc error: code = NotFound desc = {failed}{full}: not found")
        return image

    def _exists_anyway(self, reference: Reference) -> bool:
        """Whether every image exists, and nobody has said otherwise of this one."""
        if not self._any or _says_missing(reference):
            return False
        added = self.added.get(reference.repository)
        return added is None or added.has_tag(reference.tag)

    def check_access(self, reference: Reference, image: Image, given: list[Credentials]) -> None:
        """Raises `PullError` for a private image and credentials that its registry does not know."""
        if self._any or image.private is None or image.private in given:
            return
        full = str(reference)
        failed = f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
        if given:
            url = f"https://{reference.domain}/v2/{reference.path}/manifests/{reference.digest or reference.tag}"
            why = f"unexpected status from HEAD request to {url}: 401 Unauthorized"
        else:
            why = (
                "pull access denied, repository does not exist or may require authorization: authorization failed: no "
                "basic auth credentials"
            )
        raise PullError(f"rpc error: code = Unknown desc = {failed}{why}")

    def when_present(self, reference: Reference, action: Callable[[], None]) -> None:
        """Calls `action` once when an image comes that is not there."""
        self._awaited.setdefault(str(reference), []).append(action)

    def has(self, reference: Reference) -> bool:
        return self._exists_anyway(reference) or str(reference) in self._present

    def add(self, reference: Reference) -> None:
        image = self.added.get(reference.repository)
        if image is not None:
            self._pulled[str(reference)] = image
        self._present.add(str(reference))
        for action in self._awaited.pop(str(reference), ()):
            action()

    def queue_pull(self, reference: Reference, now_us: int, duration_us: int, *, keep: bool) -> int:
        """Puts a pull into the node's queue; returns when it ends. `keep` says that the image will be there then.

        Who asks for an image that is being pulled already waits for that pull.
        """
        name = str(reference)
        ends_us = self._pull_ends_us.get(name, 0)
        if ends_us > now_us:
            return ends_us
        self._busy_until_us = max(now_us, self._busy_until_us) + duration_us
        if keep:
            self._pull_ends_us[name] = self._busy_until_us
        return self._busy_until_us
