"""One PostgreSQL database for all tests of a process: emptying it takes a tenth of the time of copying another."""

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

#: What a database looks like; whatever a test changed in that is not undone by deleting rows.
_SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT concat_ws('.', c.relname, a.attname, a.atttypid, a.attnotnull) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT concat_ws('.', t.tgname, t.tgrelid, t.tgenabled) FROM pg_trigger t WHERE NOT t.tgisinternal
  UNION ALL SELECT concat_ws('.', p.proname, md5(p.prosrc)) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL SELECT version_num FROM alembic_version UNION ALL SELECT extname FROM pg_extension) AS parts (part)
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
_COUNTED = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


class Emptied:
    """A copy of the template that is as good as new each time it is given out."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template, self._name = server, template, "desk_emptied"
        self._shape = ""

    def give_out(self) -> str:
        """The address of the database, without a row in it and without anybody else in it."""
        with _connected(self._server) as connection:
            connection.execute(text(_OTHERS), {"name": self._name})
        if not self._shape or self._rid_of_rows() != self._shape:
            self._make()
        return self._address

    @property
    def _address(self) -> str:
        return make_url(self._server).set(database=self._name).render_as_string(hide_password=False)

    def _make(self) -> None:
        with _connected(self._server) as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {self._name} TEMPLATE {self._template}")
        self._shape = self._rid_of_rows()

    def _rid_of_rows(self) -> str:
        """Delete every row, start every count anew; gives what the database looks like."""
        with _connected(self._address) as connection:
            # The tables that are only ever added to refuse it otherwise.
            connection.exec_driver_sql("SET session_replication_role = replica")
            for table in _filled(connection):
                connection.exec_driver_sql(f"DELETE FROM {table}")
            for sequence in connection.exec_driver_sql(_COUNTED).scalars().all():
                connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART")
            return str(connection.exec_driver_sql(_SHAPE).scalar())


def _connected(address: str) -> Connection:
    return create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


def _filled(connection: Connection) -> list[str]:
    tables = connection.exec_driver_sql(_TABLES).scalars().all()
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables)
    return list(connection.exec_driver_sql(asked).scalars())
