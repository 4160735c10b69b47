import orjson
import pytest

from playground.console.messages import BadMessage, parse
from playground.sandboxes.limits import MAX_FRAME_BYTES, LimitError


def test_a_message_is_taken_with_its_fields_and_no_others():
    frame = '{"type": "command", "terminal": "1", "line": "kubectl get pods", "sudo": true}'
    assert parse(frame) == {"type": "command", "terminal": "1", "line": "kubectl get pods"}


def test_hello_may_come_without_a_revision():
    assert parse('{"type": "hello"}') == {"type": "hello", "revision": None}
    assert parse('{"type": "hello", "revision": null}') == {"type": "hello", "revision": None}
    assert parse('{"type": "hello", "revision": 7}') == {"type": "hello", "revision": 7}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("", "that is not JSON"),
        ("{", "that is not JSON"),
        ("NaN", "that is not JSON"),
        ("[]", "a message is one JSON object"),
        ("null", "a message is one JSON object"),
        ('"hello"', "a message is one JSON object"),
        ("{}", "unknown message type (none)"),
        ('{"type": null}', "unknown message type (none)"),
        ('{"type": ["hello"]}', "unknown message type (none)"),
        ('{"type": "drop_table"}', "unknown message type 'drop_table'"),
        ('{"type": "hello", "revision": "7"}', "hello: revision must be a whole number or null"),
        ('{"type": "hello", "revision": true}', "hello: revision must be a whole number or null"),
        ('{"type": "hello", "revision": 1.5}', "hello: revision must be a whole number or null"),
        ('{"type": "command", "terminal": "1"}', "command: line must be text"),
        ('{"type": "command", "terminal": 1, "line": "ls"}', "command: terminal must be text"),
        ('{"type": "command", "terminal": "1", "line": {"a": 1}}', "command: line must be text"),
        ('{"type": "pace", "speed": "fast", "paused": false}', "pace: speed must be a whole number or a number"),
        ('{"type": "pace", "speed": true, "paused": false}', "pace: speed must be a whole number or a number"),
        ('{"type": "pace", "speed": 1, "paused": 0}', "pace: paused must be true or false"),
        (b"\x00\x01", "a message is a text frame with one JSON object"),
        (None, "a message is a text frame with one JSON object"),
    ],
)
def test_what_is_no_message_is_refused_in_words(frame, words):
    with pytest.raises(BadMessage) as refused:
        parse(frame)
    assert str(refused.value) == words


def test_json_that_is_nested_too_deep_is_refused_and_not_followed():
    with pytest.raises(BadMessage):
        parse("[" * 100_000)


def test_a_frame_that_is_too_large_is_refused_with_how_much_it_may_be():
    frame = orjson.dumps({"type": "check", "id": 1, "text": "x" * (5 * 1024 * 1024)}).decode()
    with pytest.raises(LimitError) as refused:
        parse(frame)
    assert str(refused.value) == (
        "that is 5.0 MiB; at most 3.0 MiB can be sent at once. Nothing was changed. "
        "Split the text into smaller files and try again."
    )


def test_size_is_counted_in_bytes_and_not_in_characters():
    frame = orjson.dumps({"type": "check", "id": 1, "text": "界" * (MAX_FRAME_BYTES // 3)}).decode()
    with pytest.raises(LimitError):
        parse(frame)
