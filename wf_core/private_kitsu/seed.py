"""Fill an empty Zou database; run inside Zou's own environment, never imported by the core.

Reads the document of :mod:`wf_core.private_kitsu.demo` from standard input (passwords are in
it, and a command line is public), finds the database in Zou's usual environment variables.
Speaks to Zou's models and its ``zou`` command only: both have kept their shape from 0.20 to
1.0.97, its services have not.
"""

# Zou is not installed where mypy runs.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

Record = Any


def main() -> None:
    document = json.load(sys.stdin)
    from zou.cli import cli

    cli.main(["init-db"], standalone_mode=False)
    cli.main(["init-data"], standalone_mode=False)
    from zou.app import app

    with app.app_context():
        Seed(document).run()


class Seed:
    """One pass over the document; every step finds or makes its record."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.people: dict[str, Record] = {}
        self.task_types: dict[str, Record] = {}
        self.asset_types: dict[str, Record] = {}

    def run(self) -> None:
        from zou.app.models.organisation import Organisation
        from zou.app.models.output_type import OutputType
        from zou.app.models.software import Software

        # Zou makes it for whoever logs in first; of two at one moment, one was told "500".
        find_or_make(Organisation, {"name": "Kitsu"}, {})
        self.make_people()
        self.make_task_types()
        for fields in self.document["software"]:
            find_or_make(Software, {"name": fields["name"]}, fields)
        for fields in self.document["output_types"]:
            find_or_make(OutputType, {"name": fields["name"]}, fields)
        for production in self.document["productions"]:
            self.make_production(production)

    def make_people(self) -> None:
        from zou.app.models.person import Person
        from zou.app.utils import auth

        for fields in self.document["people"]:
            password = auth.encrypt_password(fields["password"])
            self.people[fields["email"]] = find_or_make(
                Person,
                {"email": fields["email"]},
                {**fields, "password": password, "active": True},
            )

    def make_task_types(self) -> None:
        from zou.app.models.department import Department
        from zou.app.models.entity_type import EntityType
        from zou.app.models.task_type import TaskType

        for department, task_types in self.document["departments"].items():
            owner = find_or_make(Department, {"name": department}, {"color": "#607D8B"})
            for name, kind in task_types:
                self.task_types[name] = find_or_make(
                    TaskType,
                    {"name": name, "for_entity": kind},
                    {"short_name": name[:3].lower(), "department_id": owner.id},
                )
        for name in self.document["asset_types"]:
            self.asset_types[name] = find_or_make(EntityType, {"name": name}, {})

    def make_production(self, production: dict[str, Any]) -> None:
        from zou.app.models.project import Project
        from zou.app.models.project_status import ProjectStatus
        from zou.app.models.task_status import TaskStatus

        tree = production["file_tree"]
        project = Project.create(
            name=production["name"],
            code=production["code"],
            production_type=production["production_type"],
            file_tree=default_tree() if tree == "default" else tree,
            project_status_id=ProjectStatus.get_by(name="Open").id,
        )
        project.set_team([person.id for person in self.people.values()])
        project.set_task_types([str(task_type.id) for task_type in self.task_types.values()])
        project.set_task_statuses([str(status.id) for status in TaskStatus.query.all()])
        project.set_asset_types([str(kind.id) for kind in self.asset_types.values()])
        tasks = self.make_entities(project, production)
        for email, names in production["assignments"].items():
            for name in names:
                tasks[name].assignees.append(self.people[email])
                tasks[name].save()

    def make_entities(self, project: Record, production: dict[str, Any]) -> dict[str, Record]:
        """Make what the production consists of; give its tasks by path-like name."""
        from zou.app.models.entity import Entity
        from zou.app.models.entity_type import EntityType

        kinds = {name: find_or_make(EntityType, {"name": name}, {}) for name in SHOT_KINDS}
        tasks: dict[str, Record] = {}

        def entity(name: str, kind: Record, parent: Record = None) -> Record:
            return Entity.create(
                name=name,
                project_id=project.id,
                entity_type_id=kind.id,
                parent_id=None if parent is None else parent.id,
            )

        def add_tasks(path: str, owner: Record, names: list[str]) -> None:
            for name in names:
                tasks[f"{path}/{name}"] = self.make_task(project, owner, name)

        def add_sequences(
            prefix: str, sequences: dict[str, dict[str, list[str]]], episode: Record
        ) -> None:
            for sequence_name, shots in sequences.items():
                sequence = entity(sequence_name, kinds["Sequence"], episode)
                for shot_name, task_names in shots.items():
                    shot = entity(shot_name, kinds["Shot"], sequence)
                    add_tasks(f"{prefix}{sequence_name}/{shot_name}", shot, task_names)

        for type_name, assets in production["assets"].items():
            for asset_name, task_names in assets.items():
                asset = entity(asset_name, self.asset_types[type_name])
                add_tasks(asset_name, asset, task_names)
        add_sequences("", production.get("sequences", {}), None)
        for episode_name, sequences in production.get("episodes", {}).items():
            episode = entity(episode_name, kinds["Episode"])
            add_sequences(f"{episode_name}/", sequences, episode)
        return tasks

    def make_task(self, project: Record, owner: Record, name: str) -> Record:
        from zou.app.models.task import Task
        from zou.app.models.task_status import TaskStatus

        status = TaskStatus.get_by(is_default=True, for_concept=False) or TaskStatus.query.first()
        return Task.create(
            name="main",
            project_id=project.id,
            entity_id=owner.id,
            task_type_id=self.task_types[name].id,
            task_status_id=status.id,
        )


SHOT_KINDS = ("Episode", "Sequence", "Shot")


def find_or_make(model: Any, key: dict[str, Any], fields: dict[str, Any]) -> Record:
    """The record that matches ``key``, else a new one with ``fields`` as well."""
    found = model.get_by(**key)
    if found is not None:
        return found
    # Older releases lack some columns (secondary_extensions of software, say).
    known = {name: value for name, value in fields.items() if hasattr(model, name)}
    return model.create(**{**key, **known})


def default_tree() -> Any:
    """The file tree Zou ships as its default, of the release that is installed."""
    found = importlib.util.find_spec("zou")
    if found is None or found.origin is None:
        raise SystemExit("Zou is not installed in this environment.")
    path = Path(found.origin).parent / "app" / "file_trees" / "default.json"
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # an interpreter takes seconds to take apart what Zou has imported
