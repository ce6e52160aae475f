"""The list of notifications for views."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop import formats
from desktop.client.notification_models import Notification
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.parts.records import Column, RecordModel, RecordRole

_COLUMNS = (Column("message", QT_TRANSLATE_NOOP("Notifications", "Message"), 380, lambda n: n.message),)


class NotificationModel(RecordModel):
    """Notifications, the latest first, in one column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Notifications", _COLUMNS, lambda n: n.id, parent)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.AccessibleTextRole and index.isValid():
            shown: Notification = index.data(RecordRole)
            state = translate("Notifications", "read") if shown.read else translate("Notifications", "unread")
            return f"{state}, {when(shown)}: {shown.message}"
        return super().data(index, role)


def when(shown: Notification) -> str:
    """When it was raised last, by whom, and how often."""
    at = shown.updated_at or shown.created_at
    text = formats.moment(at.timestamp() if at else None)
    if shown.sender:
        text = translate("Notifications", "{time}, from {name}").format(time=text, name=shown.sender)
    if shown.count > 1:
        text = translate("Notifications", "{time}, {count} times").format(time=text, count=formats.count(shown.count))
    return text
