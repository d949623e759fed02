"""Environments are whole or made again, and nobody else's folder is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wf_core.errors import DiskFull, InputError
from wf_core.private_kitsu.environment import ZouEnvironment
from wf_core.private_kitsu.locks import exclusive, exclusive_or_none
from wf_core.private_kitsu.venvs import Python, bin_python, ensure_venv, find_python, tail

STAMP = "made-by-workfiles.json"


@pytest.fixture(scope="session")
def python() -> Python:
    found = find_python([(sys.version_info[0], sys.version_info[1])])
    assert found is not None
    return found


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Something pip can install without a network: a wheel of one empty module."""
    import zipfile

    wheel = tmp_path / "nothing-1.0-py3-none-any.whl"
    info = "nothing-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nothing.py", "")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


class Maker:
    """Calls ``ensure_venv`` and remembers what it said."""

    def __init__(self, folder: Path, python: Python, requirements: list[str]) -> None:
        self.folder, self.python, self.requirements = folder, python, requirements
        self.said: list[str] = []

    def __call__(self, *, depends_on: str = "", space: int = 0) -> Path:
        self.said.clear()
        return ensure_venv(
            self.folder,
            python=self.python,
            requirements=["--no-index", *self.requirements],
            depends_on=[depends_on],
            log=self.folder.with_name("pip.log"),
            progress=self.said.append,
            space=space,
        )


@pytest.mark.slow
def test_when_it_is_made_then_it_is_reused_updated_and_made_again(
    tmp_path: Path, python: Python, package: Path
) -> None:
    make = Maker(tmp_path / "env", python, [str(package)])

    interpreter = make()
    assert [line.split()[0] for line in make.said] == ["making", "env"]
    assert subprocess.run([interpreter, "-c", "import nothing"], check=False).returncode == 0

    make()
    assert make.said == []

    make(depends_on="more")
    assert make.said[0].startswith("updating")

    # What a kill during the installation leaves behind.
    (make.folder / STAMP).write_text(json.dumps({"python": "being made"}))
    (make.folder / "half-written").touch()
    make(depends_on="more")
    assert make.said[0].startswith("making")
    assert not (make.folder / "half-written").exists()


@pytest.mark.slow
def test_when_installing_fails_then_the_log_is_named_and_nothing_counts_as_made(
    tmp_path: Path, python: Python
) -> None:
    make = Maker(tmp_path / "env", python, ["does-not-exist-anywhere"])

    with pytest.raises(InputError) as failed:
        make()

    assert "does-not-exist-anywhere" in failed.value.message
    assert failed.value.hint == f"The whole log: {tmp_path / 'pip.log'}"
    assert json.loads((make.folder / STAMP).read_text()) == {"python": "being made"}


def test_when_the_folder_is_somebody_elses_then_it_is_left_alone(
    tmp_path: Path, python: Python
) -> None:
    make = Maker(tmp_path / "env", python, [])
    make.folder.mkdir()
    (make.folder / "thesis.txt").write_text("ten years")

    with pytest.raises(InputError, match="not made here"):
        make()

    assert (make.folder / "thesis.txt").read_text() == "ten years"


def test_when_there_is_no_room_then_nothing_is_started(tmp_path: Path, python: Python) -> None:
    make = Maker(tmp_path / "env", python, [])

    with pytest.raises(DiskFull):
        make(space=2**60)

    assert not make.folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="interpreters are scripts here")
def test_when_pyenv_and_the_system_have_a_version_then_that_of_the_system_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyenv, system = tmp_path / "pyenv", tmp_path / "system"
    theirs = pyenv / "versions" / "2.1.9" / "bin" / "python2.1"
    ours = system / "python2.1"
    for program in (theirs, ours):
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho 2.1\n", encoding="utf-8")
        program.chmod(0o755)
    shims = pyenv / "shims"
    shims.mkdir()
    (shims / "python2.1").symlink_to(theirs)
    monkeypatch.setenv("PYENV_ROOT", str(pyenv))
    monkeypatch.setenv("PATH", f"{shims}:{system}")

    found = find_python([(2, 1)])
    ours.unlink()
    then = find_python([(2, 1)])

    assert found == Python(ours, (2, 1))
    assert then == Python(shims / "python2.1", (2, 1))


def test_when_no_python_fits_then_none_is_found() -> None:
    assert find_python([(2, 1)]) is None


def test_when_an_environment_lacks_zou_then_it_is_refused(tmp_path: Path) -> None:
    bin_python(tmp_path).parent.mkdir(parents=True)
    bin_python(tmp_path).touch()

    with pytest.raises(InputError, match="not a virtual environment with Zou"):
        ZouEnvironment.at(tmp_path)


def test_when_a_log_ends_in_noise_then_the_tail_is_what_matters(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\n\nERROR: no such thing\nWARNING: noise\n[notice] a new pip\n")

    assert tail(log, 1) == "ERROR: no such thing"


def test_when_a_lock_is_held_then_nobody_else_gets_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with exclusive(lock), exclusive_or_none(lock) as held:
        assert not held
    with exclusive_or_none(lock) as held:
        assert held
