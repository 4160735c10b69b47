"""Images that people add: a ConfigMap with the label `podarium.dev/image` describes one in its key `image.yaml`.

`parse` reads such a text and says what is wrong with it, for the API server's admission; `AddedImages` is what the
registries have of them. docs/images.md tells people how to write one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import yaml

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import FieldError, invalid_value, not_supported, required, too_long
from cluster_engine.apimachinery.meta import Obj, key_of, labels_of
from cluster_engine.containers.image import Inside, inside_of
from cluster_engine.kubelet.behaviour import Behaviour
from cluster_engine.kubelet.images import TAG, Image, InvalidImageName, catalogue, parse_reference

LABEL = "podarium.dev/image"
KEY = "image.yaml"
MAX_BYTES = 64 * 1024
MAX_SECONDS = 3600.0
SCRATCH = "scratch"
_FIELDS = (
    "name", "tags", "from", "size", "pullSeconds", "startSeconds", "env", "user", "workingDir", "entrypoint", "cmd",
    "files", "serve", "byTag",
)  # fmt: skip
_SERVE_FIELDS = (
    "port", "text", "paths", "log", "readySeconds", "exitAfterSeconds", "exitCode", "stopSeconds", "memory",
)  # fmt: skip
_PATH_FIELDS = ("text", "status", "seconds")


@dataclass
class _Reader:
    """Takes values out of a document, and notes what is wrong with them."""

    errors: list[FieldError] = field(default_factory=list)

    def wrong(self, path: str, value: Any, detail: str) -> None:
        self.errors.append(invalid_value(path, value if isinstance(value, str | int | float) else str(value), detail))

    def known(self, path: str, value: dict[Any, Any], fields: tuple[str, ...]) -> None:
        for name in value:
            if name not in fields:
                self.errors.append(not_supported(f"{path}{name}", str(name), fields))

    def number(self, path: str, value: Any, low: float, high: float, *, whole: bool = False) -> float:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            self.wrong(path, value, f"must be a {'whole ' if whole else ''}number between {low:g} and {high:g}")
            return low
        return float(value)

    def text(self, path: str, value: Any) -> str:
        if not isinstance(value, str):
            self.wrong(path, value, "must be a text")
            return ""
        return value

    def texts(self, path: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            self.wrong(path, value, "must be a list of texts")
            return []
        return [self.text(f"{path}[{index}]", item) for index, item in enumerate(value)]

    def table(self, path: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(path, value, "must be a mapping")
            return {}
        return {str(name): item for name, item in value.items()}

    def amount(self, path: str, value: Any) -> int:
        try:
            found = quantity.value(str(value))
        except ValueError:
            found = -1
        if found < 0:
            self.wrong(path, value, "must be a quantity such as 64Mi")
        return max(found, 0)


def check(config_map: Obj) -> list[FieldError]:
    """What is wrong with the image in a ConfigMap; nothing where it has none."""
    if LABEL not in labels_of(config_map):
        return []
    text = (config_map.get("data") or {}).get(KEY)
    if text is None:
        return [required(f"data[{KEY}]", f"a ConfigMap with the label {LABEL} describes an image there")]
    return list(parse(text)[1])


@lru_cache(maxsize=256)
def parse(text: str) -> tuple[Image | None, tuple[FieldError, ...]]:
    """(the image, nothing), or (None, what is wrong with its description)."""
    path = f"data[{KEY}]"
    if len(text.encode()) > MAX_BYTES:
        return None, (too_long(path, MAX_BYTES),)
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        return None, (invalid_value(path, KEY, f"is not YAML: {getattr(error, 'problem', None) or 'error'}{where}"),)
    if not isinstance(found, dict):
        return None, (invalid_value(path, KEY, "must be a mapping with at least a name"),)
    reader = _Reader()
    image = _read(reader, {str(name): value for name, value in found.items()}, f"{path}.")
    return (None, tuple(reader.errors)) if reader.errors else (image, ())


def _read(reader: _Reader, entry: dict[str, Any], path: str) -> Image:
    reader.known(path, entry, _FIELDS)
    repository = _repository(reader, entry.get("name"), f"{path}name")
    tags = [str(tag) for tag in entry.get("tags") or ["latest"]] if isinstance(entry.get("tags", []), list) else []
    if not tags:
        reader.wrong(f"{path}tags", entry.get("tags"), "must be a list of tags")
    for index, tag in enumerate(tags):
        if not TAG.fullmatch(tag):
            reader.wrong(f"{path}tags[{index}]", tag, "must be letters, digits, '_', '.' and '-', at most 128")
    base, base_tag = _base(reader, entry.get("from", "alpine"), f"{path}from")
    serve = _serve(reader, entry["serve"], f"{path}serve") if "serve" in entry else None
    by_tag: dict[str, dict[str, Any]] = {}
    for tag, value in reader.table(f"{path}byTag", entry.get("byTag", {})).items():
        if tag not in tags:
            reader.errors.append(not_supported(f"{path}byTag", tag, tags))
        by_tag[tag] = _serve(reader, value, f"{path}byTag[{tag}]")
    if by_tag and serve is None:
        serve = {}
    stop = (serve or {}).get("stopSeconds", 0.2)
    inside = _inside(reader, entry, path, base, base_tag, serve, by_tag)
    return Image(
        repository=repository,
        tags=tuple(re.compile(re.escape(tag)) for tag in tags),
        size=reader.amount(f"{path}size", entry["size"]) if "size" in entry else base.size + 1_000_000,
        pull_seconds=reader.number(f"{path}pullSeconds", entry.get("pullSeconds", 1.0), 0, MAX_SECONDS),
        start_seconds=reader.number(f"{path}startSeconds", entry.get("startSeconds", 0.3), 0, MAX_SECONDS),
        ports=() if serve is None else (int(serve.get("port", 8080)),),
        behaviour=Behaviour(stops_after_seconds=stop, stop_exit_code=0 if stop is not None else 137),
        inside=replace(inside, name=repository),
        # What its containers do is in its description: they are always run.
        eager=True,
    )


def _repository(reader: _Reader, name: Any, path: str) -> str:
    if not isinstance(name, str) or not name:
        reader.errors.append(required(path, "the image's name as manifests write it, without a tag"))
        return ""
    try:
        reference = parse_reference(name)
    except InvalidImageName as error:
        reader.wrong(path, name, str(error))
        return ""
    if "@" in name or ":" in name.rpartition("/")[2]:
        reader.wrong(path, name, "must have no tag; tags are listed in `tags`")
    elif reference.repository in catalogue():
        reader.wrong(path, name, "is an image of the catalogue; choose a name of your own and begin `from` it")
    return reference.repository


def _base(reader: _Reader, name: Any, path: str) -> tuple[Image, str]:
    """What the image is made of: one of the catalogue, or nothing."""
    nothing = Image("", size=0, inside=Inside(families=((re.compile(""), SCRATCH),)))
    if name == SCRATCH:
        return nothing, "latest"
    try:
        reference = parse_reference(reader.text(path, name) or SCRATCH)
    except InvalidImageName as error:
        reader.wrong(path, name, str(error))
        return nothing, "latest"
    found = catalogue().get(reference.repository)
    if found is None or found.inside is None or not found.has_tag(reference.tag):
        reader.wrong(path, name, "must be scratch or an image of the catalogue, such as alpine, busybox or nginx:1.25")
        return nothing, "latest"
    return found, reference.tag


def _inside(
    reader: _Reader,
    entry: dict[str, Any],
    path: str,
    base: Image,
    base_tag: str,
    serve: dict[str, Any] | None,
    by_tag: dict[str, dict[str, Any]],
) -> Inside:
    own = base.inside or inside_of("", {})
    # Its tags are its own: what the base's tag says of family and version is settled here.
    version = own.version(base_tag)
    filled = {name: text.replace("{version}", version).replace("{tag}", base_tag) for name, text in own.files.items()}
    files = {**filled, **_files(reader, entry.get("files", {}), f"{path}files")}
    env = {name: text.replace("{version}", version) for name, text in own.env.items()}
    for name, value in reader.table(f"{path}env", entry.get("env", {})).items():
        env[name] = str(value) if isinstance(value, int | float) else reader.text(f"{path}env[{name}]", value)
    entrypoint = tuple(reader.texts(f"{path}entrypoint", entry["entrypoint"])) if "entrypoint" in entry else None
    cmd = tuple(reader.texts(f"{path}cmd", entry["cmd"])) if "cmd" in entry else None
    programs = dict(own.programs)
    if serve is not None:
        programs["/server"] = "made"
        entrypoint = ("/server",) if entrypoint is None else entrypoint
        cmd = () if cmd is None else cmd
    working_dir = entry.get("workingDir", own.workdir)
    if not isinstance(working_dir, str) or not working_dir.startswith("/"):
        reader.wrong(f"{path}workingDir", working_dir, "must be an absolute path")
    return replace(
        own,
        families=((re.compile(""), own.family(base_tag)),),
        # As with a Dockerfile, an entrypoint of its own does away with the base's command.
        entrypoint=own.entrypoint if entrypoint is None else entrypoint,
        cmd=cmd if cmd is not None else own.cmd if entrypoint is None else (),
        env=env,
        workdir=str(working_dir),
        user=int(reader.number(f"{path}user", entry["user"], 0, 65535, whole=True)) if "user" in entry else own.user,
        programs=programs,
        files=files,
        versions={"latest": version},
        facts={**own.facts, "serve": json.dumps(serve or {}), "by_tag": json.dumps(by_tag)},
    )


def _files(reader: _Reader, value: Any, path: str) -> dict[str, str]:
    found = {}
    for name, text in reader.table(path, value).items():
        if not name.startswith("/") or name.endswith("/") or ".." in name.split("/"):
            reader.wrong(path, name, "must be the absolute path of a file")
        found[name] = reader.text(f"{path}[{name}]", text)
    return found


def _serve(reader: _Reader, value: Any, path: str) -> dict[str, Any]:
    """What the simulated server of an image does, as JSON can say it."""
    entry = reader.table(path, value if value is not None else {})
    reader.known(f"{path}.", entry, _SERVE_FIELDS)
    found: dict[str, Any] = {}
    if "port" in entry:
        found["port"] = int(reader.number(f"{path}.port", entry["port"], 1, 65535, whole=True))
    if "text" in entry:
        found["text"] = reader.text(f"{path}.text", entry["text"])
    if "log" in entry:
        found["log"] = reader.texts(f"{path}.log", entry["log"])
    for name in ("readySeconds", "exitAfterSeconds", "stopSeconds"):
        if name in entry:
            never = name == "stopSeconds" and entry[name] is None
            found[name] = None if never else reader.number(f"{path}.{name}", entry[name], 0, MAX_SECONDS)
    if "exitCode" in entry:
        found["exitCode"] = int(reader.number(f"{path}.exitCode", entry["exitCode"], 0, 255, whole=True))
    if "memory" in entry:
        found["memory"] = reader.amount(f"{path}.memory", entry["memory"])
    if "paths" in entry:
        found["paths"] = {
            name: _answer(reader, answer, f"{path}.paths[{name}]")
            for name, answer in reader.table(f"{path}.paths", entry["paths"]).items()
        }
    return found


def _answer(reader: _Reader, value: Any, path: str) -> dict[str, Any]:
    entry = {"text": value} if isinstance(value, str) else reader.table(path, value)
    reader.known(f"{path}.", entry, _PATH_FIELDS)
    return {
        "text": reader.text(f"{path}.text", entry.get("text", "")),
        "status": int(reader.number(f"{path}.status", entry.get("status", 200), 100, 599, whole=True)),
        "seconds": reader.number(f"{path}.seconds", entry.get("seconds", 0), 0, MAX_SECONDS),
    }


class AddedImages:
    """What people have added, as a node hears of it. `by_repository` is what the registries have."""

    def __init__(self) -> None:
        self._by_source: dict[str, Image] = {}
        self.by_repository: dict[str, Image] = {}

    def follow(self, type_: str, config_map: Obj) -> None:
        """A ConfigMap has come, changed or gone."""
        key = key_of(config_map)
        image: Image | None = None
        if type_ != "DELETED" and LABEL in labels_of(config_map):
            image = parse((config_map.get("data") or {}).get(KEY, ""))[0]
        if image is None and key not in self._by_source:
            return
        if image is None:
            del self._by_source[key]
        else:
            self._by_source[key] = image
        # Of two with the same name, the one whose ConfigMap comes first in the alphabet counts.
        self.by_repository = {
            found.repository: found for _, found in sorted(self._by_source.items(), reverse=True)
        }

