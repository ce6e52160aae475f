"""What a clerk should know about the files before they go in: imported before, the same twice, corrected rows."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import formats
from desktop.client import models
from desktop.client.errors import ClientError
from desktop.controller import Controller
from desktop.language import translate
from desktop.parts.later import later
from desktop.parts.notice import Notice
from desktop.plurals import plurals
from desktop.submit.files import FileSet, FileState
from desktop.submit.history import announcement


class Announcing(QWidget):
    """Says it about the file that is shown, and how many others there is something to say about."""

    def __init__(self, controller: Controller, files: FileSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._files = files
        self._parents: dict[str, models.Job | None] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._parent = Notice("parentNote", error=False, parent=self)
        self._before = Notice("importedBeforeNote", error=False, parent=self)
        column.addWidget(self._parent)
        column.addWidget(self._before)
        files.changed.connect(later(self, 0, self._refresh).start)
        self.hide()

    def _refresh(self) -> None:
        state = self._files.current
        parent = self._corrects(state) if state else ""
        before = self._imported(state) if state else ""
        self._parent.tell(parent)
        self._before.tell(before)
        self.setVisible(bool(parent or before))

    def _imported(self, state: FileState) -> str:
        lines = [announcement(state.path.name, state.imports)] if state.imports else []
        same = self._files.same(state)
        if same:
            names = translate("Announcing", ", ").join(other.path.name for other in same)
            lines.append(
                translate("Announcing", "“{name}” has the same content as {others}.").format(
                    name=state.path.name, others=names
                )
            )
        others = sum(bool(other.imports) for other in self._files.files if other is not state)
        if others:
            lines.append(plurals.imported_before(others))
        return "\n".join(lines)

    def _corrects(self, state: FileState) -> str:
        job_id = state.look.parent if state.look else None
        if not job_id:
            return ""
        if job_id not in self._parents:
            self._ask(job_id)
        job = self._parents.get(job_id)
        if job is None:
            return translate(
                "Announcing", "These are the rejected rows of an earlier import; what is corrected in them goes in."
            )
        at = formats.moment(job.created_at.timestamp()) if job.created_at else ""
        rejected = int((job.result or {}).get("rejected") or 0)
        return translate(
            "Announcing", "These are the {count} rejected rows of “{title}” ({time}); the new job is linked to it."
        ).format(count=formats.count(rejected), title=job.title or job.kind_title, time=at)

    def _ask(self, job_id: str) -> None:
        self._parents[job_id] = None
        client = self._controller.client
        if client is None or not self._controller.online:
            return

        def work(_: object) -> models.Job | None:
            try:
                return client.job(job_id)
            except ClientError:  # another's job, or deleted; the server links it all the same where it may
                return None

        def done(job: models.Job | None) -> None:
            self._parents[job_id] = job
            self._refresh()

        self._controller.operations.start(f"parent:{id(self)}:{job_id}", work, done)
