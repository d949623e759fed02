"""The command: ``python3 build.py package``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tools.package.builder import Builder
from tools.package.extension import ROOT, stage
from tools.package.module import MAYA_LOCK, MAYA_TARGETS, package_module
from tools.package.neighbours import LOCKS, PLATFORM, build_neighbour
from tools.package.wheels import LOCK, build_own, fetch, rewrite_lock
from wf_core.errors import WorkfilesError

WORK = ROOT / ".wf" / "package"


def main(arguments: list[str]) -> int:
    """Build, validate and list the extension, and build the module; 0 when all is well."""
    parser = argparse.ArgumentParser(
        prog="build.py package",
        description="Make the Blender extension, a zip for each platform and index.json; and the "
        "Maya module, one zip for all.",
    )
    parser.add_argument("--blender-python", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist"
    )
    parser.add_argument(
        "--lock",
        action="store_true",
        help=f"write the hashes in {LOCK.name} and {MAYA_LOCK.name} anew",
    )
    parser.add_argument("--maya", action="store_true", help="the Maya module only")
    parser.add_argument(
        "--neighbours", action="store_true", help="also make the extensions the tests set beside it"
    )
    options = parser.parse_args(arguments)
    wheels = WORK / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    if options.lock:
        rewrite_lock(wheels)
        for lock in LOCKS.values():
            rewrite_lock(wheels, lock=lock, platforms=[PLATFORM])
        rewrite_lock(wheels, lock=MAYA_LOCK, targets=MAYA_TARGETS)
        return 0
    if options.maya:
        print(package_module(options.output, work=WORK, wheels=wheels))
        return 0
    if options.blender_python is None:
        parser.error("the Blender extension is made with --blender-python")
    builder = Builder(options.blender_python)
    for path in package(options.output, builder=builder, wheels=wheels):
        print(path)
    print(package_module(options.output, work=WORK, wheels=wheels))
    for name in LOCKS if options.neighbours else ():
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            made = build_neighbour(name, Path(scratch), builder=builder, wheels=wheels)
            print(shutil.copyfile(made, options.output / made.name))
    return 0


def package(output: Path, *, builder: Builder, wheels: Path) -> list[Path]:
    """Everything a studio hosts, in ``output``: the zips, then the index that lists them.

    Args:
        wheels: a folder that keeps what was downloaded.

    Raises:
        WorkfilesError: a step failed; ``output`` is as it was.
    """
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        built = Path(scratch) / "built"
        built.mkdir()
        own = build_own(Path(scratch))
        zips = builder.build(stage(Path(scratch) / "stage", [own, *fetch(wheels)]), built)
        for path in zips:
            builder.validate(path)
        made = [*zips, builder.index(built)]
        output.mkdir(parents=True, exist_ok=True)
        for old in output.glob("kitsu_workfiles-*.zip"):
            old.unlink()
        return [Path(shutil.copyfile(path, output / path.name)) for path in made]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkfilesError as exc:
        print(f"build.py package: {exc}", file=sys.stderr)
        if exc.hint:
            print(f"    {exc.hint}", file=sys.stderr)
        sys.exit(exc.exit_code)
