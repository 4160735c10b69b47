"""What is written can be read again, exactly; and what may not be written is not."""

import random

import pytest
from django.db import IntegrityError

from cluster_engine.clock import Clock
from cluster_engine.etcd.store import Store, StoreSnapshot
from cluster_engine.trace import Cause, Step, Trace
from playground.accounts.models import User
from playground.sandboxes import journal, recovery
from playground.sandboxes.journal import Batch, LeaseLostError, Output, TypedCommand
from playground.sandboxes.models import Command, File, Revision, Sandbox, Snapshot, StepRow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(db):
    return Sandbox.objects.create(owner=User.objects.create_user("learner"), title="t", seed=1)


def batch_of(sandbox, **fields):
    return Batch(sandbox.pk, sandbox.epoch, **fields)


def same(left: StoreSnapshot, right: StoreSnapshot) -> bool:
    return left.revision == right.revision and [tuple(i) for i in left.items] == [tuple(i) for i in right.items]


def scribble(store: Store, rng: random.Random, writes: int) -> None:
    """Random writes and deletions over a few keys."""
    for _ in range(writes):
        key = f"/registry/pods/default/p{rng.randrange(8)}"
        if store.get(key) is not None and rng.random() < 0.3:
            store.delete(key)
        else:
            store.put(key, {"kind": "Pod", "n": rng.random(), "text": '界\n"', "nested": {"list": [1, None, True]}})


@pytest.mark.parametrize("seed", range(5))
def test_a_store_is_read_back_as_it_was_written(sandbox, seed):
    rng = random.Random(seed)
    clock = Clock()
    store = Store(clock, Trace(clock))
    commits = []
    store.on_commit(commits.append)
    for _ in range(4):
        scribble(store, rng, rng.randrange(1, 60))
        journal.write([batch_of(sandbox, commits=list(commits), revision=store.revision, time_us=clock.now_us)])
        commits.clear()
        assert same(journal.read_store(sandbox.pk), store.snapshot()), f"seed {seed}"
    sandbox.refresh_from_db()
    assert sandbox.revision == store.revision


def test_folding_bounds_the_rows_and_changes_nothing_of_what_is_read(sandbox, monkeypatch):
    monkeypatch.setattr(journal, "KEPT_REVISION_ROWS", 50)
    clock = Clock()
    store = Store(clock, Trace(clock))
    commits = []
    store.on_commit(commits.append)
    scribble(store, random.Random(1), 200)
    journal.write([batch_of(sandbox, commits=commits, revision=store.revision)])
    before = journal.read_store(sandbox.pk)
    for expected_snapshots in (1, 1):
        assert journal.fold(sandbox.pk, store.revision) == 50
        assert Snapshot.objects.count() == expected_snapshots
        assert same(journal.read_store(sandbox.pk), before)
    at_cut = Revision.objects.order_by("revision").first().revision - 1
    assert Snapshot.objects.get().revision == at_cut


def test_folding_forgets_old_steps_and_no_command(sandbox, monkeypatch):
    monkeypatch.setattr(journal, "KEPT_REVISION_ROWS", 10)
    clock = Clock()
    trace = Trace(clock)
    store = Store(clock, trace)
    commits = []
    store.on_commit(commits.append)
    for _ in range(30):
        trace.begin("test", "x", Cause("input", "1"))
        scribble(store, random.Random(3), 1)
        trace.end()
    command = TypedCommand(1, "1", "kubectl get pods", 0, None)
    journal.write([batch_of(sandbox, commits=commits, steps=list(trace.steps), commands=[command], revision=30)])
    journal.fold(sandbox.pk, 30)
    assert StepRow.objects.order_by("number").first().number == 20
    assert Command.objects.count() == 1


def test_commands_their_output_and_exit_codes_are_read_back(sandbox):
    journal.write(
        [
            batch_of(
                sandbox,
                commands=[TypedCommand(1, "1", "kubectl get pods", 5, sandbox.owner_id)],
                output=[Output(1, 0, "stdout", "NAME\n"), Output(1, 1, "stderr", "Warning: 界\n")],
            )
        ]
    )
    journal.write([batch_of(sandbox, output=[Output(1, 2, "stdout", "web-0\n")], exits=[(1, 3)])])
    (log,) = recovery.read_commands(sandbox.pk)
    assert (log.number, log.terminal, log.line, log.exit_code) == (1, "1", "kubectl get pods", 3)
    assert log.output == [["stdout", "NAME\n"], ["stderr", "Warning: 界\n"], ["stdout", "web-0\n"]]
    assert Command.objects.get().printed == "NAME\nWarning: 界\nweb-0\n"


def test_a_command_that_was_running_at_a_crash_is_closed_and_says_so(sandbox):
    journal.write(
        [
            batch_of(
                sandbox,
                commands=[TypedCommand(1, "1", "kubectl get pods -w", 5, None)],
                output=[Output(1, 0, "stdout", "NAME\n")],
            )
        ]
    )
    recovered = recovery.recover(sandbox.pk)
    (log,) = recovered.commands
    assert log.exit_code == 130
    assert log.output == [["stdout", "NAME\n"], ["stderr", "the playground was restarted while this command ran\n"]]
    assert recovered.next_command == 2


def test_steps_and_files_are_read_back(sandbox):
    key = "/registry/pods/default/a"
    step = Step(
        4, 9, "kube-scheduler", "default/a", Cause("revision", "3"), ["chose k8s-node02"], [(5, "MODIFIED", key)]
    )
    journal.write([batch_of(sandbox, steps=[step], files={"a.yaml": "1", "b.yaml": "2"})])
    journal.write([batch_of(sandbox, files={"a.yaml": None, "b.yaml": "3"})])
    recovered = recovery.recover(sandbox.pk)
    assert recovered.steps == [step]
    assert recovered.files == {"b.yaml": "3"}


def test_whoever_lost_the_sandbox_can_no_longer_write(sandbox):
    recovery.recover(sandbox.pk)
    stale = batch_of(sandbox, files={"a.yaml": "1"}, revision=99)
    with pytest.raises(LeaseLostError):
        journal.write([stale])
    assert not File.objects.exists()
    assert Sandbox.objects.get().revision == 0


def test_a_batch_is_written_whole_or_not_at_all(sandbox):
    clock = Clock()
    store = Store(clock, Trace(clock))
    commits = []
    store.on_commit(commits.append)
    store.put("/registry/pods/default/a", {"kind": "Pod"})
    journal.write([batch_of(sandbox, commits=commits, revision=1)])
    store.put("/registry/pods/default/b", {"kind": "Pod"})
    with pytest.raises(IntegrityError):
        journal.write([batch_of(sandbox, commits=commits, files={"a.yaml": "1"}, revision=2)])
    assert not File.objects.exists()
    assert Sandbox.objects.get().revision == 1


def test_the_database_is_a_file_with_wal(sandbox, settings):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
    assert connection.transaction_mode == "IMMEDIATE"
