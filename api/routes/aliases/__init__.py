"""The calls of the source documents, as written there: each turns its words into a submit, a read or a cancel of the
one job service, and the answer back. With and without a trailing slash, without redirects; one module a document.
"""

from fastapi import APIRouter

from api.routes.aliases import core, customers, documents, tasks, work_logs

router = APIRouter()
# Documents before tasks: `/tasks/status/{id}` is not the task `status`.
for _module in (customers, work_logs, documents, core, tasks):
    router.include_router(_module.router)
FORM_PATHS = customers.FORM_PATHS | documents.FORM_PATHS
"""Addresses that take files in a form."""
