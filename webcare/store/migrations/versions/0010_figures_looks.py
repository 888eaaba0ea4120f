"""The first look at a case tells the figures that it changed; its table is younger than they are."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NAME = "case_look_figures_insert"
_BODY = "INSERT INTO figure_change (case_id) SELECT NEW.case_id;"


def upgrade() -> None:
    """Take the step."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql(f"CREATE TRIGGER {_NAME} AFTER INSERT ON case_look BEGIN {_BODY} END")
        return
    bind.exec_driver_sql(
        f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_BODY} RETURN NULL; END $$"
    )
    bind.exec_driver_sql(f"CREATE TRIGGER {_NAME} AFTER INSERT ON case_look FOR EACH ROW EXECUTE FUNCTION {_NAME}()")


def downgrade() -> None:
    """Take it back."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql(f"DROP TRIGGER {_NAME}")
        return
    bind.exec_driver_sql(f"DROP TRIGGER {_NAME} ON case_look")
    bind.exec_driver_sql(f"DROP FUNCTION {_NAME}()")
