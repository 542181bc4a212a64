"""The scale model: queues beside the laws that they must obey, shards for so many actors, users' mistakes."""

import importlib
import json
import random
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy.events import ProcessGenerator

from benchmarks.scale.checking import compare
from benchmarks.scale.costs import Costs, Setting, Shape
from benchmarks.scale.measuring_replay import answer_bytes
from benchmarks.scale.plant import Plant, Server
from benchmarks.scale.simulation import simulate
from benchmarks.scale.sizing import COMFORT, highest_ratio, plans, with_shards
from benchmarks.scale.stations import (
    ACTING,
    BOARD,
    CORES,
    FETCHING,
    LEARNER_IN,
    LEARNER_OUT,
    SHARD_IN,
    SHARDS,
    UPDATE,
    bottleneck,
    stations,
)
from benchmarks.scale_model import arguments_of, read_costs, with_parts_elsewhere
from config.errors import ConfigError
from replay.messages import Sampled, TableProgress

COSTS = Costs(
    shape=Shape(block_items=512, batch_size=256, batches_per_request=4, requests=2, publish_period=50),
    step=2e-4,
    step_cpu=1e-4,
    insert=1e-3,
    sample_call=1e-3,
    sample_item=5e-7,
    fetch_call=5e-4,
    fetch_item=1e-7,
    take_draw=1e-3,
    take_call=2e-4,
    take_item=1e-7,
    merge_item=1e-7,
    update=2e-3,
    publish=7e-4,
    pull=4e-4,
    load=4e-4,
    reading=5e-4,
    reading_life=1e-7,
    look=1e-6,
    block_bytes=17_000.0,
    item_bytes=65.0,
    weights_bytes=140_000.0,
    background=0.03,
)
"""About what CartPole costs on a small machine."""

EXTREMES = {
    ACTING: (COSTS, Setting(4, 1, 1.0)),
    UPDATE: (COSTS, Setting(20, 1, 16.0)),
    SHARDS: (replace(COSTS, insert=0.02), Setting(40, 2, 0.05)),
    FETCHING: (replace(COSTS, fetch_item=2e-5), Setting(20, 1, 8.0)),
    BOARD: (replace(COSTS, pull=0.05), Setting(64, 4, 0.2)),
    LEARNER_IN: (replace(COSTS, item_bytes=60_000.0), Setting(20, 2, 8.0, network_bits=1e9)),
    LEARNER_OUT: (
        replace(COSTS, weights_bytes=4e7),
        Setting(64, 4, 0.5, network_bits=1e9, actors_per_node=1),
    ),
    SHARD_IN: (replace(COSTS, block_bytes=2e6), Setting(40, 1, 0.5, network_bits=1e9)),
    CORES: (COSTS, Setting(8, 1, 1.0, cores=2)),
}
"""For each station costs and a setting in which it has the least capacity by far."""

SOFT = (BOARD, LEARNER_OUT)
"""Stations of the weights: who waits there passes versions over, so more goes through than bounded."""


@pytest.mark.parametrize("name", sorted(EXTREMES))
def test_throughput_is_that_of_the_station_with_the_least_capacity(name: str):
    """The bottleneck law, with each station in turn, within a few per cent."""
    costs, setting = EXTREMES[name]
    first = bottleneck(stations(costs, setting))
    assert first.name == name
    simulated = simulate(costs, setting)
    assert simulated.utilisation[name] > 0.93
    if name in SOFT:
        assert simulated.steps_per_second > 0.94 * first.capacity
    else:
        assert simulated.steps_per_second == pytest.approx(first.capacity, rel=0.06)


@settings(max_examples=10, deadline=None)
@given(
    actors=st.integers(1, 40),
    shards=st.integers(1, 6),
    ratio=st.floats(0.1, 30.0),
    update=st.floats(2e-4, 1e-2),
    insert=st.floats(1e-4, 1e-2),
    cores=st.sampled_from([None, 1, 2, 8]),
    spread=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_no_run_beats_its_bound_and_every_station_is_as_busy_as_the_utilisation_law_says(
    actors: int, shards: int, ratio: float, update: float, insert: float, cores: int | None, spread: float
):
    """Whatever the costs: X <= min 1 / D, and U = X D of all that works for each step."""
    costs = replace(COSTS, update=update, insert=insert)
    setting = Setting(actors, min(shards, actors), ratio, cores)
    found = stations(costs, setting)
    simulated = simulate(costs, setting, spread)
    hard = [station for station in found if station.name not in SOFT]
    assert simulated.steps_per_second <= 1.06 * bottleneck(hard).capacity
    for station in found:
        if station.name in (SHARDS, UPDATE, FETCHING) and simulated.resent == 0:
            expected = station.utilisation(simulated.steps_per_second)
            assert simulated.utilisation[station.name] == pytest.approx(expected, rel=0.1, abs=0.02)


def test_samples_and_inserts_keep_their_ratio():
    """Updates a second are env steps a second times the ratio over the batch, whoever sets the pace."""
    for setting in (Setting(20, 1, 16.0), Setting(4, 1, 1.0)):
        simulated = simulate(COSTS, setting)
        drawn = simulated.updates_per_second * COSTS.shape.batch_size
        assert drawn / simulated.steps_per_second == pytest.approx(setting.samples_per_insert, rel=0.05)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("utilisation", [0.3, 0.7])
def test_a_server_lets_wait_as_long_as_in_an_m_g_1_queue(utilisation: float, spread: float):
    """Random arrivals at one server, M/D/1 where spread is 0 and M/M/1 where it is 1, wait as Pollaczek and
    Khinchine say: W = rho D (1 + c^2) / (2 (1 - rho)), with service times D of which c is the spread.
    """
    plant = Plant(COSTS, Setting(1, 1, 1.0), spread, seed=1)
    arrivals, service, waited = random.Random(2), 1e-3, []

    def customer() -> ProcessGenerator:
        seconds, arrived = plant.around(service), plant.env.now
        yield from plant.serve(plant.board, seconds)
        waited.append(plant.env.now - arrived - seconds)

    def source() -> ProcessGenerator:
        while True:
            plant.env.process(customer())
            yield plant.env.timeout(arrivals.expovariate(utilisation / service))

    plant.env.process(source())
    plant.env.run(until=60.0)
    expected = utilisation * service * (1 + spread**2) / (2 * (1 - utilisation))
    assert sum(waited) / len(waited) == pytest.approx(expected, rel=0.1)
    assert plant.busy[BOARD] == pytest.approx(60.0 * utilisation, rel=0.03)


def test_a_server_serves_in_turn_and_threads_share_cores():
    """One server: one after another. Two threads on one core: each gets half of it."""
    plant, ended = Plant(COSTS, Setting(1, 1, 1.0, cores=1), spread=0.0, seed=0), []

    def work(server: Server, seconds: float) -> ProcessGenerator:
        yield from plant.serve(server, seconds)
        ended.append(plant.env.now)

    for server, seconds in ((plant.board, 1.0), (plant.board, 1.0), (plant.learner, 2.0)):
        plant.env.process(work(server, seconds))
    plant.env.run(until=10.0)
    assert ended == pytest.approx([2.0, 4.0, 4.0], abs=0.01)
    assert plant.busy == pytest.approx({BOARD: 2.0, UPDATE: 2.0, CORES: 4.0})


def test_shards_hold_what_actors_have_under_way():
    """Beyond 512 blocks a shard sends them back: too few shards for the actors do work for nothing."""
    setting = Setting(1000, 1, 16.0)
    assert simulate(COSTS, setting).resent > 1
    enough = with_shards(COSTS, setting)
    assert enough.shards == 4
    assert simulate(COSTS, enough).resent == 0


def test_shards_are_added_until_they_have_room():
    """The fewest with which no shard is busier than it may be; one fewer is too few."""
    costs = replace(COSTS, insert=5e-3)
    setting = with_shards(costs, Setting(100, 1, 0.05))

    def utilisation(shards: int) -> float:
        found = {station.name: station for station in stations(costs, replace(setting, shards=shards))}
        return found[SHARDS].utilisation(bottleneck(list(found.values())).capacity)

    assert 1 < setting.shards < 100
    assert utilisation(setting.shards) <= COMFORT < utilisation(setting.shards - 1)


def test_the_highest_ratio_keeps_every_actor_at_work_and_no_higher_one_does():
    """Below it acting is the bottleneck, above it something else; where none is low enough it says so."""
    setting = Setting(100, 1, 16.0)
    ratio = highest_ratio(COSTS, setting)
    assert ratio is not None
    for factor, acting in ((0.98, True), (1.05, False)):
        tried = with_shards(COSTS, replace(setting, samples_per_insert=factor * ratio))
        assert (bottleneck(stations(COSTS, tried)).name == ACTING) == acting
    assert highest_ratio(replace(COSTS, insert=10.0), setting) is None


def test_the_plan_of_many_actors_names_the_learner_and_a_ratio_that_helps():
    """Two rows for each number: as asked for, and so that all actors are at work."""
    asked, lowered = plans(COSTS, Setting(1, 1, 16.0), [100])
    assert (asked.bottleneck, lowered.bottleneck) == (UPDATE, ACTING)
    assert asked.served < 0.1 * asked.demanded
    assert lowered.served == pytest.approx(lowered.demanded, rel=0.08)
    assert lowered.setting.samples_per_insert < asked.setting.samples_per_insert


def test_a_check_tells_the_model_what_others_took():
    """On cores of which somebody else has half, half is predicted; the ratio is measured over predicted."""
    setting = Setting(8, 1, 1.0, cores=2)
    alone = compare(COSTS, setting, others=0.0, measured_steps=9_000.0, measured_updates=30.0)
    beside = compare(COSTS, setting, others=1.0, measured_steps=4_500.0, measured_updates=15.0)
    assert alone.bottleneck == beside.bottleneck == CORES
    assert beside.predicted_steps == pytest.approx(alone.predicted_steps / 2, rel=0.1)
    assert alone.ratio == pytest.approx(9_000 / alone.predicted_steps)


def test_costs_come_back_from_what_was_printed_and_parts_elsewhere_replace_them(tmp_path: Path):
    """A learner of so many updates a second, an environment of so many microseconds."""
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"costs": asdict(COSTS), "rows": []}))
    costs = with_parts_elsewhere(read_costs(path), updates_per_second=1000.0, step_microseconds=500.0)
    assert costs == replace(COSTS, update=1e-3, step=5e-4)


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"costs": {"step": 1}}'])
def test_a_file_without_costs_is_a_sentence(tmp_path: Path, text: str):
    """It names the option and the file."""
    path = tmp_path / "costs.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"--costs: .*costs\.json.* is not a file that --json printed"):
        read_costs(path)


def test_the_bytes_of_an_answer_are_those_of_its_columns_too():
    """Two transitions: 8 bytes each of key and of probability, and 100 of frames."""
    answer = Sampled(
        columns={"windows": np.zeros((2, 100), np.uint8)},
        probabilities=np.ones(2),
        keys=np.zeros(2, np.int64),
        progress=TableProgress(2, 2, 2.0),
    )
    assert answer_bytes(answer) == 2 * (8 + 8 + 100)


def test_without_simpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    """It is in an extra."""
    monkeypatch.setitem(sys.modules, "simpy", None)
    monkeypatch.delitem(sys.modules, "benchmarks.scale_model")
    with pytest.raises(SystemExit, match=r"SimPy.*pip install"):
        importlib.import_module("benchmarks.scale_model")


@pytest.mark.parametrize("words", [["--updates-per-second", "0"], ["--actors", "0"], ["--rounds", "0"]])
def test_numbers_that_make_no_sense_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]):
    """In a sentence that names the option."""
    with pytest.raises(SystemExit):
        arguments_of(words)
    assert words[0] in capsys.readouterr().err
