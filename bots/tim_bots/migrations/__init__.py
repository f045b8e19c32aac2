"""Steps that bring a database up to date, oldest first in `versions/`. A released step is never changed."""
