"""Arguments by which a packaged program, which has no `-m`, is started again as one of its own helping processes.

They stand apart from what they start: whoever only tells them apart loads nothing.
"""

RUNNER = "--tasktray-runner"
HELPER = "--tasktray-helper"
READER = "--tasktray-reader"
LOOK = "--tasktray-look"
