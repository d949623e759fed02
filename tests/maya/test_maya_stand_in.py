"""The stand-in of Maya is strict: what it does not have fails, and what it has, Maya has."""

from __future__ import annotations

from pathlib import Path

import pytest
from maya import cmds
from maya.stubs import command
from maya.testing import Maya


def test_when_a_command_is_not_there_then_it_fails(maya: Maya) -> None:
    with pytest.raises(AttributeError):
        cmds.polyCube()


@pytest.mark.parametrize("flag", ["sceneNam", "sn", "mergeNamespacesOnClash"])
def test_when_a_flag_is_not_there_then_it_fails_as_in_maya(maya: Maya, flag: str) -> None:
    with pytest.raises(TypeError, match=f"Invalid flag '{flag}'"):
        cmds.file(query=True, **{flag: True})


def test_when_the_stand_in_would_have_what_maya_has_not_then_it_cannot_be_made() -> None:
    def file(*, frobnicate: bool) -> None: ...

    def frobnicate() -> None: ...

    with pytest.raises(AssertionError, match=r"file has no flags \['frobnicate'\]"):
        command(file)
    with pytest.raises(AssertionError, match="Maya has no command frobnicate"):
        command(frobnicate)


def test_when_a_save_fails_then_the_scene_keeps_the_new_name(maya: Maya, tmp_path: Path) -> None:
    cmds.file(rename=str(tmp_path / "none" / "lamp.ma"))
    with pytest.raises(RuntimeError, match="Could not save file"):
        cmds.file(save=True)
    assert cmds.file(query=True, sceneName=True) == str(tmp_path / "none" / "lamp.ma")


def test_when_a_file_cannot_be_read_then_the_open_scene_is_lost(maya: Maya, tmp_path: Path) -> None:
    cmds.createNode("transform", name="pCube1")
    (tmp_path / "lamp.ma").write_text("//Maya ASCII 2025 scene\n")
    with pytest.raises(RuntimeError, match="Error reading file"):
        cmds.file(str(tmp_path / "lamp.ma"), open=True, force=True, type="mayaAscii")
    assert maya.scene.nodes == {}


def test_when_a_value_has_special_characters_then_maya_shows_them_escaped(maya: Maya) -> None:
    cmds.fileInfo("key", 'a "b"\n')
    assert cmds.fileInfo("key", query=True) == ['a \\"b\\"\\n']
    assert cmds.file(query=True, modified=True)


def test_when_a_scene_is_saved_then_events_come_in_mayas_order(maya: Maya, tmp_path: Path) -> None:
    cmds.file(rename=str(tmp_path / "lamp.ma"))
    cmds.file(save=True)
    cmds.file(str(tmp_path / "lamp.ma"), open=True, force=True, type="mayaAscii")
    assert maya.log == [
        "kBeforeSave",
        "kAfterSave",
        "kBeforeOpen",
        "kBeforeNew",
        "kAfterNew",
        "kAfterOpen",
    ]
