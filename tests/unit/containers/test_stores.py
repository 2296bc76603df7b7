"""Images in the store of podman or docker, with a stub of the program that notes its arguments."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qanat.containers import registry
from qanat.domain.container import Image, Inside, Kind
from qanat.errors import NotFound, RunnerUnavailable

ID = "sha256:" + "1" * 64
DIGEST = "sha256:" + "2" * 64
# Knows the images that there are files of, and what archives and recipes become.
DOCKER = """\
#!/bin/sh
cd "${0%/*}"
printf '%s\\n' "$*" >>calls
for last; do :; done
case "$1 $2" in
"image inspect")
    name=$(printf %s "$last" | tr '/:@' '___')
    [ -e "images/$name" ] || { echo "[]"; echo "Error response from daemon: No such image: $last" >&2; exit 1; }
    cat "images/$name" ;;
"load --input") echo "Loaded image: someone/else:1" ;;
"tag someone/else:1"|"build --tag")
    [ ! -e broken ] || { echo "step 1" >&2; echo "no space left" >&2; exit 1; }
    cp made "images/$(printf %s "$3" | tr '/:@' '___')" ;;
esac
"""


class Store:
    """A stub of docker, and what it knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "images").mkdir()
        (folder / "docker").write_text(DOCKER)
        (folder / "docker").chmod(0o755)
        (folder / "made").write_text(described(ID))

    def has(self, name: str, text: str) -> None:
        """Let it have an image."""
        (self.folder / "images" / name.translate(str.maketrans("/:@", "___"))).write_text(text)

    @property
    def calls(self) -> list[str]:
        """The arguments of each call but those of `image inspect`."""
        calls = (self.folder / "calls").read_text().splitlines()
        return [call for call in calls if not call.startswith("image inspect")]


def described(identifier: str, *digests: str, architecture: str = "amd64") -> str:
    """Return what docker says of an image."""
    return json.dumps([{"Id": identifier, "Architecture": architecture, "RepoDigests": list(digests)}])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a stub of docker that is on the PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Store(tmp_path)


def find(image: Image, identity: str = "", *, make: bool = True) -> tuple[str, str, str]:
    """Return what docker finds."""
    found = registry.engine("docker").find(image, identity, make=make)
    return found.reference, found.identity, found.machine


def test_an_image_of_a_registry_is_run_by_its_digest_and_any_other_by_its_id(store: Store) -> None:
    store.has("python:3.12", described(ID, f"python@{DIGEST}"))
    assert find(Image(Kind.NAME, "docker://python:3.12")) == (f"python@{DIGEST}", DIGEST, "x86_64")
    store.has("own", described(ID.removeprefix("sha256:"), f"localhost/own@{DIGEST}", architecture="arm64"))
    assert find(Image(Kind.NAME, "own")) == (ID, ID, "aarch64")


def test_the_image_of_an_earlier_run_is_found_after_its_name_has_moved(store: Store) -> None:
    new = "sha256:" + "3" * 64
    store.has("host:5000/python:3.12", described(new))
    assert find(Image(Kind.NAME, "host:5000/python:3.12"), DIGEST)[1] == new
    store.has(f"host:5000/python@{DIGEST}", described(ID, f"host:5000/python@{DIGEST}"))
    assert find(Image(Kind.NAME, "host:5000/python:3.12"), DIGEST)[1] == DIGEST
    store.has(ID, described(ID))
    assert find(Image(Kind.NAME, "host:5000/python:3.12"), ID)[1] == ID


def test_an_image_that_is_missing_is_not_downloaded(store: Store) -> None:
    with pytest.raises(NotFound, match="docker has no image 'python'") as caught:
        find(Image(Kind.NAME, "python"))
    assert caught.value.hint == "get it with: docker pull python"
    with pytest.raises(NotFound) as caught:
        find(Image(Kind.NAME, "python; touch $(pwd)/x"))
    assert caught.value.hint == "get it with: docker pull 'python; touch $(pwd)/x'"
    with pytest.raises(NotFound) as caught:
        find(Image(Kind.NAME, "localhost/own"))
    assert caught.value.hint == "images that it has: docker images"


def test_an_archive_is_loaded_once_under_a_name_by_its_content(store: Store, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.touch()
    image = Image(Kind.ARCHIVE, "a.tar", archive, "4" * 64)
    name = "localhost/qanat:" + "4" * 32
    assert find(image, make=False) == (name, f"sha256:{'4' * 64}", "")
    assert find(image) == find(image) == (ID, f"sha256:{'4' * 64}", "x86_64")
    assert store.calls == [f"load --input {archive}", f"tag someone/else:1 {name}"]


def test_a_recipe_is_built_once_from_its_folder_or_from_nothing(store: Store, tmp_path: Path) -> None:
    recipe = tmp_path / "Dockerfile"
    recipe.touch()
    image = Image(Kind.RECIPE, "Dockerfile", recipe, "5" * 64, context=tmp_path)
    assert find(image) == find(image) == (ID, ID, "x86_64")
    assert store.calls == [f"build --tag localhost/qanat:{'5' * 32} --file {recipe} {tmp_path}"]
    find(Image(Kind.RECIPE, "Dockerfile", recipe, "6" * 64))
    assert "qanat-build-" in store.calls[1]
    store.has(DIGEST, described(DIGEST))
    assert find(Image(Kind.RECIPE, "Dockerfile", recipe, "7" * 64), DIGEST)[1] == DIGEST
    assert len(store.calls) == 2


def test_the_last_line_of_a_build_that_failed_is_shown(store: Store, tmp_path: Path) -> None:
    recipe = tmp_path / "Dockerfile"
    recipe.touch()
    (tmp_path / "broken").touch()
    for context in (None, tmp_path):
        with pytest.raises(RunnerUnavailable, match="docker build failed: no space left") as caught:
            find(Image(Kind.RECIPE, "Dockerfile", recipe, "5" * 64, context))
        build = f"docker build --tag localhost/qanat:{'5' * 32} --file {recipe} {context or '.'}"
        assert caught.value.hint == f"to see its whole output: {build}"
    recipe.unlink()
    with pytest.raises(NotFound, match="image Dockerfile does not exist"):
        find(Image(Kind.RECIPE, "Dockerfile", recipe, "5" * 64))


def test_a_daemon_that_does_not_run_is_no_missing_image(store: Store) -> None:
    (store.folder / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    with pytest.raises(
        RunnerUnavailable, match="docker cannot look for images: Cannot connect to the Docker daemon"
    ) as caught:
        find(Image(Kind.NAME, "python"))
    assert caught.value.hint == "start the daemon, or use another engine: --engine podman"
    (store.folder / "docker").write_text("#!/bin/sh\necho 'Error: no more memory' >&2\nexit 1\n")
    with pytest.raises(RunnerUnavailable, match="docker cannot look for images: no more memory") as caught:
        find(Image(Kind.NAME, "python"))
    assert caught.value.hint == "to see whether it works: docker info"


def test_an_archive_that_is_no_image_is_to_be_imported(store: Store, tmp_path: Path) -> None:
    said = "Error: payload does not match any of the formats:\\n * oci: not a directory"
    (store.folder / "docker").write_text(
        DOCKER.replace('echo "Loaded image: someone/else:1"', f"printf '{said}' >&2; exit 125")
    )
    (tmp_path / "a b.tar").touch()
    with pytest.raises(RunnerUnavailable, match=r"docker load failed: payload does not match .* formats\Z") as caught:
        find(Image(Kind.ARCHIVE, "a b.tar", tmp_path / "a b.tar", "4" * 64))
    assert f"docker import '{tmp_path}/a b.tar' localhost/NAME, and then --container" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (
            126,
            "Error: runc: error setting rlimit type 7: operation not permitted",
            "(for root /etc/containers/containers.conf), below [containers]: default_ulimits = [",
        ),
        (125, "Error: opening a cgroup: read-only file system", 'cgroup_manager = "cgroupfs"'),
        (125, "docker: Error response from daemon: kernel does not support overlay fs.\nSee --help.", 'driver = "vfs"'),
    ],
)
def test_an_engine_that_can_start_nothing_has_a_way_out(store: Store, status: int, said: str, hint: str) -> None:
    (store.folder / "docker").write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {status}\n")
    why = said.partition("\n")[0].partition(": ")[2].removeprefix("Error response from daemon: ")
    with pytest.raises(RunnerUnavailable, match=f"docker cannot start containers here: {why}") as caught:
        registry.engine("docker").problem(Inside("tiny", "/"))
    assert hint in caught.value.hint


def test_a_container_is_tried_with_a_program_that_does_not_exist(store: Store) -> None:
    engine = registry.engine("docker")
    for status, problem in {0: "", 127: "", 125: "unknown flag: --x"}.items():
        script = f"#!/bin/sh\nprintf '%s ' \"$@\" >\"${{0%/*}}/calls\"\necho 'unknown flag: --x' >&2\nexit {status}\n"
        (store.folder / "docker").write_text(script)
        assert engine.problem(Inside("tiny", "/", options=["--x"])) == problem
    assert (store.folder / "calls").read_text().endswith("--workdir / --x tiny /qanat-probe ")


def test_an_archive_of_which_nothing_is_loaded_is_refused(store: Store, tmp_path: Path) -> None:
    (store.folder / "docker").write_text(DOCKER.replace("Loaded image", "Done"))
    (tmp_path / "a.tar").touch()
    with pytest.raises(RunnerUnavailable, match="docker does not say which image it loaded from"):
        find(Image(Kind.ARCHIVE, "a.tar", tmp_path / "a.tar", "4" * 64))
