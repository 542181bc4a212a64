"""The metrics exporter, scraped over a real socket."""

import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.errors import ConfigError
from deploy.run_server import RunServer
from learner.probes.reading import TaskReading
from tests.support.metrics_page import free_port
from tests.support.status_builders import run_status, shard_status, table_stats, task_status
from training.fleet import Node

HOST = "127.0.0.1"
NODES = [
    *[
        Node(f"on-{count}", "h", {"task:chain": count, "task:other": count, "replay": 1})
        for count in (1, 2, 4)
    ],
    Node("leaving", "h", {"task:other": 50}, "draining"),
    Node("old", "h", {"task:other": 50}, "refused", "0.0.1"),
    Node("older", "h", {}, "refused", "0.0.0"),
]
LABELS = {"task", "shard", "role", "reason", "op"}


@pytest.fixture(name="port")
def _port() -> int:
    return free_port()


def scrape(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return dict(samples(text))


def samples(text: str) -> Iterator[tuple[tuple[str, tuple[tuple[str, str], ...]], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


def test_before_the_first_status_the_page_is_empty(port: int):
    """A scraper finds the target up and no numbers."""
    with RunServer(HOST, port):
        assert scrape(port) == {}


def test_a_scrape_shows_the_newest_status(port: int):
    """Counters, gauges, phases and drops have the values of the status, task by task."""
    with RunServer(HOST, port) as exporter:
        exporter(run_status(learner_step=1))
        shards = [
            shard_status(0),
            shard_status(1, up=False, restarts=0, memory_bytes=2**30, dropped_updates=15),
        ]
        tasks = task_status("chain"), task_status("identity", env_steps=5)
        exporter(run_status(*tasks, shards=shards, nodes=NODES, node_deaths=9, waiting_for=["identity"]))
        found = scrape(port)
    chain = (("task", "chain"),)
    first, second = (("shard", "0"),), (("shard", "1"),)
    expected = {
        ("trunkline_learner_updates_total", ()): 640,
        ("trunkline_learner_phase_seconds_total", (("op", "update"),)): 6.0,
        ("trunkline_learner_phase_seconds_total", (("op", "waiting"),)): 1.0,
        ("trunkline_learner_gradient_norm", ()): 0.875,
        ("trunkline_weights_version", ()): 32,
        ("trunkline_checkpoints_total", ()): 4,
        ("trunkline_replay_saves_skipped_total", ()): 14,
        ("trunkline_evaluations_total", ()): 6,
        ("trunkline_plain_sums_total", ()): 9,
        ("trunkline_blocks_refused_total", ()): 2,
        ("trunkline_env_steps_total", chain): 1100,
        ("trunkline_env_steps_total", (("task", "identity"),)): 5,
        ("trunkline_episodes_total", chain): 7,
        ("trunkline_inserts_total", chain): 100,
        ("trunkline_evictions_total", chain): 10,
        ("trunkline_samples_total", chain): 288,
        ("trunkline_inserts_throttled_total", chain): 3,
        ("trunkline_stale_priority_updates_total", chain): 5,
        ("trunkline_invalid_priority_updates_total", chain): 6,
        ("trunkline_transitions_lost_total", chain): 11,
        ("trunkline_actor_restarts_total", chain): 1,
        ("trunkline_episode_return", chain): 1.5,
        ("trunkline_episode_length_steps", chain): 24.5,
        ("trunkline_greedy_return", chain): 0.75,
        ("trunkline_replay_transitions", chain): 90,
        ("trunkline_replay_capacity_transitions", chain): 120,
        ("trunkline_samples_per_insert_ratio", chain): 4.0,
        ("trunkline_weights_staleness_versions", chain): 2.5,
        ("trunkline_task_weight", chain): 1.75,
        ("trunkline_loss", chain): 0.125,
        ("trunkline_gradient_share", chain): 0.625,
        ("trunkline_gradient_cosine", chain): -0.25,
        ("trunkline_gradient_conflict_share", chain): 0.75,
        ("trunkline_lesion_share", chain): 0.375,
        ("trunkline_dormant_share", ()): 0.0625,
        ("trunkline_effective_rank", ()): 17.0,
        ("trunkline_samples_per_insert_target", chain): 8.0,
        ("trunkline_acting_staleness_versions", chain): 2,
        ("trunkline_actors", chain): 3,
        ("trunkline_actors_wanted", chain): 5,
        ("trunkline_actors_quarantined", chain): 2,
        ("trunkline_actor_slots", chain): 4,
        ("trunkline_learner_waiting_for", chain): 0,
        ("trunkline_learner_waiting_for", (("task", "identity"),)): 1,
        ("trunkline_last_update_timestamp_seconds", ()): 1.75e9,
        ("trunkline_last_checkpoint_timestamp_seconds", ()): 1.5e9,
        ("trunkline_last_checkpoint_updates", ()): 600,
        ("trunkline_checkpoint_period_updates", ()): 200,
        ("trunkline_run_disk_free_bytes", ()): 10**9,
        ("trunkline_run_disk_bytes", ()): 10**10,
        ("trunkline_nodes", ()): 3,
        ("trunkline_nodes_draining", ()): 1,
        ("trunkline_nodes_refused", ()): 2,
        ("trunkline_foreign_slots", ()): 7,
        ("trunkline_node_deaths_total", ()): 9,
        ("trunkline_transitions_dropped_total", (("reason", "duplicate"), ("task", "chain"))): 8,
        ("trunkline_transitions_dropped_total", (("reason", "superseded"), ("task", "chain"))): 0,
        ("trunkline_shard_up", first): 1,
        ("trunkline_shard_up", second): 0,
        ("trunkline_replay_memory_bytes", first): 4096,
        ("trunkline_replay_memory_bytes", second): 2**30,
        ("trunkline_shard_restarts_total", first): 1,
        ("trunkline_shard_restarts_total", second): 0,
        ("trunkline_priority_updates_dropped_total", first): 13,
        ("trunkline_priority_updates_dropped_total", second): 15,
    }
    assert {key: found.get(key) for key in expected} == expected
    chain_only = {key for key in found if ("task", "identity") not in key[1] and key[1][:1] != (("op", "x"),)}
    untold = {name for name, _ in chain_only} - {name for name, _ in expected}
    assert untold == set()


def test_what_is_not_known_is_left_out(port: int):
    """There is no sample for a gauge without a value, rather than a zero that means nothing."""
    unknown = task_status(
        samples_per_insert=None,
        greedy_return=None,
        loss=None,
        staleness=None,
        probes=TaskReading(),
        table=table_stats(recent_return=None, recent_length=None),
        samples_per_insert_target=None,
        acting_staleness=None,
    )
    with RunServer(HOST, port) as exporter:
        status = run_status(
            unknown,
            dormant_share=None,
            effective_rank=None,
            last_update_time=None,
            gradient_norm=None,
            disk=None,
        )
        exporter(status)
        names = {name for name, _ in scrape(port)}
    for gone in (
        "samples_per_insert_ratio",
        "greedy_return",
        "loss",
        "weights_staleness_versions",
        "gradient_share",
        "gradient_cosine",
        "gradient_conflict_share",
        "lesion_share",
        "dormant_share",
        "effective_rank",
        "episode_return",
        "episode_length_steps",
        "samples_per_insert_target",
        "acting_staleness_versions",
        "learner_gradient_norm",
        "last_update_timestamp_seconds",
        "run_disk_free_bytes",
        "run_disk_bytes",
    ):
        assert f"trunkline_{gone}" not in names
    assert "trunkline_actors" in names


def test_names_and_labels_keep_the_rules(port: int):
    """Every metric has the prefix, and no label beyond those that the design allows."""
    with RunServer(HOST, port) as exporter:
        exporter(run_status())
        for name, labels in scrape(port):
            assert name.startswith("trunkline_")
            assert {label for label, _ in labels} <= LABELS


def test_a_port_in_use_is_a_sentence(port: int):
    """It names port, host and reason, and says what to do."""
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        with pytest.raises(ConfigError) as caught:
            RunServer(HOST, port)
    assert str(caught.value) == (
        f"metrics.port: this machine cannot listen on {HOST}:{port} (Address already in use); "
        "give a free port, or 0 for no metrics"
    )


@pytest.mark.parametrize(
    ("host", "shown"),
    [("192.0.2.1", "192.0.2.1"), ("no such host", "no such host"), ("2001:db8::1", "[2001:db8::1]")],
)
def test_a_host_that_is_not_this_machines_is_a_sentence(port: int, host: str, shown: str):
    """An address of somebody else cannot be listened on: another port would not help."""
    with pytest.raises(ConfigError) as caught:
        RunServer(host, port)
    said = str(caught.value)
    assert said.startswith(f"metrics.host: this machine cannot listen on {shown}:{port} (")
    assert said.endswith("); give an address of this machine, such as 127.0.0.1")


def test_leaving_frees_the_port_and_ends_the_thread(port: int):
    """The next run can listen there at once."""
    threads = threading.active_count()
    for _ in range(2):
        with RunServer(HOST, port) as exporter:
            exporter(run_status())
            assert scrape(port)
    assert threading.active_count() == threads
