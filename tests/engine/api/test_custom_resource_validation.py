"""CustomResourceDefinitions: every refusal in Kubernetes' words."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.api.apiextensions.structural import validate_structural
from cluster_engine.apimachinery.meta import Obj

SCHEMA = "spec/versions/0/schema/openAPIV3Schema"
SIZE = f"{SCHEMA}/properties/spec/properties/size"
WHERE = "spec.validation.openAPIV3Schema"
AT = f"{WHERE}.properties[spec].properties[size]"
KEYED: Obj = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
}
# fmt: off
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"metadata/name": "gadgets.example.com"}, ['metadata.name: Invalid value: "gadgets.example.com": must be spec.names.plural+"."+spec.group']),
    ({"spec/scope": ...}, ["spec.scope: Required value"]),
    ({"spec/scope": "World"}, ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"']),
    ({"spec/names/kind": "1st"}, [
        'spec.names.kind: Invalid value: "1st": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or \'-\', start with an alphabetic character, and end with an alphanumeric character (e.g. \'my-name\',  or \'abc-123\', regex used for validation is \'[a-z]([-a-z0-9]*[a-z0-9])?\')',
        'spec.names.singular: Invalid value: "1st": a DNS-1035 label must consist of lower case alphanumeric characters or \'-\', start with an alphabetic character, and end with an alphanumeric character (e.g. \'my-name\',  or \'abc-123\', regex used for validation is \'[a-z]([-a-z0-9]*[a-z0-9])?\')',
        'spec.names.listKind: Invalid value: "1stList": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or \'-\', start with an alphabetic character, and end with an alphanumeric character (e.g. \'my-name\',  or \'abc-123\', regex used for validation is \'[a-z]([-a-z0-9]*[a-z0-9])?\')',
    ]),
    ({"spec/names/listKind": "Widget"}, ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same']),
    ({"spec/versions/0/schema": ...}, ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"]),
    ({"spec/preserveUnknownFields": True}, ["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"]),
    ({f"{SCHEMA}/type": ...}, [f"{WHERE}.type: Required value: must not be empty at the root"]),
    ({f"{SCHEMA}/type": "string"}, [f'{WHERE}.type: Invalid value: "string": must be object at the root']),
    ({f"{SIZE}/type": ...}, [f"{AT}.type: Required value: must not be empty for specified object fields"]),
    ({f"{SIZE}/type": "int"}, [f'{AT}.type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string"']),
    ({SIZE: {"type": "array"}}, [f"{AT}.items: Required value: must be specified"]),
    ({SIZE: {"type": "string", "pattern": "("}}, [f'{AT}.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`']),
    ({SIZE: {"type": "integer", "default": "x"}}, [f'{AT}.default: Invalid value: "string":  in body must be of type integer: "string"']),
    ({SIZE: {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}}, [f"{AT}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"]),
    ({SIZE: {"type": "array", "uniqueItems": True, "items": {"type": "string"}}}, [f"{AT}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"]),
    ({SIZE: {"type": "integer", "anyOf": [{"type": "integer"}]}}, [f"{AT}.anyOf[0].type: Forbidden: must be empty to be structural"]),
    ({f"{SCHEMA}/nullable": True}, [f"{WHERE}.nullable: Forbidden: nullable cannot be true at the root"]),
    ({f"{SCHEMA}/properties/metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}, [f"{WHERE}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"]),
    ({SIZE: {**KEYED, "x-kubernetes-list-map-keys": ["id"]}}, [f'{AT}.x-kubernetes-list-map-keys: Invalid value: []string{{"id"}}: entries must all be names of item properties']),
    ({SIZE: {**KEYED, "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}, [f"{AT}.items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"]),
    ({SIZE: {"type": "string", "x-kubernetes-list-type": "set"}}, [f'{AT}.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified']),
    ({SIZE: {"type": "integer", "x-kubernetes-validations": [{"rule": " "}]}}, [f"{AT}.x-kubernetes-validations[0].rule: Required value: rule is not specified"]),
    ({"spec/versions/0/additionalPrinterColumns": [{"name": "Size", "type": "int", "jsonPath": "spec.size"}]}, [
        'spec.additionalPrinterColumns[0].type: Invalid value: "int": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.size": must be a simple json path starting with .',
    ]),
    ({"spec/versions/0/subresources": {"scale": {"specReplicasPath": ".size", "statusReplicasPath": ""}}}, [
        'spec.subresources.scale.specReplicasPath: Invalid value: ".size": should be a json path under .spec',
        "spec.subresources.scale.statusReplicasPath: Required value",
    ]),
    ({"spec/versions/0/selectableFields": [{"jsonPath": ".spec.color"}]}, ['spec.selectableFields[0].jsonPath: Invalid value: ".spec.color": is an invalid path: does not refer to a valid field']),
    ({"spec/versions/0/deprecationWarning": "soon"}, ['spec.versions[0].deprecationWarning: Invalid value: "soon": can only be set for deprecated versions']),
    ({"spec/versions/0/name": "V1"}, [
        'spec.versions[0].name: Invalid value: "V1": a DNS-1035 label must consist of lower case alphanumeric characters or \'-\', start with an alphabetic character, and end with an alphanumeric character (e.g. \'my-name\',  or \'abc-123\', regex used for validation is \'[a-z]([-a-z0-9]*[a-z0-9])?\')',
    ]),
    ({"spec/conversion": {"strategy": "Webhook"}}, [
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Required value",
    ]),
    ({"spec/conversion": {"strategy": "Magic"}}, ['spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"']),
    ({"spec/group": "widgets.k8s.io", "metadata/name": "widgets.widgets.k8s.io"}, ['metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111']),
]
# fmt: on
RIGHT: list[dict[str, Any]] = [
    {},
    {"spec/scope": "Cluster"},
    {SIZE: KEYED},
    {SIZE: {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}},
    {SIZE: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    {SIZE: {"type": "integer", "default": 3, "minimum": 1}},
    {f"{SCHEMA}/properties/metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}},
    {
        "spec/group": "widgets.k8s.io",
        "metadata/name": "widgets.widgets.k8s.io",
        "metadata/annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
    },
]
CHANGED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"spec/names/plural": "gadgets"},
        [
            'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
            'spec.names.plural: Invalid value: "gadgets": field is immutable',
        ],
    ),
    ({f"{SIZE}/maximum": 5}, []),
]


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_what_is_wrong_with_a_definition_is_told_in_kubernetes_words(
    build: Any, faults: Any, changes: dict[str, Any], words: list[str]
) -> None:
    assert sorted(faults(build("CustomResourceDefinition", changes))) == sorted(words)


@pytest.mark.parametrize("changes", RIGHT)
def test_a_definition_that_is_right_is_taken(build: Any, faults: Any, changes: dict[str, Any]) -> None:
    assert faults(build("CustomResourceDefinition", changes)) == []


@pytest.mark.parametrize(("changes", "words"), CHANGED)
def test_the_name_of_a_definition_never_changes(
    build: Any, update_faults: Any, changes: dict[str, Any], words: list[str]
) -> None:
    assert update_faults(build("CustomResourceDefinition"), changes) == words


def test_what_versions_do_not_share_is_reported_at_each(build: Any, faults: Any) -> None:
    crd = build("CustomResourceDefinition")
    other = {**crd["spec"]["versions"][0], "name": "v2", "storage": False, "schema": {"openAPIV3Schema": {}}}
    crd["spec"]["versions"].append(other)
    assert faults(crd) == [
        "spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root"
    ]


def test_exactly_one_version_is_stored(build: Any, faults: Any) -> None:
    (fault,) = faults(build("CustomResourceDefinition", {"spec/versions/0/storage": False}))[:1]
    assert fault.startswith(
        'spec.versions: Invalid value: []apiextensions.CustomResourceDefinitionVersion{apiextensions.CustomResourceDefinitionVersion{Name:"v1", Served:true, Storage:false, '
    )
    assert fault.endswith("}: must have exactly one version marked as storage version")


def test_faults_of_a_structure_come_in_the_order_of_their_words() -> None:
    schema: Obj = {"properties": {"b": {}, "a": {"items": {}, "type": "array"}}}
    assert [str(fault) for fault in validate_structural("s", schema)] == [
        "s.properties[a].items.type: Required value: must not be empty for specified array items",
        "s.properties[b].type: Required value: must not be empty for specified object fields",
        "s.type: Required value: must not be empty at the root",
    ]
