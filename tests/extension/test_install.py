"""The zip alone makes the extension run: nothing of ours is in Blender's own packages."""

from __future__ import annotations

from pathlib import Path

from extension.blenders import Blender, linux_zip

WHERE = """
import importlib.metadata
part("core").load()
import annotated_types, platformdirs, pydantic, pydantic_core, requests, requests_toolbelt
import slugify, text_unidecode, typing_extensions, wf_core
ours = {m.__name__: m.__file__ for m in (
    annotated_types, platformdirs, pydantic, pydantic_core, requests_toolbelt, slugify,
    text_unidecode, wf_core)}
answer({
    "ours": ours,
    "requests": requests.__file__,
    "enabled": ADDON in bpy.context.preferences.addons,
    "typing_extensions": importlib.metadata.version("typing_extensions"),
})
"""
OURS = [
    "annotated_types",
    "platformdirs",
    "pydantic",
    "pydantic_core",
    "requests_toolbelt",
    "slugify",
    "text_unidecode",
    "wf_core",
]


def packages(blender: Blender) -> Path:
    """Where Blender unpacks the wheels of extensions."""
    (found,) = (blender.folder / "user" / "extensions" / ".local").glob("lib/*/site-packages")
    return found


def own_packages(blender: Blender) -> Path:
    """Blender's own packages."""
    (found,) = blender.python.parent.parent.glob("lib/*/site-packages")
    return found


def test_when_nothing_is_installed_then_blender_has_nothing_of_ours(fresh: Blender) -> None:
    there = {path.stem for path in own_packages(fresh).iterdir()}
    assert "bpy" in there and "requests" in there
    assert not there & set(OURS)


def test_when_the_zip_is_installed_then_that_session_runs_on_its_wheels(fresh: Blender) -> None:
    found = fresh.session("install(sys.argv[2])\n" + WHERE, str(linux_zip())).answer
    assert found["enabled"]
    assert sorted(found["ours"]) == OURS
    for place in found["ours"].values():
        assert Path(place).is_relative_to(packages(fresh))
    assert Path(found["requests"]).is_relative_to(own_packages(fresh))


def test_when_blender_starts_again_then_it_runs_on_the_wheels(installed: Blender) -> None:
    found = installed.session("enable()\n" + WHERE).answer
    assert found["enabled"]
    for place in found["ours"].values():
        assert Path(place).is_relative_to(packages(installed))
    assert Path(found["requests"]).is_relative_to(own_packages(installed))


def test_when_enabled_then_nothing_heavy_is_imported(installed: Blender) -> None:
    session = installed.session(
        """
        before = set(sys.modules)
        enable()
        answer(sorted(set(sys.modules) - before))
        """
    )
    heavy = ("pydantic", "requests", "urllib3", "sqlite3", "ssl", "slugify", "platformdirs")
    brought = {name for name in session.answer if name.partition(".")[0] in heavy}
    assert brought == set()
    assert not {"wf_core.workfiles", "wf_core.settings", "wf_core.kitsu"} & set(session.answer)


def test_when_disabled_twenty_times_then_nothing_is_left(installed: Blender) -> None:
    session = installed.session(
        """
        import threading

        def shape():
            handlers = {
                name: len(functions)
                for name in dir(bpy.app.handlers)
                if isinstance(functions := getattr(bpy.app.handlers, name), list)
            }
            menus = {
                name: len(kind._dyn_ui_initialize())
                for name in dir(bpy.types)
                if hasattr(kind := getattr(bpy.types, name), "draw")
                and "_draw_funcs" in getattr(kind.draw, "__dict__", {})
            }
            keymaps = {
                keymap.name: len(keymap.keymap_items)
                for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps
            }
            properties = {
                kind: sorted(vars(getattr(bpy.types, kind)).keys() | set(
                    getattr(bpy.types, kind).bl_rna.properties.keys()))
                for kind in ("WindowManager", "Scene", "Object", "AddonPreferences")
            }
            return {
                "classes": sorted(name for name in dir(bpy.types)
                                  if "WORKFILES" in name.upper()),
                "operators": sorted(dir(bpy.ops.kitsu_workfiles)),
                "handlers": handlers,
                "menus": {name: count for name, count in menus.items() if count > 1},
                "keymaps": {name: count for name, count in keymaps.items() if count},
                "properties": properties,
                "threads": [thread.name for thread in threading.enumerate()],
            }

        import bl_ext.user_default
        addon = importlib.import_module(ADDON)
        before = shape()
        for _ in range(20):
            addon.register()
            registered = shape()
            addon.unregister()
        functions = [
            value
            for name, module in list(sys.modules.items()) if name.startswith(ADDON)
            for value in vars(module).values() if callable(value)
        ]
        timers = [repr(one) for one in functions if bpy.app.timers.is_registered(one)]
        answer({
            "before": before, "registered": registered, "after": shape(), "timers": timers
        })
        """
    )
    assert session.answer["registered"]["operators"] != []
    assert session.answer["after"] == session.answer["before"]
    assert session.answer["timers"] == []
