"""Looking at an environment: what is found, and that it is found again without starting anything."""

from __future__ import annotations

import hashlib
import os
import sys
import venv
from pathlib import Path

import pytest

from qanat.domain.environment import Environment, Interpreter, differences
from qanat.records import remembered
from qanat.system import programs
from qanat.usecases.environment import libraries
from qanat.usecases.environment.interpreter import NotStarted
from qanat.usecases.environment.look import look
from tests.support import elf
from tests.support.world import World
from tests.unit.usecases.environment.test_interpreter import program

EMPTY = f"sha256:{hashlib.sha256().hexdigest()}"


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set only a few variables, and believe stamps however young they are."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(remembered, "is_settled", lambda stamp, now_ns: True)


def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which programs are started from now on."""
    found: list[str] = []
    run = programs.run

    def noting(command: list[str], **options: object) -> programs.Finished:
        found.append(command[0])
        return run(command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(programs, "run", noting)
    return found


def test_a_python_is_started_only_if_it_has_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = started(monkeypatch)
    python = world.root / "python"
    python.symlink_to(sys.executable)
    first = look(world.project, ("./python", "train.py"), world.root)
    assert first.interpreter
    assert look(world.project, ("./python", "train.py"), world.root) == first
    assert names == [str(python)]
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    look(world.project, ("./python", "train.py"), world.root)
    assert names == [str(python)] * 2


def test_a_script_in_place_of_python_is_asked_again_where_another_version_is_chosen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = started(monkeypatch)
    program(world.root / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    look(world.project, ("./python", "train.py"), world.root)
    look(world.project, ("./python", "train.py"), world.root)
    world.write(".python-version", "3.12")
    look(world.project, ("./python", "train.py"), world.root)
    monkeypatch.setenv("PYENV_VERSION", "3.13")
    look(world.project, ("./python", "train.py"), world.root)
    assert len(names) == 3


def test_packages_are_looked_for_again_where_a_folder_has_changed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    command = (sys.executable, "train.py")
    assert "mine" not in look(world.project, command, world.root).distributions
    (tmp_path / "packages/mine-1.0.dist-info").mkdir(parents=True)
    assert look(world.project, command, world.root).distributions["mine"] == "1.0"
    (tmp_path / "packages/mine-1.0.dist-info").rename(tmp_path / "packages/mine-1.1.dist-info")
    assert look(world.project, command, world.root).distributions["mine"] == "1.1"


def test_locks_modules_and_variables_are_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADEDMODULES", "gcc/12.3:cuda/12.1")
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    world.write("uv.lock", "version = 1")
    (world.root / "poetry.lock").mkdir()
    assert look(world.project, ("sh", "train.sh"), world.root) == Environment(
        locks={"uv.lock": f"sha256:{hashlib.sha256(b'version = 1').hexdigest()}"},
        modules=("gcc/12.3", "cuda/12.1"),
        variables={"OMP_NUM_THREADS": "4"},
    )


def test_other_languages_say_their_version(world: World) -> None:
    for name, text, interpreter in (
        ("julia", "echo julia version 1.11.2", Interpreter("julia", "1.11.2")),
        ("Rscript", "echo 'Rscript (R) version 4.4.1 (2024-06-14)' >&2", Interpreter("r", "4.4.1")),
    ):
        program(world.root / name, f"#!/bin/sh\n{text}\n")
        assert look(world.project, (f"./{name}", "train"), world.root) == Environment(interpreter)
    program(world.root / "R2024b/matlab", "")
    assert look(world.project, ("./R2024b/matlab", "train"), world.root) == Environment(Interpreter("matlab", "R2024b"))


def test_a_script_with_packages_of_its_own_has_those_of_its_environment(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "cache/environments-v2/train-1"
    text = 'test "$1 $2 $4 $5" = "python find --script train.py" && cat ../python\n'
    program(tmp_path / "bin/uv", f"#!/bin/sh\n{text.replace('train.py', str(world.root / 'train.py'))}")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    world.write("train.py", "# /// script\n# ///\n")
    world.write("train.py.lock", "")
    command = ("uv", "run", "train.py")
    world.write("../python", sys.executable)
    assert look(world.project, command, world.root) == Environment(locks={"train.py.lock": EMPTY})
    venv.create(own, symlinks=True)
    (own / "lib/python{}.{}/site-packages/mine-1.0.dist-info".format(*sys.version_info)).mkdir()
    world.write("../python", f"{own}/bin/python\n")
    with pytest.raises(NotStarted):
        look(world.project, command, world.root, starts=False)
    found = look(world.project, command, world.root)
    assert found.interpreter
    assert found.interpreter.kind == "venv"
    assert found.distributions["mine"] == "1.0"
    names = started(monkeypatch)
    assert look(world.project, command, world.root) == found
    assert names == []
    world.write("train.py.lock", "2")
    look(world.project, command, world.root)
    assert names == [str(tmp_path / "bin/uv")]


def test_the_project_that_julia_is_given_has_a_lock_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    program(world.root / "julia", "#!/bin/sh\necho julia version 1.11.2\n")
    world.write("env/Manifest.toml", "")
    locks = {"env/Manifest.toml": EMPTY}
    assert look(world.project, ("./julia", "--project=env", "train.jl"), world.root).locks == locks
    assert look(world.project, ("./julia", "--project=@env", "train.jl"), world.root).locks == {}
    monkeypatch.setenv("JULIA_PROJECT", "env/")
    assert look(world.project, ("./julia", "train.jl"), world.root).locks == locks


def test_the_packages_of_r_are_those_of_its_libraries(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, base = tmp_path / "own", tmp_path / "base"
    for library, name, version in ((own, "dplyr", "1.1"), (base, "dplyr", "1.0"), (base, "MASS", "7.3-60")):
        (library / name).mkdir(parents=True)
        (library / name / "DESCRIPTION").write_text(f"Package: {name}\nTitle: x\nVersion: {version}\n")
    (base / "broken").mkdir()
    (base / "other").mkdir()
    (base / "other/DESCRIPTION").write_text("Package: another\nVersion: 1\n")
    answers = f'case $1 in --version) echo R version 4.4.1 ;; *) printf "%s\\n" "{own}" "{base}" note ;; esac'
    program(tmp_path / "bin/Rscript", f"#!/bin/sh\n{answers}\n")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    command = ("Rscript", "train.R")
    with pytest.raises(NotStarted):
        look(world.project, command, world.root, starts=False)
    found = look(world.project, command, world.root)
    assert found.interpreter == Interpreter("r", "4.4.1")
    assert found.distributions == {"MASS": "7.3-60", "dplyr": "1.1"}
    names = started(monkeypatch)
    (own / "tidyr").mkdir()
    (own / "tidyr/DESCRIPTION").write_text("Package: tidyr\nVersion: 2.0\n")
    assert look(world.project, command, world.root, starts=False).distributions["tidyr"] == "2.0"
    assert names == []
    world.write("renv.lock", "")
    assert look(world.project, command, world.root).distributions == {}
    world.write("renv.lock", "").unlink()
    program(tmp_path / "bin/Rscript", '#!/bin/sh\ntest "$1" = --version && echo R 4.4.2\n')
    assert look(world.project, command, world.root) == Environment(Interpreter("r", "4.4.2"))


def test_what_does_not_answer_is_asked_again(world: World, tmp_path: Path) -> None:
    program(world.root / "julia", "#!/bin/sh\ncat version\n")
    assert look(world.project, ("./julia", "train.jl"), world.root).executable
    world.write("version", "julia version 1.11.2\n")
    assert look(world.project, ("./julia", "train.jl"), world.root).interpreter == Interpreter("julia", "1.11.2")
    (tmp_path / "own/dplyr").mkdir(parents=True)
    (tmp_path / "own/dplyr/DESCRIPTION").write_text("Package: dplyr\nVersion: 1.1\n")
    program(world.root / "Rscript", '#!/bin/sh\ntest "$1" = --version && echo R 4.4.1 || cat libraries\n')
    command = ("./Rscript", "train.R")
    assert look(world.project, command, world.root) == Environment(Interpreter("r", "4.4.1"))
    world.write("libraries", f"{tmp_path}/own\n")
    assert look(world.project, command, world.root).distributions == {"dplyr": "1.1"}


def test_another_program_is_known_by_its_hash(world: World) -> None:
    for name in ("simulate", "perl"):  # the latter does not say a version
        program(world.root / name, "#!/bin/sh\nexit 1\n")
        digest = hashlib.sha256(b"#!/bin/sh\nexit 1\n").hexdigest()
        assert look(world.project, (f"./{name}", "input"), world.root) == Environment(executable=f"sha256:{digest}")


def test_the_libraries_that_come_with_a_program_are_known_by_their_hashes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("bin/simulate", "").write_bytes(
        elf.program((elf.NEEDED, "liba.so"), (elf.NEEDED, "libc.so.6"), (elf.RUNPATH, "$ORIGIN/../lib"))
    )
    (world.root / "bin/simulate").chmod(0o755)
    world.write("lib/liba.so", "").write_bytes(elf.program((elf.NEEDED, "libb.so"), (elf.NEEDED, "liba.so")))
    world.write("other/libb.so", "1")
    command = ("bin/simulate", "input")
    (own,) = look(world.project, command, world.root).libraries
    assert own == "liba.so"
    monkeypatch.setenv("LD_LIBRARY_PATH", "other:")
    found = look(world.project, command, world.root)
    assert list(found.libraries) == ["liba.so", "libb.so"]
    assert found.libraries["libb.so"] == f"sha256:{hashlib.sha256(b'1').hexdigest()}"
    world.write("other/libb.so", "22")
    changed = look(world.project, command, world.root)
    assert differences(found, changed)[0].startswith("libb.so sha256:785f3ec7eb, was sha256:6b86b273ff")


@pytest.mark.parametrize("needs", [((elf.NEEDED, "./lib/liba.so"),), ((elf.NEEDED, "liba.so"), (elf.RUNPATH, "lib"))])
def test_relative_paths_of_libraries_start_where_the_program_does(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: tuple[tuple[int, str], ...]
) -> None:
    world.write("simulate", "").write_bytes(elf.program(*needs))
    (world.root / "simulate").chmod(0o755)
    world.write("lib/liba.so", "1")
    monkeypatch.chdir(tmp_path)
    digest = f"sha256:{hashlib.sha256(b'1').hexdigest()}"
    assert look(world.project, ("./simulate", "input"), world.root).libraries == {"liba.so": digest}


def test_of_many_libraries_the_first_ones_are_hashed(world: World) -> None:
    names = [f"lib{number:03}.so" for number in range(libraries.LIBRARIES_MAX + 1)]
    needs = [(elf.NEEDED, name) for name in names]
    world.write("simulate", "").write_bytes(elf.program(*needs, (elf.RUNPATH, "$ORIGIN")))
    (world.root / "simulate").chmod(0o755)
    for name in names:
        world.write(name, "")
    assert list(look(world.project, ("./simulate", "input"), world.root).libraries) == names[:-1]


def test_libraries_are_looked_for_in_so_many_places_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [(elf.NEEDED, "liba.so"), (elf.NEEDED, "libb.so"), (elf.RUNPATH, "$ORIGIN/gone:$ORIGIN")]
    world.write("simulate", "").write_bytes(elf.program(*needs))
    (world.root / "simulate").chmod(0o755)
    for name in ("liba.so", "libb.so"):
        world.write(name, "")
    for most, found in {4: ["liba.so", "libb.so"], 3: ["liba.so"]}.items():
        monkeypatch.setattr(libraries, "PLACES_MAX", most)
        assert list(look(world.project, ("./simulate", "input"), world.root).libraries) == found
