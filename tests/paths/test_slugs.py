"""Slugs: the server's, whatever else is installed beside python-slugify."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slugify import slugify

from wf_core.paths import fold, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Lamp A", "lamp_a", id="space"),
        pytest.param("__Lamp--A..", "lamp_a", id="separators in a row and at the ends"),
        pytest.param("O'Brien", "o_brien", id="a quote separates"),
        pytest.param("O’Brien", "obrien", id="a typographic quote vanishes"),
        pytest.param("O＇Brien", "obrien", id="a full-width quote vanishes"),
        pytest.param("1,000", "1000", id="a comma between digits vanishes"),
        pytest.param("a,b", "a_b", id="a comma elsewhere separates"),
        pytest.param("a&amp;b", "a_b", id="a character entity"),
        pytest.param("&#65;", "a", id="a decimal reference"),
        pytest.param("&#x41;", "a", id="a hexadecimal reference"),
        pytest.param("Élan ﬁn ß", "elan_fin_ss", id="accents, ligatures, sharp s"),
        pytest.param("木の椅子", "mu_noyi_zi", id="Japanese"),
        pytest.param("Жук", "zhuk", id="Cyrillic"),
        pytest.param("🔥", "", id="nothing is left of an emoji"),
        pytest.param("../../x", "x", id="dots and slashes"),
        pytest.param("a\0b", "a_b", id="NUL"),
    ],
)
def test_when_text_is_slugified_then_it_is_as_on_the_server(text: str, expected: str) -> None:
    assert slug(text) == expected


ENTANGLED = st.text(
    st.sampled_from("'’＇&;#x,12aÉß日ﬁ\u0301🔥_- İ½㏄ʼ″\u200bpm") | st.characters(codec="utf-8"),
    max_size=20,
)


@pytest.mark.slow
@given(ENTANGLED)
def test_when_any_text_is_slugified_then_it_is_what_the_pinned_slugify_gives(text: str) -> None:
    # The development environment has the release that Zou pins, over text-unidecode.
    assert slug(text) == slugify(text, separator="_")


@given(ENTANGLED)
def test_when_a_slug_is_slugified_then_it_stays(text: str) -> None:
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        pytest.param("Lamp", "lAMP", True, id="case"),
        pytest.param("é", "é", True, id="composed and decomposed"),
        pytest.param("STRASSE", "straße", True, id="full case folding"),
        pytest.param("é", "e", False, id="an accent counts"),
        pytest.param("a_b", "a-b", False, id="separators count"),
    ],
)
def test_when_texts_are_folded_then_those_some_disk_confuses_are_equal(
    one: str, other: str, alike: bool
) -> None:
    assert (fold(one) == fold(other)) is alike
