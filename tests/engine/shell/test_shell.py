"""The shell: quoting, lists, pipes, redirections, small commands."""

import pytest

from cluster_engine.shell.parse import parse
from cluster_engine.shell.prompts import without_prompts
from cluster_engine.shell.syntax import ShellSyntaxError
from tests.engine.support import Terminal

MANIFEST = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: "1"\n'


@pytest.fixture(scope="module")
def shared():
    return Terminal()


@pytest.fixture
def terminal():
    return Terminal()


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("echo a  b", "a b\n"),
        ("echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n"),
        ("echo a'b'\"c\"d", "abcd\n"),
        ("echo \"it's\" 'say \"hi\"' \"\\\"\\$x\\n\"", 'it\'s say "hi" "$x\\n\n'),
        ("echo a # b", "a\n"),
        ("echo a#b", "a#b\n"),
        ("# nothing", ""),
        ("echo a; echo b\necho c", "a\nb\nc\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("false && echo yes || echo no", "no\n"),
        ("! false && echo yes", "yes\n"),
        ("false; echo $?", "1\n"),
        ("X=1; echo $X ${X}2 '$X' \"$X\" $NOPE.", "1 12 $X 1 .\n"),
        ("Y='a   b'; echo $Y \"$Y\"", "a b a   b\n"),
        ("echo ~/x $HOME", "/root/x /root\n"),
        ("echo \\\n a", "a\n"),
        ("echo b > f; echo a >> f; cat f; sort f; rm f", "b\na\na\nb\n"),
        ("echo out > /dev/null; echo ok", "ok\n"),
        ("nope 2>/dev/null || echo $?", "127\n"),
        ("nope 2>&1 | cat", "bash: nope: command not found\n"),
        ("nope &> f; cat f; rm f", "bash: nope: command not found\n"),
        ("cat <<EOF\na $HOME\nEOF\necho b", "a /root\nb\n"),
        ("cat <<'EOF'\na $HOME\nEOF", "a $HOME\n"),
        ("cat <<-EOF | wc -l\n\ta\n\tb\n\tEOF", "2\n"),
        ("cat <<< hi", "hi\n"),
        ("echo -n a; echo -e 'b\\tc'", "ab\tc\n"),
        ("echo 1 2 | wc -w; echo abc | cut -c 2-; echo a:b:c | cut -d : -f 2", "2\nbc\nb\n"),
        ("echo 'b\na\nb' | sort | uniq -c", "      1 a\n      2 b\n"),
        ("echo 'a\nb\nc\nd' | head -2; echo 'a\nb\nc' | tail -n 1", "a\nb\nc\n"),
        ("echo 'one\ntwo\nthree' | grep -n -A 1 tw", "2:two\n3-three\n"),
        ("echo 'one\ntwo' | grep -v one; echo one | grep -c O; echo one | grep -ic O", "two\n0\n1\n"),
        ("alias ll='ls -l'; alias g=grep; echo ab | g b", "ab\n"),
        ("touch a.yaml b.yaml c.txt; echo *.yaml *.md '*.txt'; rm *.yaml c.txt; ls", "a.yaml b.yaml *.md *.txt\n"),
        ("pwd; true | false | true; echo $?", "/root\n0\n"),
        ("clear", "\x1b[H\x1b[2J\x1b[3J"),
    ],
)  # fmt: skip
def test_a_line_does_what_bash_would_do(shared, line, stdout):
    result = shared.run(line)
    assert result.stdout == stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("foo", "bash: foo: command not found\n"),
        ("echo 'a", "bash: unexpected EOF while looking for matching `''\n"),
        ('echo "a', "bash: unexpected EOF while looking for matching `\"'\n"),
        ("| cat", "bash: syntax error near unexpected token `|'\n"),
        ("echo a | | cat", "bash: syntax error near unexpected token `|'\n"),
        ("echo a &&", "bash: syntax error: unexpected end of file\n"),
        ("echo a >", "bash: syntax error near unexpected token `newline'\n"),
        ("; echo", "bash: syntax error near unexpected token `;'\n"),
        ("cat < nope", "bash: nope: No such file or directory\n"),
        ("cat nope", "cat: nope: No such file or directory\n"),
        ("rm nope", "rm: cannot remove 'nope': No such file or directory\n"),
        ("ls nope", "ls: cannot access 'nope': No such file or directory\n"),
        ("echo a | grep", "Usage: grep [OPTION]... PATTERNS [FILE]...\n"),
        ("echo a | grep -E '(a+)+'", "grep: the pattern repeats a repetition, which could take for ever\n"),
        ("sleep x", "sleep: invalid time interval 'x'\n"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_told(shared, line, message):
    result = shared.run(line)
    assert (result.code != 0, result.stdout, result.stderr) == (True, "", message)


def test_a_pasted_here_document_goes_to_kubectl(terminal):
    assert terminal.ok(f"cat <<EOF | kubectl apply -f -\n{MANIFEST}EOF\n") == "configmap/x created\n"
    assert (
        terminal.ok("kubectl get cm x -o yaml > x.yaml; grep -c ^kind x.yaml; k delete -f x.yaml")
        == '1\nconfigmap "x" deleted\n'
    )


def test_a_reader_that_has_enough_ends_the_watch_that_feeds_it(terminal):
    terminal.ok("kubectl run a --image=nginx")
    result = terminal.run("kubectl get po -w | head -3")
    assert (result.code, len(result.stdout.splitlines())) == (0, 3)
    assert not terminal.session.busy


def test_a_watch_through_grep_is_shown_as_it_happens(terminal):
    number = terminal.type("kubectl get po -w --no-headers | grep Running")
    terminal.cluster.run_for(1)
    # The session is busy: another terminal makes the pod.
    other = Terminal(cluster=terminal.cluster)
    other.ok("kubectl run a --image=nginx")
    terminal.cluster.run_for(5)
    assert terminal.printed(number).split()[:3] == ["a", "1/1", "Running"]
    terminal.session.interrupt()
    terminal.cluster.run_for(0.1)
    assert terminal.codes[number] == 130


def test_sleep_passes_virtual_time(terminal):
    before_us = terminal.cluster.clock.now_us
    terminal.ok("sleep 1m 30")
    assert terminal.cluster.clock.now_us - before_us == 90_000_000


def test_the_history_is_numbered(terminal):
    terminal.ok("echo a")
    assert terminal.ok("history") == "    1  echo a\n    2  history\n"


def test_a_file_that_is_too_large_is_refused(terminal):
    terminal.files.write("big", "x" * 1024 * 1024)
    result = terminal.run("cat big big > more")
    assert (result.code, result.stderr) == (0, "bash: file too large: 2,097,152 bytes, at most 1,048,576 are kept\n")


KNOWN = {"kubectl", "k", "echo", "ls"}


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("[root@k8s-master01 2.2.7]# kubectl get po", "kubectl get po"),
        ("root@host:~# kubectl get po", "kubectl get po"),
        ("user@host:/tmp$ ls", "ls"),
        ("$ kubectl get po", "kubectl get po"),
        ("# kubectl get po", "kubectl get po"),
        ("# this is a comment", "# this is a comment"),
        ("echo $ x", "echo $ x"),
        ("$ echo a\n# echo b", "echo a\necho b"),
        (
            "$ kubectl apply -f - <<EOF\n# kubectl stays\nEOF\n$ ls",
            "kubectl apply -f - <<EOF\n# kubectl stays\nEOF\nls",
        ),
    ],
)
def test_a_pasted_prompt_is_left_out(pasted, line):
    assert without_prompts(pasted, KNOWN.__contains__) == line


def test_a_line_beyond_the_limit_is_not_read():
    with pytest.raises(ShellSyntaxError) as caught:
        parse("x" * 600_000)
    assert str(caught.value) == "the line is too long: 600,000 characters, at most 524,288 are read"
