"""Makes checks of what `lesson.yaml` declares. Every mistake is a `LessonError` with its line."""

from cluster_engine.apimachinery import labels
from playground.curriculum import checks, fieldpath
from playground.curriculum.conditions import CONDITIONS
from playground.curriculum.during import DuringCheck
from playground.curriculum.source import Node

FORMS = ("object", "objects", "absent", "during")


def parse_checks(node: Node) -> tuple[checks.Check, ...]:
    """Return the checks of a step, at least one."""
    parsed = tuple(_parse_check(item) for item in node.items())
    if not parsed:
        raise node.error("a step needs at least one check, else nothing ticks it off")
    return parsed


def _parse_check(node: Node) -> checks.Check:
    form = next((key for key in FORMS if key in node.mapping()), None)
    if form == "object":
        values = node.mapping(required=("object",), optional=("namespace", "fields", "is", "newer_than"))
        resource, name = _reference(values["object"])
        return checks.ObjectCheck(
            resource=resource,
            name=name,
            namespace=_namespace(values, resource),
            fields=_fields(values.get("fields")),
            condition=_condition(values.get("is")),
            newer_than=values["newer_than"].text() if "newer_than" in values else "",
        )
    if form == "absent":
        values = node.mapping(required=("absent",), optional=("namespace",))
        resource, name = _reference(values["absent"])
        return checks.AbsentCheck(resource, name, _namespace(values, resource))
    if form == "objects":
        values = node.mapping(required=("objects", "count"), optional=("namespace", "selector", "having", "each", "is"))
        resource = values["objects"].text()
        return checks.ObjectsCheck(
            resource=resource,
            count=_expected(values["count"]),
            namespace=_namespace(values, resource),
            selector=values["selector"].text() if "selector" in values else "",
            having=_fields(values.get("having")),
            each=_fields(values.get("each")),
            condition=_condition(values.get("is")),
        )
    if form == "during":
        return _during(node)
    raise node.error(f"a check starts with one of: {', '.join(FORMS)}")


def _during(node: Node) -> checks.Check:
    values = node.mapping(required=("during", "selector"), optional=("namespace", "most", "fewest_ready"))
    resource, name = _reference(values["during"])
    if "most" not in values and "fewest_ready" not in values:
        raise node.error("asks for nothing: it needs most, fewest_ready or both")
    try:
        selector = labels.parse(values["selector"].text())
    except labels.LabelSelectorError as error:
        raise values["selector"].error(str(error)) from None
    return DuringCheck(
        resource,
        name,
        selector,
        _namespace(values, resource),
        most=_expected(values["most"]) if "most" in values else None,
        fewest_ready=_expected(values["fewest_ready"]) if "fewest_ready" in values else None,
    )


def _reference(node: Node) -> tuple[str, str]:
    resource, _, name = node.text().partition("/")
    if not name:
        raise node.error("must be RESOURCE/NAME, for example deployments.apps/nginx-deployment")
    return resource, name


def _namespace(values: dict[str, Node], resource: str) -> str:
    if "namespace" in values:
        return values["namespace"].text()
    return "" if resource in checks.CLUSTER_SCOPED else "default"


def _condition(node: Node | None) -> str:
    if node is None:
        return ""
    name = node.text()
    if name not in CONDITIONS:
        raise node.error(f"there is no condition {name!r} (there are: {', '.join(CONDITIONS)})")
    return name


def _fields(node: Node | None) -> dict[str, checks.Expected]:
    if node is None:
        return {}
    found = {}
    for path, value in node.mapping().items():
        try:
            fieldpath.parse(path)
        except ValueError as error:
            raise value.error(str(error)) from None
        found[path] = _expected(value)
    return found


def _expected(node: Node) -> checks.Expected:
    value = node.value()
    if not isinstance(value, dict):
        return checks.Expected("is", value)
    if len(value) != 1 or next(iter(value)) not in checks.OPERATORS:
        raise node.error(f"must be a value or a mapping with one of: {', '.join(checks.OPERATORS)}")
    operator, operand = next(iter(value.items()))
    if operator in ("at_least", "at_most") and not isinstance(operand, int):
        raise node.error(f"{operator} takes a number")
    if operator == "one_of" and not isinstance(operand, list):
        raise node.error("one_of takes a list")
    return checks.Expected(operator, operand)
