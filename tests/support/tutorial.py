"""What the tutorial of qanat 0.x has its readers write for HTCondor."""

from __future__ import annotations

import textwrap

TEMPLATE = """\
+WishedAcctGroup: group_usmb.listic
getenv: 'true'
request_cpus: 1
request_disk: 1GB
request_gpus: 0
request_memory: 1GB
universe: vanilla
"""
TWO_CPUS = TEMPLATE.replace("request_cpus: 1", "request_cpus: 2").replace("request_memory: 1GB", "request_memory: 2GB")
SETTINGS = f"""\
default_editor: vim
htcondor:
  default:
{textwrap.indent(TEMPLATE, "    ")}\
  two_cpus:
{textwrap.indent(TWO_CPUS, "    ")}\
logging: INFO
result_dir: results
slurm:
  default:
    --cpus-per-task: 1
    --ntasks: 1
    --time: 1-00:00:00
"""
