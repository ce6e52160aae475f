"""The REST API: authenticate, check, call one function of `worker`, answer."""

LISTEN_FD = "TASKTRAY_LISTEN_FD"  # names an inherited, listening socket by its number
