"""Machines: what is read from the lines that describe one, and how two differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.domain.machine import GPUS_MAX, TEXT_MAX, Machine, differences, parse

TEXT = """\
kernel Linux 6.1.0-18-amd64 x86_64
system "Debian GNU/Linux 12 (bookworm)"
cpu AMD EPYC 7543 32-Core Processor
cpus 0-31,64-95
memory MemTotal:       264123456 kB
driver NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023
gpu Model: \t\t NVIDIA A100-SXM4-80GB
gpu Model: \t\t NVIDIA A100-SXM4-80GB
"""
A100 = Machine(
    system="Debian GNU/Linux 12 (bookworm)",
    kernel="Linux 6.1.0-18-amd64 x86_64",
    cpu="AMD EPYC 7543 32-Core Processor",
    cpus=64,
    memory_gib=252,
    gpus=("NVIDIA A100-SXM4-80GB",) * 2,
    driver="535.104.05",
)


def test_a_machine_is_read_from_what_its_kernel_says() -> None:
    assert parse(TEXT) == A100
    assert A100.described == (
        "Debian GNU/Linux 12 (bookworm), 64 x AMD EPYC 7543 32-Core Processor, 252 GiB, 2 x NVIDIA A100-SXM4-80GB"
    )


def test_machines_of_one_kind_are_the_same_whatever_the_kernel_keeps_of_their_memory() -> None:
    assert parse(TEXT.replace("264123456", "264119900")) == A100


@pytest.mark.parametrize(
    "text",
    ["", "\n \n", "cpus all", "cpus 0-", f"cpus 0-{'9' * 40}", "kernel \x1b[2J", f"cpu {'x' * 500}", "memory none"],
)
def test_what_makes_no_sense_is_left_out(text: str) -> None:
    assert parse(text) == Machine()
    assert Machine().described == ""


def test_what_a_program_has_written_in_its_place_is_bounded() -> None:
    assert len(parse("gpu Model: x\n" * 10_000).gpus) == GPUS_MAX
    assert parse("\n" * TEXT_MAX + TEXT) == Machine()


def test_each_part_can_differ() -> None:
    other = replace(A100, cpus=32, memory_gib=0, gpus=(), driver="")
    assert differences(A100, A100) == []
    assert differences(A100, other) == [
        "CPUs 32, was 64",
        "memory unknown, was 252 GiB",
        "GPUs unknown, was NVIDIA A100-SXM4-80GB, NVIDIA A100-SXM4-80GB",
        "GPU driver unknown, was 535.104.05",
    ]
