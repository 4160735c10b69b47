"""agnhost's mounttest, which Kubernetes' own tests of volumes run: it tells what a volume looks like, and ends."""

from __future__ import annotations

from tests.engine.containers.cluster import World

POD = """
apiVersion: v1
kind: Pod
metadata: {name: t, labels: {app: t}}
spec:
  restartPolicy: Never
  securityContext: {fsGroup: 1001}
  containers:
  - name: c
    image: k8s.gcr.io/e2e-test-images/agnhost:2.21
    args: [mounttest, --fs_type=/mem, --new_file_0666=/mem/f, --file_mode=/mem, --file_perm=/mem, --file_owner=/mem/f]
    volumeMounts: [{name: mem, mountPath: /mem}]
  - name: d
    image: k8s.gcr.io/e2e-test-images/agnhost:2.21
    command: [/agnhost-2, mounttest, --file_content=/info/labels, --file_mode=/info/labels, --file_owner=/absent]
    volumeMounts: [{name: info, mountPath: /info}]
  volumes:
  - {name: mem, emptyDir: {medium: Memory}}
  - name: info
    downwardAPI: {items: [{path: labels, mode: 0400, fieldRef: {fieldPath: metadata.labels}}]}
"""


def test_a_volume_is_described_and_the_container_ends():
    world = World()
    world.apply(POD)
    world.run(5)
    assert world.ok("logs t -c c") == (
        'mount type of "/mem": tmpfs\n'
        'content of file "/mem/f": mount-tester new file\n\n'
        'mode of file "/mem": dgrwxrwxrwx\n'
        'perms of file "/mem": -rwxrwxrwx\n'
        'owner UID of "/mem/f": 0\nowner GID of "/mem/f": 1001\n'
    )
    assert world.ok("logs t -c d") == (
        'mode of file "/info/labels": -r--r-----\n'
        'error from Stat("/absent"): stat /absent: no such file or directory\n'
        'content of file "/info/labels": app="t"\n'
    )
    codes = "{.status.containerStatuses[*].state.terminated.exitCode}"
    assert world.ok(f"get pod t -o jsonpath='{codes}'") == "0 1"
