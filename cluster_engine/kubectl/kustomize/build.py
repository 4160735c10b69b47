"""Builds a kustomization. Follows kustomize's api/internal/target."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.kustomize import generators, hashing, patching, references, transform
from cluster_engine.kubectl.kustomize.source import HOME, Source, objects_of

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH = 10
MAX_OBJECTS = 1000
# The name that an object had in the file, by which patches and references mean it.
_ORIGINAL = "kustomize.original-name"
_FIELDS = frozenset({
    "apiVersion", "kind", "metadata", "resources", "bases", "components", "namePrefix", "nameSuffix", "namespace",
    "commonLabels", "labels", "commonAnnotations", "images", "replicas", "configMapGenerator", "secretGenerator",
    "generatorOptions", "patches", "patchesStrategicMerge", "patchesJson6902", "buildMetadata", "sortOptions",
    "configurations", "crds", "generators", "helmCharts", "helmGlobals", "openapi", "replacements", "transformers",
    "validators", "vars",
})  # fmt: skip
_LACKING = ("generators", "helmCharts", "replacements", "transformers", "validators", "vars", "configurations", "crds")
_DEPRECATED = {
    "bases": "resources",
    "commonLabels": "labels",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
}
_ORDER = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
    "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob",
    "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def build(factory: Factory, path: str) -> list[Obj]:
    """The objects of a kustomization's directory, in the order in which they are created. Raises CommandError."""
    source = Source(factory.files, "").directory(path)
    if path.startswith(("http://", "https://", "git@")):
        raise CommandError(f'unable to read "{path}": the sandbox has no network beyond its cluster')
    if not source.has_directory("."):
        where = f"{HOME}/{source.path}"
        raise CommandError(
            f"must build at directory: not a valid directory: evalsymlink failure on '{path}' : lstat {where}: "
            "no such file or directory"
        )
    objects = _hashed(_accumulated(factory, source, 0))
    return sorted((_clean(obj) for obj in objects), key=_order)


def _clean(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if not key.startswith("kustomize.")}


def _order(obj: Obj) -> tuple[Any, ...]:
    kind = obj["kind"]
    place = _ORDER.index(kind) if kind in _ORDER else len(_ORDER) + (_LAST.index(kind) + 1 if kind in _LAST else 0)
    group, _, version = obj["apiVersion"].rpartition("/")
    meta = obj["metadata"]
    return place, f"{group or '~G'}_{version}_{kind}", f"{meta.get('namespace', '~X')}_{meta.get('name', '')}"


def _read(factory: Factory, source: Source) -> Obj:
    found = [name for name in NAMES if source.has_file(name)]
    where = f"{HOME}/{source.path}".rstrip("/")
    if not found:
        names = "', '".join(NAMES[:2])
        raise CommandError(f"unable to find one of '{names}' or '{NAMES[2]}' in directory '{where}'")
    if len(found) > 1:
        raise CommandError(f"Found multiple kustomization files under: {where}")
    try:
        documents = load_documents(source.read(found[0]))
    except YamlError as error:
        raise CommandError(f"invalid Kustomization: {error}") from None
    spec: Any = documents[0].value if documents else None
    if not isinstance(spec, dict):
        raise CommandError(
            f"kustomization.yaml is empty in directory '{where}'" if not spec else "invalid Kustomization"
        )
    for field in spec:
        if field not in _FIELDS:
            raise CommandError(f'invalid Kustomization: json: unknown field "{field}"')
    for field in _LACKING:
        if spec.get(field):
            raise CommandError(f"the terminal's kubectl does not have {field} of a kustomization yet")
    for field, instead in _DEPRECATED.items():
        if field in spec:
            factory.err.line(
                f"# Warning: '{field}' is deprecated. Please use '{instead}' instead. Run 'kustomize edit fix' to "
                "update your Kustomization automatically."
            )
    return spec


def _accumulated(factory: Factory, source: Source, depth: int) -> list[Obj]:
    """Everything that a directory gives, with what its kustomization says applied, before hashes."""
    if depth > MAX_DEPTH:
        raise CommandError("cycle detected: kustomizations include each other")
    spec = _read(factory, source)
    objects: list[Obj] = []
    for entry in [*(spec.get("resources") or ()), *(spec.get("bases") or ()), *(spec.get("components") or ())]:
        objects += _resource(factory, source, str(entry), depth)
    options: Obj = spec.get("generatorOptions") or {}
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for arguments in spec.get(field) or ():
            objects = generators.add(objects, generators.generated(source, arguments, kind, options))
    if not objects:
        raise CommandError("kustomization.yaml is empty")
    if len(objects) > MAX_OBJECTS:
        raise CommandError(f"a kustomization may have {MAX_OBJECTS} objects at most")
    objects = [obj if _ORIGINAL in obj else {**obj, _ORIGINAL: obj["metadata"].get("name", "")} for obj in objects]
    return _transformed(_patched(source, objects, spec), spec)


def _resource(factory: Factory, source: Source, entry: str, depth: int) -> list[Obj]:
    if source.has_file(entry):
        return source.objects(entry)
    if source.has_directory(entry):
        return _accumulated(factory, source.directory(entry), depth + 1)
    where = f"{HOME}/{source.at(entry)}"
    missing = f"evalsymlink failure on '{where}' : lstat {where}: no such file or directory"
    raise CommandError(
        f"accumulating resources: accumulation err='accumulating resources from '{entry}': {missing}': "
        f"must build at directory: not a valid directory: {missing}"
    )


def _patched(source: Source, objects: list[Obj], spec: Obj) -> list[Obj]:
    for entry in spec.get("patchesStrategicMerge") or ():
        text = entry if "\n" in entry or ":" in entry else source.read(entry)
        objects = patching.patched(source, objects, {"patch": text})
    for entry in spec.get("patches") or ():
        objects = patching.patched(source, objects, entry)
    for entry in spec.get("patchesJson6902") or ():
        objects = patching.patched(source, objects, entry)
    return objects


def _transformed(objects: list[Obj], spec: Obj) -> list[Obj]:
    namespace, prefix, suffix = (str(spec.get(key) or "") for key in ("namespace", "namePrefix", "nameSuffix"))
    if namespace:
        objects = [transform.with_namespace(obj, namespace) for obj in objects]
    if prefix or suffix:
        objects = _renamed(objects, [transform.renamed(obj, prefix, suffix) for obj in objects])
    if spec.get("commonLabels"):
        objects = [transform.with_labels(obj, spec["commonLabels"], selectors=True, templates=True) for obj in objects]
    for entry in spec.get("labels") or ():
        selectors, templates = bool(entry.get("includeSelectors")), bool(entry.get("includeTemplates"))
        objects = [
            transform.with_labels(obj, entry.get("pairs") or {}, selectors=selectors, templates=templates)
            for obj in objects
        ]
    if spec.get("commonAnnotations"):
        objects = [transform.with_annotations(obj, spec["commonAnnotations"]) for obj in objects]
    for image in spec.get("images") or ():
        objects = [transform.with_image(obj, image) for obj in objects]
    for replicas in spec.get("replicas") or ():
        objects = [transform.with_replicas(obj, replicas, obj[_ORIGINAL]) for obj in objects]
    return objects


def _renamed(before: list[Obj], after: list[Obj]) -> list[Obj]:
    """The objects under their new names, and with the new names of what they mention."""
    renames = {
        (old["kind"], old["metadata"].get("name", "")): new["metadata"].get("name", "")
        for old, new in zip(before, after, strict=True)
    }
    return [references.updated(obj, renames) for obj in after]


def _hashed(objects: list[Obj]) -> list[Obj]:
    after = []
    for obj in objects:
        if obj.get(generators.NEEDS_HASH):
            name = f"{obj['metadata']['name']}-{hashing.suffix(_clean(obj))}"
            obj = {**obj, "metadata": {**obj["metadata"], "name": name}}
        after.append(obj)
    return _renamed(objects, after)


__all__ = ["build", "objects_of"]
