"""The marketplace: rules as plain functions over plain data; only `domain.store` knows a database."""
