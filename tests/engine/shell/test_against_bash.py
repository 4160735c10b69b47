"""Lines that a real bash ran in an empty directory: the terminal's shell prints the same and ends the same."""

from pathlib import Path

import pytest
import yaml

from cluster_engine.cluster import Cluster, ClusterConfig
from tests.engine.support import Terminal

RECORDED = yaml.safe_load((Path(__file__).parent / "data" / "bash.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cluster():
    return Cluster(ClusterConfig(nodes=1))


@pytest.mark.parametrize("recorded", RECORDED, ids=[one["line"][:60] for one in RECORDED])
def test_a_line_prints_what_bash_printed(cluster, recorded):
    result = Terminal(cluster=cluster).run(recorded["line"])
    assert (result.stdout, result.code) == (recorded["stdout"], recorded["exit"])
