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
    login = bpy.types.KITSU_WORKFILES_OT_login
    assert login.bl_options == {"INTERNAL"}
    assert list(bpy.context.window_manager.operators) == []
    remembered = bpy.context.window_manager.operator_properties_last("kitsu_workfiles.login")
    assert remembered.password == ""
