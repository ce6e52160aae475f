"""Backups of the database: made while jobs run, proved by reading them back, and restored."""
