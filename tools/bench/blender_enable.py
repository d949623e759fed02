"""Scenario: what enabling the extension costs every start of Blender."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tools.bench.bench import Bench
from tools.bench.measure import Sample, Spread, in_turns
from tools.bench.report import Limit, Section, timed

__all__ = ["measure_blender_enable"]

_START = """
import os, sys, time
result = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Blender prints too
import bpy, addon_utils
addon_utils.enable("bl_pkg")
"""
_INSTALL = (
    _START
    + """
assert bpy.ops.extensions.package_install_files(
    filepath=sys.argv[1], repo="user_default", enable_on_install=True) == {"FINISHED"}
result.write("0")
"""
)
_ENABLE = (
    _START
    + """
started = time.perf_counter()
assert addon_utils.enable(sys.argv[1], default_set=True, persistent=True, refresh_handled=True)
result.write(str(time.perf_counter() - started))
"""
)
_EMPTY = "def register():\n    pass\n\n\ndef unregister():\n    pass\n"
_TARGET = 30.0  # milliseconds


def measure_blender_enable(bench: Bench) -> Section:
    """Enabling in a fresh Blender, over an add-on that does nothing."""
    release, _, python = os.environ["WF_BARE_BLENDERS"].split(os.pathsep)[0].partition("=")
    (package,) = Path(os.environ["WF_EXTENSION"]).glob("kitsu_workfiles-*-linux_x64.zip")
    user = bench.folder / "user"
    empty = user / "scripts" / "addons" / "empty_addon.py"
    empty.parent.mkdir(parents=True)
    empty.write_text('bl_info = {"name": "Empty", "blender": (4, 2, 0)}\n' + _EMPTY)
    environment = {"BLENDER_USER_RESOURCES": str(user)}

    def program(text: str, argument: str) -> float:
        command = [python, "-I", "-c", text, argument]
        return float(bench.runner.run(command, environment=environment).answer)

    def enabling(module: str) -> Callable[[], Sample]:
        return lambda: Sample(program(_ENABLE, module))

    program(_INSTALL, str(package))
    contestants = {
        "kitsu_workfiles": enabling("bl_ext.user_default.kitsu_workfiles"),
        "an empty add-on": enabling("empty_addon"),
    }
    for contestant in contestants.values():
        contestant()  # compiles what was never compiled, fills the disk cache
    samples = in_turns(contestants, bench.plan.startup_rounds, say=bench.say, settle=lambda: None)
    over = [
        (ours.seconds - nothing.seconds) * 1000
        for ours, nothing in zip(*samples.values(), strict=True)
    ]
    return Section(
        title="Enabling the Blender extension",
        measured=timed(samples, unit="ms"),
        limits=[Limit("over an empty add-on", Spread.of(over), _TARGET, "ms")],
        notes=[
            f"Blender {release} as a module, a fresh process each time, the extension installed "
            "from its zip. The core is not part of it: it is imported later, on a thread.",
        ],
    )
