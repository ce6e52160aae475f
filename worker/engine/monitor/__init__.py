"""What an administrator watches: workers, queues, statistics, history, and how they went over time."""
