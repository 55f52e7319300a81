"""How the store came to be what it is: one file per change, applied in order by domain.store.migrate."""
