"""What a fresh private Kitsu holds: people, software and four small productions.

Plain data; :mod:`wf_core.private_kitsu.seed` turns it into records. The productions differ in
what a client must cope with: a file tree of its own with a revision in every name, episodes,
Zou's default tree (whose paths carry neither name nor revision), and no tree at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ADMIN", "ARTIST", "ARTIST2", "FILE_TREE", "OUTPUT_TYPES", "PRODUCTIONS", "SOFTWARE"]


@dataclass(frozen=True)
class Person:
    email: str
    first_name: str
    last_name: str
    role: str


ADMIN = Person("admin@example.com", "Ada", "Admin", "admin")
ARTIST = Person("artist@example.com", "Robin", "Artist", "user")
ARTIST2 = Person("second@example.com", "Sam", "Second", "user")

SOFTWARE: list[dict[str, Any]] = [
    {"name": "Blender", "short_name": "blender", "file_extension": "blend"},
    {
        "name": "Maya",
        "short_name": "maya",
        "file_extension": "ma",
        "secondary_extensions": ["mb"],
    },
]

OUTPUT_TYPES: list[dict[str, Any]] = [
    {"name": "Geometry", "short_name": "geo"},
    {"name": "Cache", "short_name": "cache"},
    {"name": "Render", "short_name": "render"},
]

DEPARTMENTS: dict[str, list[tuple[str, str]]] = {
    "Modeling": [("Modeling", "Asset")],
    "Texturing": [("Shading", "Asset")],
    "Rigging": [("Rigging", "Asset")],
    "Layout": [("Layout", "Shot")],
    "Animation": [("Animation", "Shot")],
    "Lighting": [("Lighting", "Shot")],
}
ASSET_TYPES = ["Characters", "Props", "Environment"]

FILE_TREE: dict[str, Any] = {
    "working": {
        "mountpoint": "/mnt/kitsu",
        "root": "projects",
        "folder_path": {
            "asset": "<Project>/assets/<AssetType>/<Asset>/<TaskType>/work",
            "shot": "<Project>/shots/<Sequence>/<Shot>/<TaskType>/work",
            "sequence": "<Project>/sequences/<Sequence>/<TaskType>/work",
            "scene": "<Project>/scenes/<Sequence>/<Scene>/<TaskType>/work",
            "episode": "<Project>/episodes/<Episode>/<TaskType>/work",
            "style": "lowercase",
        },
        "file_name": {
            "asset": "<Project>_<AssetType>_<Asset>_<TaskType>_<Name>_v<Revision>",
            "shot": "<Project>_<Sequence>_<Shot>_<TaskType>_<Name>_v<Revision>",
            "sequence": "<Project>_<Sequence>_<TaskType>_<Name>_v<Revision>",
            "scene": "<Project>_<Sequence>_<Scene>_<TaskType>_<Name>_v<Revision>",
            "episode": "<Project>_<Episode>_<TaskType>_<Name>_v<Revision>",
            "style": "lowercase",
        },
    },
    "output": {
        "mountpoint": "/mnt/kitsu",
        "root": "projects",
        "folder_path": {
            "asset": "<Project>/assets/<AssetType>/<Asset>/<TaskType>/publish/<OutputType>",
            "shot": "<Project>/shots/<Sequence>/<Shot>/<TaskType>/publish/<OutputType>",
            "sequence": "<Project>/sequences/<Sequence>/<TaskType>/publish/<OutputType>",
            "scene": "<Project>/scenes/<Sequence>/<Scene>/<TaskType>/publish/<OutputType>",
            "episode": "<Project>/episodes/<Episode>/<TaskType>/publish/<OutputType>",
            "style": "lowercase",
        },
        "file_name": {
            "asset": "<Project>_<AssetType>_<Asset>_<TaskType>_<OutputType>_<Name>_v<Revision>",
            "shot": "<Project>_<Sequence>_<Shot>_<TaskType>_<OutputType>_<Name>_v<Revision>",
            "sequence": "<Project>_<Sequence>_<TaskType>_<OutputType>_<Name>_v<Revision>",
            "scene": "<Project>_<Sequence>_<Scene>_<TaskType>_<OutputType>_<Name>_v<Revision>",
            "episode": "<Project>_<Episode>_<TaskType>_<OutputType>_<Name>_v<Revision>",
            "style": "lowercase",
        },
    },
}


def _episodic(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree with the episode in front of every sequence, in folders and names."""
    text: dict[str, Any] = {}
    for mode, section in tree.items():
        text[mode] = dict(section)
        for part, glue in (("folder_path", "/"), ("file_name", "_")):
            text[mode][part] = {
                kind: template.replace("<Sequence>", f"<Episode>{glue}<Sequence>")
                for kind, template in section[part].items()
            }
    return text


_ASSET_TASKS = ["Modeling", "Shading", "Rigging"]
_SHOT_TASKS = ["Layout", "Animation", "Lighting"]

PRODUCTIONS: list[dict[str, Any]] = [
    {
        "name": "Demo",
        "code": "DEMO",
        "production_type": "short",
        "file_tree": FILE_TREE,
        "assets": {
            "Props": {"Lamp": _ASSET_TASKS, "Chair": _ASSET_TASKS, "Teapot": ["Modeling"]},
            "Characters": {"Hero": _ASSET_TASKS, "Rival": _ASSET_TASKS},
            "Environment": {"Kitchen": ["Modeling", "Shading"]},
        },
        "sequences": {
            "SQ01": {"SH010": _SHOT_TASKS, "SH020": _SHOT_TASKS, "SH030": _SHOT_TASKS},
            "SQ02": {"SH010": _SHOT_TASKS, "SH020": _SHOT_TASKS},
        },
        "assignments": {
            "artist@example.com": [
                "Lamp/Modeling",
                "Lamp/Shading",
                "Chair/Modeling",
                "Hero/Rigging",
                "SQ01/SH010/Animation",
                "SQ01/SH020/Animation",
                "SQ02/SH010/Layout",
            ],
            "second@example.com": ["Lamp/Shading", "Hero/Modeling", "SQ01/SH010/Lighting"],
        },
    },
    {
        "name": "Demo Series",
        "code": "DEMOS",
        "production_type": "tvshow",
        "file_tree": _episodic(FILE_TREE),
        "assets": {"Props": {"Lamp": _ASSET_TASKS}, "Characters": {"Hero": _ASSET_TASKS}},
        "episodes": {
            "E01": {"SQ01": {"SH010": _SHOT_TASKS, "SH020": _SHOT_TASKS}},
            "E02": {"SQ01": {"SH010": _SHOT_TASKS}},
        },
        "assignments": {
            "artist@example.com": ["Hero/Rigging", "E01/SQ01/SH010/Animation"],
            "second@example.com": ["E02/SQ01/SH010/Animation"],
        },
    },
    {
        "name": "Demo Plain",
        "code": "PLAIN",
        "production_type": "short",
        "file_tree": "default",
        "assets": {"Props": {"Lamp": _ASSET_TASKS}},
        "sequences": {"SQ01": {"SH010": _SHOT_TASKS}},
        "assignments": {"artist@example.com": ["Lamp/Modeling", "SQ01/SH010/Animation"]},
    },
    {
        "name": "Demo Bare",
        "code": "BARE",
        "production_type": "short",
        "file_tree": None,
        "assets": {"Props": {"Lamp": ["Modeling"]}},
        "sequences": {"SQ01": {"SH010": ["Animation"]}},
        "assignments": {"artist@example.com": ["Lamp/Modeling"]},
    },
]


def document(*, admin_password: str, artist_password: str, artist2_password: str) -> dict[str, Any]:
    """Everything the seed script needs, as one JSON-ready dictionary."""
    people = []
    for person, password in (
        (ADMIN, admin_password),
        (ARTIST, artist_password),
        (ARTIST2, artist2_password),
    ):
        people.append({**vars(person), "password": password})
    return {
        "people": people,
        "departments": DEPARTMENTS,
        "asset_types": ASSET_TYPES,
        "software": SOFTWARE,
        "output_types": OUTPUT_TYPES,
        "productions": PRODUCTIONS,
    }
