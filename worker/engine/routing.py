"""Which lanes there are, and which Celery queue carries a job's hint: the one place that knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from worker.errors import NotFound

LANES: tuple[str, ...] = ("default", "export", "document", "evidence", "finance", "reports", "email")
HIGH_QUEUE = "high_priority"
LOW_QUEUE = "low_priority"
QUEUES: tuple[str, ...] = (HIGH_QUEUE, *LANES, LOW_QUEUE)
LANE_ALIASES = {"celery": "default", "example": "default"}  # names that the source documents use

HIGH, NORMAL, LOW = 0, 1, 2

Publish = Callable[[str], None]
"""Sends a hint to a queue: best effort, quick, raises nothing."""


def hint_queue(lane: str, priority: int) -> str:
    """The queue that the hint for a job goes to.

    Args:
        lane: the job's lane, which stays its kind's whatever the priority.
        priority: 0 high, 1 normal, 2 low.
    """
    if priority == HIGH:
        return HIGH_QUEUE
    return LOW_QUEUE if priority == LOW else lane


def known_lane(name: str) -> str:
    """`name` or the lane that it stands for.

    Raises:
        NotFound: `unknown_lane`.
    """
    lane = LANE_ALIASES.get(name, name)
    if lane not in LANES:
        raise NotFound("unknown_lane", lane=name, lanes=", ".join(LANES))
    return lane


def unknown_queues(queues: Iterable[str]) -> list[str]:
    """Of the names that a worker was started on, those that nothing is ever sent to."""
    return [queue for queue in queues if LANE_ALIASES.get(queue, queue) not in QUEUES]


def lanes_of(queues: Iterable[str]) -> tuple[str, ...]:
    """The lanes that a worker started on `queues` claims of, in the order of `LANES`; unknown names are passed over.

    The two priority queues bring hints, not lanes: a worker on nothing else serves every lane.
    """
    named = [LANE_ALIASES.get(queue, queue) for queue in queues]
    lanes = tuple(lane for lane in LANES if lane in named)
    return lanes or LANES


def queues_of(lanes: Iterable[str]) -> tuple[str, ...]:
    """The queues that a worker of `lanes` listens to: its lanes and the two priority queues."""
    served = set(lanes)
    return tuple(queue for queue in QUEUES if queue in served or queue in (HIGH_QUEUE, LOW_QUEUE))
