"""The same rebuild by the libraries that people use for it. usage: peers.py sqlite-utils|alembic|django DATABASE

Each does what its documentation says for a table `item` whose column `name` becomes NOT NULL and whose `price` becomes an
INTEGER; those that know CHECK add the one of `flag`."""

import sys


def sqlite_utils(path):
    import sqlite_utils

    database = sqlite_utils.Database(path)
    database["item"].transform(types={"price": int}, not_null={"name"})
    database.close()


def alembic(path):
    import sqlalchemy
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("item") as batch:
            batch.alter_column("name", nullable=False)
            batch.alter_column("price", type_=sqlalchemy.Integer())
            batch.create_check_constraint("item_flag", "flag IN (0, 1)")
    engine.dispose()


def django(path):
    from django.conf import settings

    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path}}, USE_TZ=False)
    import django

    django.setup()
    from django.db import connection, migrations, models
    from django.db.migrations.state import ProjectState

    def column(kind, **options):
        return kind(null=True, **options)

    state = ProjectState()
    before = migrations.CreateModel(
        "Item",
        [
            ("id", models.AutoField(primary_key=True)),
            ("name", column(models.TextField)),
            ("price", column(models.TextField)),
            ("stock", column(models.IntegerField)),
            ("kind", column(models.TextField)),
            ("note", column(models.TextField)),
            ("a", column(models.FloatField)),
            ("b", column(models.FloatField)),
            ("created", column(models.DateTimeField)),
            ("flag", column(models.IntegerField)),
        ],
        {
            "db_table": "item",
            "indexes": [
                models.Index(fields=["name"], name="item_name"),
                models.Index(fields=["kind", "price"], name="item_kind"),
            ],
        },
    )
    before.state_forwards("app", state)
    with connection.schema_editor(atomic=True) as editor:
        for change in (
            migrations.AlterField("Item", "name", models.TextField()),
            migrations.AlterField("Item", "price", column(models.IntegerField)),
            migrations.AddConstraint(
                "Item", models.CheckConstraint(condition=models.Q(flag__in=(0, 1)), name="item_flag")
            ),
        ):
            after = state.clone()
            change.state_forwards("app", after)
            change.database_forwards("app", editor, state, after)
            state = after
    connection.close()


PEERS = {"sqlite-utils": sqlite_utils, "alembic": alembic, "django": django}

if __name__ == "__main__":
    PEERS[sys.argv[1]](sys.argv[2])
