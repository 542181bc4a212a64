"""The GPU: driver, torch and Docker agree on whether there is one."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch

from deploy.doctor.finding import Finding, Verdict

NAME = "gpu"
DRIVER = Path("/proc/driver/nvidia/version")
DOCKER_SECONDS = 8.0


@dataclass(frozen=True)
class GpuFacts:
    """What this machine says about GPUs.

    Attributes:
        driver: whether NVIDIA's driver is loaded.
        cuda_build: CUDA version that torch is built for; None for a build without.
        devices: that torch can use.
        docker_runtimes: that Docker knows; None where there is no Docker.
    """

    driver: bool
    cuda_build: str | None
    devices: int
    docker_runtimes: frozenset[str] | None


def read_gpu_facts() -> GpuFacts:
    """Ask driver, torch and Docker."""
    return GpuFacts(
        driver=DRIVER.exists() or shutil.which("nvidia-smi") is not None,
        cuda_build=torch.version.cuda,
        devices=torch.cuda.device_count() if torch.cuda.is_available() else 0,
        docker_runtimes=docker_runtimes(),
    )


def docker_runtimes() -> frozenset[str] | None:
    """Return the container runtimes that Docker knows; None if it is not there or does not answer."""
    command = ["docker", "info", "--format", "{{json .Runtimes}}"]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, timeout=DOCKER_SECONDS)
        return frozenset(json.loads(answer.stdout) or ())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def gpu_findings(device: str, facts: GpuFacts) -> list[Finding]:
    """Judge `learner.device` by the facts."""
    findings = [_device_finding(device, facts)]
    wants_gpu = device == "cuda" or (device == "auto" and facts.driver)
    if wants_gpu and facts.docker_runtimes is not None and "nvidia" not in facts.docker_runtimes:
        what = "Docker has no NVIDIA runtime, so containers see no GPU, even with compose.gpu.yaml"
        todo = (
            "install NVIDIA's Container Toolkit and run `nvidia-ctk runtime configure`, or run without Docker"
        )
        findings.append(Finding("gpu in docker", "warning", what, todo))
    return findings


def _device_finding(device: str, facts: GpuFacts) -> Finding:
    if device == "cpu":
        return Finding(NAME, "ok", "learner.device is cpu")
    if facts.devices > 0:
        return Finding(NAME, "ok", f"{facts.devices} for the learner, with torch for CUDA {facts.cuda_build}")
    if device == "auto" and not facts.driver:
        return Finding(NAME, "ok", "this machine has none; the learner uses the CPU")
    verdict: Verdict = "problem" if device == "cuda" else "warning"
    what, todo = _why_none(facts)
    return Finding(
        NAME, verdict, f"learner.device is {device}, but {what}", f"{todo}, or set learner.device=cpu"
    )


def _why_none(facts: GpuFacts) -> tuple[str, str]:
    if not facts.driver:
        return "this machine has no NVIDIA driver", "run on a machine with a GPU"
    if facts.cuda_build is None:
        return "the installed torch is a build without CUDA", "install a CUDA build of torch"
    return (
        f"torch for CUDA {facts.cuda_build} finds no device",
        "look at `nvidia-smi`, and check that the container gets the GPU and that the driver is new enough",
    )
