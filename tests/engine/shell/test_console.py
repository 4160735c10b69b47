"""The terminal on a text console, and transcripts by the command line."""

import io
import subprocess
import sys

import yaml

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.shell import __main__ as program
from cluster_engine.shell.console import Console, Script, home
from cluster_engine.shell.files import MemoryFiles


def talk(text, **options):
    out, err = io.StringIO(), io.StringIO()
    cluster = Cluster(ClusterConfig(nodes=1, registry="any", start_seconds=1.0, stop_seconds=1.0))
    cluster.run_for(2)
    console = Console(cluster, options.pop("files", MemoryFiles()), look="current", speed=1000.0, out=out, err=err)
    code = console.talk(Script(io.StringIO(text)))
    return out.getvalue(), err.getvalue(), code


def test_lines_from_a_pipe_are_run_in_order_and_the_last_code_is_the_program_s():
    assert talk("echo a\nkubectl get cm x\n") == (
        "a\n",
        'Error from server (NotFound): configmaps "x" not found\n',
        1,
    )


def test_a_line_goes_on_until_its_command_is_whole():
    assert talk("for i in 1 2\ndo echo $i\ndone\ncat <<EOF\nhere\nEOF\n")[0] == "1\n2\nhere\n"


def test_a_command_reads_what_is_typed_after_it():
    assert talk("read x\nvalue\necho got $x\n")[0] == "got value\n"


def test_waiting_follows_the_clock():
    assert talk("sleep 60\necho awake\n")[0] == "awake\n"


def test_a_home_directory_is_copied_and_not_written_back(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("there")
    out, _, _ = talk("cat sub/a.txt; echo changed > sub/a.txt; cat sub/a.txt\n", files=home(tmp_path))
    assert (out, (tmp_path / "sub" / "a.txt").read_text()) == ("therechanged\n", "there")


def test_a_transcript_has_the_steps_of_the_recording_and_what_they_printed(tmp_path):
    recording = {
        "scenario": "small",
        "files": {"a": "text\n"},
        "steps": [
            {"run": "cat a", "stdout": "other", "exit": 0},
            {"settle": True},
            {"start": "kubectl get cm -w -o name", "name": "w"},
            {"run": "kubectl create cm x --from-literal=a=b", "stdout": "", "exit": 0},
            {"stop": "w", "output": ""},
            {"run": "kubectl get cm y", "stdout": "", "exit": 0},
        ],
    }
    (tmp_path / "in.yaml").write_text(yaml.safe_dump(recording))
    assert program.main(["--transcript", str(tmp_path / "in.yaml"), str(tmp_path / "out.yaml")]) == 0
    written = yaml.safe_load((tmp_path / "out.yaml").read_text())
    steps = [{key: value for key, value in step.items() if key != "took"} for step in written["steps"]]
    assert steps == [
        {"run": "cat a", "stdout": "text", "exit": 0},
        {"settle": True},
        {"start": "kubectl get cm -w -o name", "name": "w"},
        {"run": "kubectl create cm x --from-literal=a=b", "stdout": "configmap/x created", "exit": 0},
        {"stop": "w", "output": "configmap/kube-root-ca.crt\nconfigmap/x\n"},
        {
            "run": "kubectl get cm y",
            "stdout": "",
            "stderr": 'Error from server (NotFound): configmaps "y" not found',
            "exit": 1,
        },
    ]


def test_the_program_runs_by_itself():
    done = subprocess.run(
        [sys.executable, "-m", "cluster_engine.shell", "--registry", "any"],
        input="kubectl get ns default --no-headers | cut -c 1-7\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("default\n", "", 0)
