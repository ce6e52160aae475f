"""Schedules: jobs that submit themselves at their times. Rows of `schedules`, edited by admins while all runs."""
