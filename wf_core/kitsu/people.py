"""The routes of people and of the account that is logged in."""

from __future__ import annotations

from wf_core.errors import BadAnswer, PermissionDenied
from wf_core.kitsu.routes import Routes, id_in_route
from wf_core.models import Person, Task

__all__ = ["PeopleRoutes"]


class PeopleRoutes(Routes):
    """Who is who. Artists may read names; e-mail addresses are for administrators."""

    def whoami(self) -> Person:
        """The account, or the bot, that this session speaks for.

        Raises:
            NotLoggedIn: nobody.
        """
        answer = self.session.get("auth/authenticated")
        if not isinstance(answer, dict):
            raise BadAnswer(f"{self.session.host} did not say who is logged in.")
        return self._record(Person, answer.get("user"))

    def persons(self) -> list[Person]:
        """Everybody, kept for a while. Raises PermissionDenied for clients and vendors."""
        return self._cached(
            "persons", lambda: self._records(Person, self.session.get("data/persons"))
        )

    def person(self, person_id: str) -> Person:
        """One person, from the list of everybody where that may be read.

        Raises:
            NotFound: nobody has that id.
        """
        try:
            for person in self.persons():
                if person.id == person_id:
                    return person
        except PermissionDenied:
            pass  # then the one person may still be readable
        return self._record(Person, self.session.get(f"data/persons/{id_in_route(person_id)}"))

    def team(self, project_id: str) -> list[Person]:
        """The team of a production."""
        route = f"data/projects/{id_in_route(project_id)}/team"
        return self._records(Person, self.session.get(route))

    def my_tasks(self, *, done: bool = False) -> list[Task]:
        """The tasks assigned to this account, with names: the open ones, or the done ones.

        Raises:
            PermissionDenied: a bot asks. The server keeps no list for bots; all tasks of a
                production can be listed instead.
        """
        route = "done-tasks" if done else "tasks"
        try:
            answer = self.session.get(f"data/user/{route}")
        except PermissionDenied:
            # Releases around 0.20 want a browser's cookie for the routes of the user.
            me = self.whoami()
            if me.is_bot:
                raise
            answer = self.session.get(f"data/persons/{id_in_route(me.id)}/{route}")
        return self._records(Task, answer)

    def assign(self, task_id: str, person_id: str) -> Task:
        """Assign a task to a person as well.

        Raises:
            PermissionDenied: artists may not assign.
        """
        route = f"actions/tasks/{id_in_route(task_id)}/assign"
        return self._record(Task, self.session.put(route, {"person_id": person_id}))
