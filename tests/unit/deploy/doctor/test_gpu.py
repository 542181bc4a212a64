"""Driver, torch and Docker, agreeing or not."""

import pytest

from deploy.doctor.gpu import GpuFacts, docker_runtimes, gpu_findings, read_gpu_facts

NVIDIA = frozenset({"runc", "nvidia"})
PLAIN = frozenset({"runc"})


@pytest.mark.parametrize(
    ("device", "facts", "verdicts", "said"),
    [
        ("cpu", GpuFacts(True, None, 0, PLAIN), ["ok"], "learner.device is cpu"),
        ("auto", GpuFacts(False, None, 0, PLAIN), ["ok"], "this machine has none; the learner uses the CPU"),
        ("auto", GpuFacts(True, "13.0", 2, NVIDIA), ["ok"], "2 for the learner, with torch for CUDA 13.0"),
        ("auto", GpuFacts(True, None, 0, None), ["warning"], "the installed torch is a build without CUDA"),
        ("auto", GpuFacts(True, "13.0", 0, NVIDIA), ["warning"], "torch for CUDA 13.0 finds no device"),
        ("cuda", GpuFacts(True, "13.0", 1, NVIDIA), ["ok"], "1 for the learner"),
        ("cuda", GpuFacts(True, "13.0", 1, PLAIN), ["ok", "warning"], "1 for the learner"),
        ("cuda", GpuFacts(False, None, 0, None), ["problem"], "this machine has no NVIDIA driver"),
        ("cuda", GpuFacts(True, None, 0, NVIDIA), ["problem"], "the installed torch is a build without CUDA"),
        ("cuda", GpuFacts(True, "13.0", 0, PLAIN), ["problem", "warning"], "finds no device"),
    ],
)
def test_what_is_made_of_the_facts(device: str, facts: GpuFacts, verdicts: list[str], said: str):
    """Asked for and not to be had is a problem; there and not used is a warning."""
    found = gpu_findings(device, facts)
    assert [finding.verdict for finding in found] == verdicts
    assert said in found[0].what
    assert all(finding.todo for finding in found if finding.verdict != "ok")


def test_without_docker_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch):
    """No such command is no mistake."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert docker_runtimes() is None


def test_this_machines_facts_can_be_read():
    """Whatever they are: a GPU that torch cannot use is none for the learner."""
    facts = read_gpu_facts()
    first = gpu_findings("cuda", facts)[0]
    assert first.verdict == ("ok" if facts.devices else "problem")
