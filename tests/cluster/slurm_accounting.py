"""Accounting for the tests' Slurm cluster: slurmdbd on a MariaDB that nobody else can reach."""

from __future__ import annotations

from pathlib import Path

PACKAGES = ("slurmdbd", "mariadb-server-core")
PROGRAMS = ("slurmdbd", "mariadbd")

CONFIG = """\
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
DbdHost=localhost
DbdPort={port}
SlurmUser={user}
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser={user}
StorageLoc=accounting
PidFile={folder}/run/slurmdbd.pid
LogFile={folder}/log/slurmdbd.log
CommitDelay=1
"""
CLUSTER_CONFIG = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={port}
AccountingStoragePass={folder}/run/munge.socket
"""


def socket_of(folder: Path) -> Path:
    """Return the socket of a cluster's database, which its environment names as MYSQL_UNIX_PORT."""
    return folder / "run/mariadb.socket"


def database_command(folder: Path, user: str) -> list[str]:
    """Return the command of an empty database: no user tables, no network, no durability."""
    data = folder / "database"
    data.mkdir(exist_ok=True)
    words = ["mariadbd", "--no-defaults", f"--user={user}", f"--datadir={data}", f"--socket={socket_of(folder)}"]
    words += [f"--pid-file={folder}/run/mariadb.pid", "--skip-networking", "--skip-grant-tables"]
    return [*words, "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0"]


def write_config(folder: Path, port: int, user: str) -> None:
    """Write slurmdbd's configuration, which it reads only if nobody else can."""
    file = folder / "slurmdbd.conf"
    file.write_text(CONFIG.format(folder=folder, port=port, user=user))
    file.chmod(0o600)
