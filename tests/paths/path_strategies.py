"""Random file trees and names for the property tests of paths."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

KINDS = ("asset", "shot", "sequence", "scene", "episode")
TOKENS = [
    *("Project", "Task", "TaskType", "Department", "Asset", "AssetType", "Shot", "Sequence"),
    *("Episode", "Scene", "Instance", "Software", "OutputType", "Representation"),
    *("TemporalEntity", "TemporalEntityType", "Name", "WorkingFile", "OutputFile"),
    *("Revision", "Version"),
]
FIELDS = ["", "", "", ".name", ".id", ".id", ".short_name", ".number", ".other", ".", ".id.name"]
WRONG_TOKENS = ["<Unknown>", "<>", "<shot>", "<Shot name>", "<Name", "Name>", "<<Name>>"]
LITERALS = [
    *("/", "/", "/", "_", "_", "_", "v", "-", ".", " ", "__", "001", "Seq", "shots", "É"),
    *("&", "&amp;", "&#65;", "&#", ";", ",", "'", "’", "日本", "🔥", "#x41;", "//", "\\", "Š_"),
    *("6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8"),
]
AWKWARD_NAMES = [
    *("main", "cache", "Lamp A", "", "🔥", "../../x", "C:\\x", "CON", "a\0b", "x" * 300),
    *("<Shot>", "<Name.id>", "é́", "O'Brien’s", "1,000", "&lt;b&gt;", "&#x26;", "SEQ", "Seq1"),
    *("ﬁ", "ß", "İ", "Ω㏄", "a/b", "-a-", "_x_", "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "٣"),
]

tokens = st.builds(
    lambda kind, field: f"<{kind}{field}>", st.sampled_from(TOKENS), st.sampled_from(FIELDS)
)
pieces = st.one_of(
    tokens, tokens, tokens, st.sampled_from(LITERALS), st.sampled_from(LITERALS)
) | st.sampled_from([*WRONG_TOKENS, *LITERALS, *LITERALS, *LITERALS])
templates = st.lists(pieces, max_size=7).map("".join)
styles = st.sampled_from(["lowercase", "lowercase", "uppercase", "", None, "Title", 3])
names = st.sampled_from(AWKWARD_NAMES) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=30
)


@st.composite
def trees(draw: st.DrawFn) -> Any:
    """Trees for every kind; one in ten is broken somewhere."""
    part: dict[str, Any] = {
        "mountpoint": draw(st.sampled_from(["/simple", "", "Z:/prods", "/É/..", None, 12])),
        "root": draw(st.sampled_from(["productions", "", "a/b", None, False, ["x"]])),
    }
    for section in ("folder_path", "file_name"):
        part[section] = {kind: draw(templates) for kind in KINDS}
        if draw(st.booleans()):
            part[section]["style"] = draw(styles)
    if draw(st.integers(0, 9)) == 5:
        where = draw(st.sampled_from([part, part["folder_path"], part["file_name"]]))
        key = draw(st.sampled_from(sorted(where)))
        if draw(st.booleans()):
            del where[key]
        else:
            where[key] = draw(st.sampled_from([None, [], 5, {"a": "b"}]))
    return {"working": part}


# Trees as a studio could have them, and names and numbers that tend to run together.
SOUND_TOKENS = [
    *("<Project>", "<TaskType>", "<Asset>", "<AssetType>", "<Task>", "<Asset.id>", "<Task.id>"),
    *("<Name>", "<Name>", "<Name>", "<WorkingFile>", "<Name.id>"),
    *("<Revision>", "<Revision>", "<Revision>", "<Version>", "<Episode>", "<Instance>"),
]
SOUND_LITERALS = ["_", "_", "_", "/", "/", "v", "_v", "x", "1", "0", "00", "a", "a_", "-", "É", ","]
CLOSE_NAMES = [
    *("main", "a", "1", "a1", "1a", "aa", "a_1", "a_a", "11", "001", "v001", "a_v001", "a_v001_v"),
    *("x", "main_v001", "0", "00", "v", "lamp", "a_main"),
]
CLOSE_REVISIONS = [1, 2, 11, 100, 101, 110, 1000, 1001, 1100, 1001001, 11001]


@st.composite
def sound_trees(draw: st.DrawFn, pieces: st.SearchStrategy[str] | None = None) -> Any:
    """Trees whose templates have known tokens and plain text only."""
    drawn = (
        st.sampled_from(SOUND_TOKENS) | st.sampled_from(SOUND_LITERALS)
        if pieces is None
        else pieces
    )
    templates = st.lists(drawn, min_size=1, max_size=7).map("".join)
    style = draw(st.sampled_from([{}, {"style": "lowercase"}, {"style": "uppercase"}]))
    return {
        "working": {
            "mountpoint": "/m",
            "root": "",
            "folder_path": {"asset": draw(templates), **style},
            "file_name": {"asset": draw(templates), **style},
        }
    }
