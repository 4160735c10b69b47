"""Columns, YAML, JSONPath and templates: what the real kubectl printed for the same values."""

import pytest

from cluster_engine.kubectl.printers import go_template, json_printer, jsonpath, yaml_printer
from cluster_engine.kubectl.printers.tabwriter import TableWriter, align

POD = {
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "x", "labels": {"q": "1", "a.b/c": "z"}},
    "spec": {
        "n": 3, "b": True, "e": [], "o": {}, "nul": None,
        "containers": [
            {"name": "a", "image": "i1", "ports": [{"p": 1}, {"p": 2}]},
            {"name": "b", "image": "i2"},
        ],
    },
}  # fmt: skip


def test_a_table_has_columns_three_spaces_apart_and_six_wide():
    assert TableWriter().render([["1/1", "Running", "0", "6s"]]) == "1/1   Running   0     6s\n"


def test_a_table_remembers_its_widths():
    writer = TableWriter()
    writer.render([["web-0", "Terminating", "1s"]])
    assert writer.render([["w", "Running", "2s"]]) == "w       Running       2s\n"


def test_a_column_ends_where_a_line_has_no_cell_there():
    assert align("a\tb\nno cells\nlong one\tc\n") == "a  b\nno cells\nlong one  c\n"


def test_wide_characters_take_two_cells():
    assert align("名\tb\nabc\tc\n") == "名   b\nabc  c\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", '"1"'), ("1.5", '"1.5"'), ("1e3", '"1e3"'), ("0x1F", '"0x1F"'), ("08", '"08"'), ("12:30", '"12:30"'),
        ("y", '"y"'), ("No", '"No"'), ("null", '"null"'), ("~", '"~"'), ("", '""'), ("2026-11-23T00:53:22Z", '"2026-11-23T00:53:22Z"'),
        ("25%", "25%"), ("10.0.0.1", "10.0.0.1"), ("5Gi", "5Gi"), ("a:b", "a:b"), ("?x", "?x"), ("https://x.y/z#q", "https://x.y/z#q"),
        ("a: b", "'a: b'"), ("- a", "'- a'"), ("*x", "'*x'"), ("it's", "it's"), ("a #b", "'a #b'"), (" lead", "' lead'"),
        ("a:", "'a:'"), ("{x", "'{x'"), ("a\tb", '"a\\tb"'), ("é", "é"), ("😀", '"\\U0001F600"'),
    ],
)  # fmt: skip
def test_a_string_is_quoted_as_kubectl_quotes_it(value, text):
    assert yaml_printer.dump({"a": value}) == f"a: {text}\n"


def test_yaml_sorts_keys_keeps_lists_flush_and_prints_texts_literally():
    value = {"b": [{"z": 1, "a": "l1\nl2\n"}, "x", []], "a": {}, "c": {"d": None, "e": True}}
    assert yaml_printer.dump(value) == (
        "a: {}\nb:\n- a: |\n    l1\n    l2\n  z: 1\n- x\n- []\nc:\n  d: null\n  e: true\n"
    )


def test_yaml_folds_long_lines_at_spaces():
    message = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found."
    assert yaml_printer.dump({"s": {"message": message}}) == (
        "s:\n  message: '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are\n"
        "    available: 3 No preemption victims found.'\n"
    )


def test_json_is_escaped_as_go_escapes_it():
    assert json_printer.pretty({"b": "<a & b>", "a": 1}) == '{\n    "a": 1,\n    "b": "\\u003ca \\u0026 b\\u003e"\n}'


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.metadata.name}", "x"),
        ("{.spec.containers[*].name}", "a b"),
        ("{.spec.containers[-1].name}", "b"),
        ("{.spec.containers[1:].name}", "b"),
        ("{.spec.containers[0,1].name}", "a b"),
        ("{.spec.containers[*]['name','image']}", "a b i1 i2"),
        ('{.spec.containers[?(@.name=="b")].image}', "i2"),
        ("{.spec.containers[?(@.ports)].name}", "a"),
        ("{.spec.containers[?(@.ports[0].p>0)].name}", "a"),
        ('{range .spec.containers[*]}{.name}{"\\t"}{.image}{"\\n"}{end}', "a\ti1\nb\ti2\n"),
        ("{range .spec.containers[*]}{.name}{range .ports[*]}{.p}{end}{end}", "a12b"),
        ("{.metadata.labels.a\\.b/c}", "z"),
        ("{.metadata.labels['a\\.b/c']}", "z"),
        ("{..name}", "x a b"),
        ("{.spec.n} {.spec.b} {.spec.nope}|", "3 true |"),
        ("{.spec.e}{.spec.o}{.spec.nul}", "[]{}null"),
        ("{.spec.containers[0].ports}", '[{"p":1},{"p":2}]'),
        ("name", "name"),
        ("{$.metadata.name}", "x"),
    ],
)
def test_a_jsonpath_prints_what_kubectl_prints(template, text):
    assert jsonpath.render(template, POD) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.spec", "error parsing jsonpath {.spec, unclosed action"),
        ("{!}", "error parsing jsonpath {!}, unrecognized character in action: U+0021 '!'"),
        ("{.spec.containers[a]}", "error parsing jsonpath {.spec.containers[a]}, invalid array index a"),
    ],
)
def test_a_wrong_jsonpath_is_refused_in_kubectls_words(template, message):
    with pytest.raises(jsonpath.JsonPathError) as caught:
        jsonpath.render(template, POD)
    assert str(caught.value) == message


def test_an_index_that_is_not_there_shows_the_object():
    with pytest.raises(jsonpath.JsonPathError) as caught:
        jsonpath.render("{.items[0].x}", {"items": [], "n": 1})
    assert str(caught.value) == (
        'error executing jsonpath "{.items[0].x}": Error executing template: array index out of bounds: index 0, length 0. '
        "Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.items[0].x}\n"
        '\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{"items":[]interface {}{}, "n":1}\n\n\n'
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.metadata.name}} {{.spec.n}}", "x 3"),
        ("{{range $i, $c := .spec.containers}}{{$i}}{{$c.image}},{{end}}", "0i1,1i2,"),
        ("{{range .spec.containers}}{{.name}}{{else}}none{{end}}", "ab"),
        ("{{range .spec.e}}{{.}}{{else}}none{{end}}", "none"),
        ("{{if .spec.b}}yes{{else}}no{{end}}", "yes"),
        ('{{if eq .metadata.name "y"}}y{{else if gt .spec.n 2}}many{{else}}few{{end}}', "many"),
        ("{{with .metadata}}{{.name}}{{end}}", "x"),
        ("{{.spec.nope}}", "<no value>"),
        ('{{index .metadata.labels "a.b/c"}}', "z"),
        ('{{len .spec.containers}} {{printf "%s-%d" .metadata.name .spec.n}}', "2 x-3"),
        ("{{- .metadata.name -}}  !", "x!"),
        ("{{.spec.containers}}", "[map[image:i1 name:a ports:[map[p:1] map[p:2]]] map[image:i2 name:b]]"),
    ],
)
def test_a_go_template_prints_what_go_prints(template, text):
    assert go_template.execute(go_template.parse(template), POD) == text


@pytest.mark.parametrize("template", ["{{", "{{end}}", "{{if .a}}", "{{nope .a}}", '{{template "x"}}'])
def test_a_wrong_go_template_is_refused(template):
    with pytest.raises(go_template.TemplateError):
        go_template.execute(go_template.parse(template), POD)
