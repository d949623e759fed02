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
