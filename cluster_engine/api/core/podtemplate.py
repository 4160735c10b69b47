"""PodTemplates. Follows pkg/registry/core/podtemplate/strategy.go and validation.ValidatePodTemplate (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api.checks import Errors
from cluster_engine.api.core.podspec.defaults import default_template
from cluster_engine.api.core.podspec.validation import validate_template
from cluster_engine.api.core.podspec.warnings import template_warnings
from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery.labels import format_labels
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource


class PodTemplateStrategy(Strategy):
    """The rules of PodTemplates, which no controller looks at."""

    resource = Resource("", "v1", "PodTemplate", "podtemplates", singular="podtemplate")
    tracks_generation = True
    columns = (NAME, Column("Containers"), Column("Images"), Column("Pod Labels"))

    def default(self, obj: Obj) -> Obj:
        template = default_template(obj.get("template"))
        return obj if template is obj.get("template") else {**obj, "template": template}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        return bool(new.get("template") != old.get("template"))

    def validate(self, obj: Obj) -> Errors:
        return validate_template("template", obj["template"])

    def warnings(self, obj: Obj) -> list[str]:
        return template_warnings(obj["template"], "template")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        template = obj.get("template") or {}
        containers = (template.get("spec") or {}).get("containers") or ()
        labels = format_labels((template.get("metadata") or {}).get("labels"))
        names = ",".join(c.get("name") or "" for c in containers)
        return [obj["metadata"]["name"], names, ",".join(c.get("image") or "" for c in containers), labels]
