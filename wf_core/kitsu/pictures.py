"""The routes of preview pictures: on a task for everybody to see, and small ones for lists."""

from __future__ import annotations

from typing import Any

from requests_toolbelt import MultipartEncoder  # type: ignore[import-untyped]

from wf_core.errors import BadAnswer
from wf_core.kitsu.answers import sensible
from wf_core.kitsu.routes import Routes, id_in_route

__all__ = ["PictureRoutes"]

_LARGEST_THUMBNAIL = 4 * 1024 * 1024
_PIECE = 64 * 1024


class PictureRoutes(Routes):
    """Previews of tasks."""

    def add_preview(
        self, task_id: str, *, task_status_id: str, comment: str, picture: bytes
    ) -> str:
        """Comment a task, its status unchanged, with a PNG as the preview; its id.

        Raises:
            PermissionDenied: this account may not comment the task.
        """
        route = f"actions/tasks/{id_in_route(task_id)}"
        body = {"task_status_id": task_status_id, "comment": comment}
        said = _id_of(self.session.post(f"{route}/comment", body), self.session.host)
        made = self.session.post(f"{route}/comments/{said}/add-preview", {})
        preview = _id_of(made, self.session.host)
        encoder = MultipartEncoder({"file": ("preview.png", picture, "image/png")})
        with (
            self.session.stream(
                "POST",
                f"pictures/preview-files/{preview}",
                body=encoder.to_string(),
                headers={"Content-Type": encoder.content_type},
            ) as response,
            sensible(self.session.host),
        ):
            next(response.iter_content(_PIECE), None)  # the status has said it all
        return preview

    def thumbnail(self, preview_id: str) -> bytes:
        """The small PNG of a preview.

        Raises:
            NotFound: there is none.
            BadAnswer: it is not a PNG, or far too large for one.
        """
        route = f"pictures/thumbnails/preview-files/{id_in_route(preview_id)}.png"
        picture = b""
        with self.session.stream("GET", route) as response, sensible(self.session.host):
            for piece in response.iter_content(_PIECE):
                picture += piece
                if len(picture) > _LARGEST_THUMBNAIL:
                    break
        if not picture.startswith(b"\x89PNG") or len(picture) > _LARGEST_THUMBNAIL:
            raise BadAnswer(f"{self.session.host} gave something that is not a thumbnail.")
        return picture


def _id_of(answer: Any, host: str) -> str:
    found = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(found, str):
        raise BadAnswer(f"{host} did not say what it made.")
    return id_in_route(found)
