"""Texts as lines that fit."""

from __future__ import annotations

import pytest

from blender_addon.telling import wrapped

TEXTS: dict[str, tuple[str, int | None, list[str]]] = {
    "it fits": ("Saved", None, ["Saved"]),
    "nothing": ("  ", None, [""]),
    "at spaces": ("The scene was left as it is", None, ["The scene", "was left", "as it is"]),
    "to the last letter": ("The scenes was", None, ["The scenes", "was"]),
    "behind separators": ("/prods/demo/lamp_v001", None, ["/prods/", "demo/lamp_", "v001"]),
    "a word that is too long": ("a incomprehensible", None, ["a", "incomprehe", "nsible"]),
    "lines of its own": ("one\ntwo\n\nthree", None, ["one two", "three"]),
    "more than is shown": ("The scene was left as it is", 2, ["The scene", "was left…"]),
    "no room for the dots": ("The scenes was left", 1, ["The scene…"]),
}


@pytest.mark.parametrize(("text", "most", "lines"), TEXTS.values(), ids=TEXTS.keys())
def test_when_there_is_room_for_ten_letters_then_no_line_is_longer(
    text: str, most: int | None, lines: list[str]
) -> None:
    assert wrapped(text, 10, len, most) == lines
