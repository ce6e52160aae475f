"""The migrations and the declared tables come to the same shape, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from worker.datasets import tables
from worker.db.migrate import _config, migrate
from worker.db.revisions import current_revision, head_revision, known_revisions
from worker.db.schema import metadata


def test_the_database_is_at_the_head_after_migrating(database):
    assert current_revision(database) == head_revision()


def test_revisions_are_told_as_alembic_tells_them(database):
    script = ScriptDirectory.from_config(_config())
    assert known_revisions() == {revision.revision for revision in script.walk_revisions()}
    assert [head_revision()] == script.get_heads()
    with database.read() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == current_revision(database)
    with database.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert current_revision(database) is None
    with database.write() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert current_revision(database) is None


def test_migrations_and_schema_module_agree(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(name, kind, parents):
    return kind != "table" or name not in tables().tables


def test_migrating_twice_changes_nothing(database):
    migrate(database, tables())
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM counters")).scalar_one() == 1


def test_a_new_field_and_index_of_a_dataset_change_its_table(database):
    with database.write() as connection:
        connection.execute(text("ALTER TABLE customers DROP COLUMN note"))
        connection.execute(text("DROP INDEX ix_bills_due_on"))
    migrate(database, tables())
    with database.read() as connection:
        assert "note" in {c["name"] for c in inspect(connection).get_columns("customers")}
        assert "ix_bills_due_on" in {i["name"] for i in inspect(connection).get_indexes("bills")}
