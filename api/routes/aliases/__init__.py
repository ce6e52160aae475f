"""The calls of the source documents, as written there: each turns its words into a submit, a read or a cancel of the
one job service, and the answer back. With and without a trailing slash, without redirects; one module a document.
"""

from api.routes.aliases import core, customers, documents, tasks, work_logs

# Documents before tasks: `/tasks/status/{id}` is not the task `status`.
ROUTERS = (customers.router, work_logs.router, documents.router, core.router, tasks.router)
"""The routers of all documents, in the order in which they are asked."""
FORM_PATHS = customers.FORM_PATHS | documents.FORM_PATHS
"""Addresses that take files in a form."""
