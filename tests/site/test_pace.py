from cluster_engine.clock import SECOND_US
from playground.sandboxes.pace import Pace


def test_virtual_time_runs_speed_times_as_fast_as_real_time():
    pace = Pace(1000, 50.0, speed=2.0)
    assert pace.target_us(50.0) == 1000
    assert pace.target_us(53.0) == 1000 + 6 * SECOND_US


def test_time_stands_still_while_paused_and_goes_on_from_there():
    pace = Pace(0, 0.0)
    pace.change(2.0, 1.0, paused=True)
    assert pace.target_us(100.0) == 2 * SECOND_US
    assert pace.due_seconds(3 * SECOND_US) is None
    pace.change(100.0, 1.0, paused=False)
    assert pace.target_us(101.0) == 3 * SECOND_US


def test_a_change_of_speed_does_not_jump():
    pace = Pace(0, 0.0)
    pace.change(10.0, 5.0, paused=False)
    assert pace.target_us(10.0) == 10 * SECOND_US
    assert pace.target_us(11.0) == 15 * SECOND_US


def test_a_timer_is_due_when_the_pace_gets_there():
    pace = Pace(0, 100.0, speed=4.0)
    assert pace.due_seconds(8 * SECOND_US) == 102.0
    assert pace.target_us(102.0) == 8 * SECOND_US


def test_a_cluster_that_cannot_keep_up_is_not_chased():
    pace = Pace(0, 0.0)
    assert not pace.lags(0.5, 0)
    assert pace.lags(0.6, 0)
    pace.rebase(0.6, 0)
    assert pace.target_us(0.6) == 0


async def test_while_time_stands_still_components_wait_and_one_step_at_a_time_goes_on(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await site.pass_time(5)
    await browser.say(type="pace", speed=1, paused=True)
    await browser.run("kubectl create deployment web --image=nginx --replicas=2")
    await site.pass_time(5)
    kinds = lambda: sorted({item["kind"] for item in browser.items.values()} & {"Deployment", "ReplicaSet", "Pod"})  # noqa: E731
    assert kinds() == ["Deployment"]
    assert await browser.run("kubectl get rs") == "No resources found in default namespace.\n"
    seen = [kinds()]
    for _ in range(60):
        await browser.say(type="step")
        if kinds() != seen[-1]:
            seen.append(kinds())
        if {pod["state"] for pod in browser.pods().values()} == {"ready"}:
            break
    assert seen == [["Deployment"], ["Deployment", "ReplicaSet"], ["Deployment", "Pod", "ReplicaSet"]]
    assert len(browser.pods()) == 2
    assert browser.last("clock")["paused"] is True


async def test_a_step_stops_time_that_runs(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="step")
    assert browser.last("clock")["paused"] is True
