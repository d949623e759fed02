"""A password is sent, and then it is nowhere."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from addon_fixtures import extension  # noqa: F401  (a fixture)
from live_kitsu import LiveKitsu


@pytest.mark.usefixtures("extension")
def test_when_somebody_logged_in_then_the_password_is_in_no_file_and_no_history(
    kitsu: LiveKitsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLENDER_USER_CONFIG", str(tmp_path / "config"))
    bpy.context.preferences.filepaths.use_file_compression = False
    email, password = kitsu.credentials("artist")

    bpy.ops.kitsu_workfiles.login(server=kitsu.url, email=email, password=password)
    with pytest.raises(RuntimeError):
        bpy.ops.kitsu_workfiles.login(server=kitsu.url, email=email, password="wr0ng-passw0rd")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.save_userpref()

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"scene.blend", "userpref.blend", "credentials.json"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert password.encode() not in content, path
        assert b"wr0ng-passw0rd" not in content, path
    # What Blender remembers of operators, and writes into the Info editor, is what is registered.
    assert list(bpy.context.window_manager.operators) == []
    remembered = bpy.context.window_manager.operator_properties_last("kitsu_workfiles.login")
    assert remembered.password == ""


@pytest.mark.usefixtures("extension")
def test_when_an_operator_asks_for_a_secret_then_blender_is_told_to_forget_it() -> None:
    secret = set()
    for name in dir(bpy.ops.kitsu_workfiles):
        kind = getattr(bpy.ops.kitsu_workfiles, name).get_rna_type()
        ours = getattr(bpy.types, f"KITSU_WORKFILES_OT_{name}")
        # One with REGISTER is written into the Info editor with its arguments.
        assert ours.bl_options == {"INTERNAL"}, name
        secret |= {
            (name, found.identifier, found.is_skip_save)
            for found in kind.properties
            if found.subtype == "PASSWORD"
        }
    assert secret == {("login", "password", True)}
