"""The builder: arguments, files and selectors become the objects that a command is about.

Follows k8s.io/cli-runtime/pkg/resource/builder.go, words included.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, labels_of, with_meta
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apiserver.request import Accept
from cluster_engine.kubectl.errors import Aggregate, CommandError, RawError, raise_all
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flags
from cluster_engine.kubectl.printers import yaml_printer
from cluster_engine.kubectl.process import Wait, read_all
from cluster_engine.kubectl.resource import manifest
from cluster_engine.kubectl.resource.mapper import Info

MISSING_RESOURCE = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""
_MIXED_FORMS = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'"
)

Visited = Info | Exception

_UNREGISTERED_GROUPS = ("apiextensions.k8s.io", "apiregistration.k8s.io")


def is_not_found(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.reason == "NotFound"


@dataclass(slots=True)
class Result:
    """What a builder found. `visit` yields objects and faults in their order."""

    visitor: Callable[[], Iterator[Visited]]
    single_item_implied: bool = False
    # Whether a list was asked for (a selector or a type alone), in contrast to objects by name or from files.
    is_listing: bool = False
    ignore_not_found: bool = False

    def visit(self) -> Iterator[Visited]:
        for item in self.visitor():
            if isinstance(item, Exception) and self.ignore_not_found and is_not_found(item):
                continue
            yield item

    def infos(self) -> tuple[list[Info], list[Exception]]:
        found: list[Info] = []
        errors: list[Exception] = []
        for item in self.visit():
            if isinstance(item, Exception):
                errors.append(item)
            else:
                found.append(item)
        return found, errors

    def all_or_raise(self) -> list[Info]:
        """The objects; raises when there was any fault."""
        found, errors = self.infos()
        raise_all(errors)
        return found


@dataclass(slots=True)
class Builder:
    """How to find objects. `do` is the only thing to call."""

    factory: Factory
    args: Sequence[str] = ()
    filenames: Sequence[str] = ()
    recursive: bool = False
    kustomize: str = ""
    label_selector: str | None = None
    field_selector: str | None = None
    select_all: bool = False
    # `--all` allows what it stands for, and does not contradict names. Follows ResourceTypeOrNameArgs of label.
    all_permitted_only: bool = False
    all_namespaces: bool = False
    # A type alone means all of them (get, describe), or is not enough (delete).
    allow_empty_selector: bool = False
    # Reads from the server: objects of files anew, objects by name at all.
    latest: bool = False
    require_object: bool = True
    single_resource_type: bool = False
    # Files that name another namespace than `-n` are refused.
    enforce_namespace: bool = False
    # Lists are handed on as they came (one Info whose object is the list or Table).
    keep_lists: bool = False
    accept: Accept = "object"
    include_object: Literal["Metadata", "Object", "None"] = "Metadata"
    subresource: str = ""
    chunk_size: int = 0
    local: bool = False
    # Documents without kind or apiVersion are refused as not valid, not as unreadable.
    validated: bool = False
    # Objects are read into kubectl's own Go types, which there are for the built-in kinds only.
    typed: bool = False
    # The types and names that the arguments gave.
    _types: list[str] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _tuples: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, factory: Factory, flags: Flags, args: Sequence[str], **options: Any) -> Builder:
        """A builder with what the usual flags say."""
        builder = cls(factory, args, **options)
        if flags.has("filename"):
            builder.filenames = flags.strings("filename")
            builder.recursive = flags.on("recursive")
            builder.kustomize = flags.string("kustomize")
        if flags.has("selector") and flags.string("selector"):
            builder.label_selector = flags.string("selector")
        if flags.has("field-selector") and flags.string("field-selector"):
            builder.field_selector = flags.string("field-selector")
        if flags.has("all"):
            builder.select_all = flags.on("all")
        builder.all_namespaces = flags.on("all-namespaces")
        builder.enforce_namespace = factory.explicit_namespace
        return builder

    def do(self) -> Generator[Wait, None, Result]:
        """Reads the arguments (and standard input where a file is `-`). Raises CommandError."""
        errors = list(self._argument_faults())
        if errors:
            raise errors[0] if len(errors) == 1 else Aggregate(errors)
        if self.select_all:
            self.label_selector = ""
        if self.kustomize:
            return self._by_kustomization()
        if self.filenames:
            return (yield from self._by_paths())
        if self.label_selector is not None or self.field_selector is not None:
            return self._by_selector()
        if self._tuples:
            return self._by_tuples()
        if self._names:
            return self._by_names()
        if self._types:
            for word in self._types:
                self.factory.mapper.resource(word)
            raise CommandError("resource(s) were provided, but no name was specified")
        raise CommandError(MISSING_RESOURCE)

    @property
    def namespace(self) -> str:
        return "" if self.all_namespaces else self.factory.namespace

    def _argument_faults(self) -> Iterator[Exception]:
        if self.kustomize:
            if self.filenames or self.recursive:
                yield CommandError("only one of -f or -k can be specified")
        if self.select_all and (self.label_selector is not None or self.field_selector is not None):
            which, value = (
                ("label", self.label_selector) if self.label_selector is not None else ("field", self.field_selector)
            )
            yield CommandError(f"found non-empty {which} selector \"{value}\" with previously set 'all' parameter. ")
        try:
            self._read_arguments()
        except CommandError as error:
            yield error

    def _read_arguments(self) -> None:
        args = _normalized(self.args)
        slashes = sum("/" in arg for arg in args)
        if slashes and slashes != len(args):
            raise CommandError(_MIXED_FORMS)
        if slashes:
            self._tuples = [_split_tuple(arg) for arg in args]
        elif args:
            words = [word for arg in _split(args[0]) for word in self.factory.mapper.expand(arg)]
            self._types, self._names = words, list(args[1:])
            if len(args) == 1 and self.label_selector is None and self.allow_empty_selector:
                self.label_selector = ""

    def _mappings(self) -> list[Resource]:
        if len(self._types) > 1 and self.single_resource_type:
            raise CommandError("you may only specify a single resource type")
        return list(dict.fromkeys(self.factory.mapper.resource(word) for word in self._types))

    def _by_selector(self) -> Result:
        if self._names and self.all_permitted_only and self.select_all:
            return self._by_names()
        if self._names:
            raise CommandError("name cannot be provided when a selector is specified")
        if self._tuples:
            raise CommandError("selectors and the all flag cannot be used when passing resource/name arguments")
        if not self._types:
            raise CommandError("at least one resource must be specified to use a selector")
        if self.subresource:
            raise CommandError("subresource cannot be used when bulk resources are specified")
        resources = self._mappings()
        return Result(lambda: self._visit_lists(resources), is_listing=True)

    def _visit_lists(self, resources: list[Resource]) -> Iterator[Visited]:
        for resource in resources:
            namespace = self.namespace if resource.namespaced else ""
            try:
                body = self.factory.request(
                    "list",
                    resource,
                    namespace,
                    label_selector=self.label_selector or "",
                    field_selector=self.field_selector or "",
                    accept=self.accept,
                    include_object=self.include_object,
                )
            except ApiError as error:
                yield self._about_selector(resource, error)
                continue
            if self.typed and not _has_type(resource):
                yield RawError(str(_unregistered(resource, f"{resource.kind}List")))
                continue
            if self.keep_lists or body["kind"] == "Table":
                yield Info(resource, namespace, "", body)
            else:
                for item in body["items"]:
                    yield _listed(resource, item)

    def _about_selector(self, resource: Resource, error: ApiError) -> ApiError:
        """What the server refused about a list, with the question. Follows Selector.Visit."""
        if error.reason not in ("BadRequest", "NotFound"):
            return error
        which = f'"{resource.group}/{resource.version}, Resource={resource.plural}"'
        if not self.label_selector and not self.field_selector:
            text = f"Unable to list {which}: {error.message}"
        else:
            selectors = f'label selector "{self.label_selector or ""}", field selector "{self.field_selector or ""}"'
            text = f"Unable to find {which} that match {selectors}: {error.message}"
        return ApiError(error.code, error.reason, text, error.details)

    def _by_tuples(self) -> Result:
        mappings = {word: self.factory.mapper.resource(word) for word, _ in self._tuples}
        if len(set(mappings.values())) > 1 and self.single_resource_type:
            raise CommandError("you may only specify a single resource type")
        infos = [self._named(mappings[word], name) for word, name in self._tuples]
        return Result(lambda: self._visit_named(infos), single_item_implied=len(infos) == 1)

    def _by_names(self) -> Result:
        if len(self._types) > 1:
            raise CommandError("you must specify only one resource")
        resource = self._mappings()[0]
        infos = [self._named(resource, name) for name in self._names]
        return Result(lambda: self._visit_named(infos), single_item_implied=len(infos) == 1)

    def _named(self, resource: Resource, name: str) -> Info:
        if resource.namespaced and self.all_namespaces:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        return Info(resource, self.namespace if resource.namespaced else "", name)

    def _visit_named(self, infos: list[Info]) -> Iterator[Visited]:
        for info in infos:
            yield self._fetched(info) if self.require_object else info

    def _fetched(self, info: Info) -> Visited:
        try:
            info.object = self.factory.request(
                "get",
                info.resource,
                info.namespace,
                info.name,
                accept=self.accept,
                include_object=self.include_object,
                subresource=self.subresource,
            )
        except ApiError as error:
            return error
        if self.typed and not _has_type(info.resource):
            return _unregistered(info.resource, info.resource.kind)
        return info

    def _by_paths(self) -> Generator[Wait, None, Result]:
        if self._tuples:
            raise CommandError("resource/name arguments cannot be provided when a path is specified")
        if self._names:
            raise CommandError("name cannot be provided when a path is specified")
        if self._types:
            raise CommandError(
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
            )
        if list(self.filenames).count("-") > 1:
            raise CommandError("standard input cannot be used for multiple arguments")
        texts: list[tuple[str, str]] = []
        faults: list[Exception] = []
        for path in self.filenames:
            if path == "-":
                texts.append((manifest.STDIN, (yield from read_all(self.factory.stdin))))
                continue
            try:
                texts.extend(manifest.read_path(self.factory.files, path, self.recursive))
            except CommandError as error:
                faults.append(error)
        raise_all(faults)
        selector = self._parsed_selector()
        single = len(texts) == 1 and texts[0][0] != manifest.STDIN
        return Result(lambda: self._visit_texts(texts, selector), single_item_implied=single)

    def _by_kustomization(self) -> Result:
        """The objects that a kustomization's directory gives."""
        # Imported late: it uses what commands are given, of which this is a part.
        from cluster_engine.kubectl.kustomize.build import build

        objects = build(self.factory, self.kustomize)
        text = "---\n".join(yaml_printer.dump(obj) for obj in objects)
        return Result(lambda: self._visit_texts([(self.kustomize, text)], self._parsed_selector()))

    def _parsed_selector(self) -> labels.Selector | None:
        if not self.label_selector:
            return None
        try:
            return labels.parse(self.label_selector)
        except ValueError as error:
            raise CommandError(f'the provided selector "{self.label_selector}" is not valid: {error}') from None

    def _visit_texts(self, texts: list[tuple[str, str]], selector: labels.Selector | None) -> Iterator[Visited]:
        for source, text in texts:
            for item in manifest.infos_of(text, source, self.factory.mapper, validated=self.validated):
                if isinstance(item, Exception):
                    yield item
                elif selector is None or selector.matches(labels_of({"metadata": {}, **item.obj})):
                    yield self._from_file(item)

    def _from_file(self, info: Info) -> Visited:
        if info.resource.namespaced and not self.local:
            if not info.namespace:
                info.namespace = self.factory.namespace
                info.object = with_meta({"metadata": {}, **info.obj}, namespace=info.namespace)
            elif self.enforce_namespace and info.namespace != self.factory.namespace:
                return CommandError(
                    f'the namespace from the provided object "{info.namespace}" does not match the namespace '
                    f"\"{self.factory.namespace}\". You must pass '--namespace={info.namespace}' to "
                    "perform this operation."
                )
        return self._fetched(info) if self.latest else info


def _has_type(resource: Resource) -> bool:
    """Whether kubectl's scheme has the kind."""
    group = resource.group
    return ("." not in group or group.endswith(".k8s.io")) and group not in _UNREGISTERED_GROUPS


def _unregistered(resource: Resource, kind: str) -> CommandError:
    version = resource.api_version
    return CommandError(f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/scheme/scheme.go:28"')


def _listed(resource: Resource, item: Obj) -> Info:
    """An item of a list; items may lack the kind that the list implies."""
    if "kind" not in item:
        item = {"apiVersion": resource.api_version, "kind": resource.kind, **item}
    meta = item["metadata"]
    return Info(resource, meta.get("namespace", ""), meta["name"], item)


def _split(word: str) -> list[str]:
    """The types of a comma list, each once."""
    return list(dict.fromkeys(word.split(",")))


def _normalized(args: Sequence[str]) -> list[str]:
    """`a,b c d` means `a/c a/d b/c b/d`."""
    if len(args) >= 2 and "/" not in args[0]:
        types = _split(args[0])
        if len(types) > 1:
            return [f"{type_}/{name}" for type_ in types for name in args[1:]]
    return list(args)


def _split_tuple(arg: str) -> tuple[str, str]:
    parts = arg.split("/")
    if len(parts) != 2:
        raise CommandError("arguments in resource/name form may not have more than one slash")
    if not parts[0] or not parts[1] or len(_split(parts[0])) != 1:
        raise CommandError("arguments in resource/name form must have a single resource and name")
    return parts[0], parts[1]
