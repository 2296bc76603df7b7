"""A pool whose jobs see no file of the submit side: other users, another file system domain, private folders.

The daemons are root in a user namespace in which the user of the tests is nobody, who submits, and in which jobs are
those of a third user. So nothing is changed on this machine, and what jobs are to read has to be transferred.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.cluster.htcondor_pool import CONFIG, Pool, PoolUnavailable
from tests.support.users import opened

# Ids of the namespace, all of which every Debian has, and where they are among those of the machine.
DAEMON, SLOT_USER, NOBODY = 1, "games", 65534
FIRST_ID, IDS = 1_200_000_000, 1000
_APART = """\
CONDOR_IDS = {daemon}.{daemon}
USE_PROCD = True
UID_DOMAIN = elsewhere
FILESYSTEM_DOMAIN = other.domain
SCHEDD.FILESYSTEM_DOMAIN = submit.side
SUBMIT.FILESYSTEM_DOMAIN = submit.side
STARTER_ALLOW_RUNAS_OWNER = False
SLOT1_USER = {slot_user}
{slot_users}
"""
# Enters a new user namespace, says so, and becomes root in it as soon as the parent has written its ids.
_ENTER = """\
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
    sys.exit("this machine has no user namespaces: " + os.strerror(ctypes.get_errno()))
os.write(int(sys.argv[1]), b"ready")
os.close(int(sys.argv[1]))
sys.stdin.read()
os.setgroups([])
os.setresgid(0, 0, 0)
os.setresuid(0, 0, 0)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class ApartPool(Pool):
    """A pool whose execute side shares no file with the submit side; only root can start one."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make HTCondor's tools and bindings use this pool, and look at files as root."""
        return {**super().environment, "_CONDOR_CONDOR_IDS": "0.0"}

    def _started(self) -> subprocess.Popen[bytes]:
        if os.getuid() != 0:
            raise PoolUnavailable("only root can start a pool whose jobs are another user's")
        users = "".join(f"SLOT1_{number}_USER = {SLOT_USER}\n" for number in range(1, 65))
        text = CONFIG.format(programs=self.programs, folder=self.folder)
        self.config.write_text(text + _APART.format(daemon=DAEMON, slot_user=SLOT_USER, slot_users=users))
        for name in ("log", "spool", "execute", "lock", "run", "tokens"):
            os.chown(self.folder / name, FIRST_ID + DAEMON, FIRST_ID + DAEMON)
        (self.folder / "execute").chmod(0o711)
        ready, entered = os.pipe()
        command = [sys.executable, "-c", _ENTER, str(entered), *self._master_command]
        if mounts := opened((Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), self.programs)):
            command = ["unshare", "--mount", "sh", "-c", f"{mounts} && exec {shlex.join(command)}"]
        master = self._master_of(command, stdin=subprocess.PIPE, pass_fds=(entered,))
        os.close(entered)
        if os.read(ready, 5):
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{master.pid}/{name}").write_text(f"0 {FIRST_ID} {IDS}\n{NOBODY} 0 1\n")
        os.close(ready)
        assert master.stdin is not None
        master.stdin.close()
        return master
