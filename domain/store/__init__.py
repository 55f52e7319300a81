"""The one place that knows the database: tables, sessions, migrations, queries."""
