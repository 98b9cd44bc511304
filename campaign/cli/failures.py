"""What the database said, as one line. Imported once something has failed: the database's errors take a while."""

from psycopg.errors import NumericValueOutOfRange, UndefinedTable
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError


def database_failure(error: Exception) -> str:
    """What is wrong and what to do; '' for a fault of the program, whose traceback says more."""
    if isinstance(error, ProgrammingError) and isinstance(error.orig, UndefinedTable):
        return "The database has no tables yet; run `campaign db upgrade`."
    if isinstance(error, DataError) and isinstance(error.orig, NumericValueOutOfRange):
        return "A number is larger than any that the database can hold; look at it again."
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().partition("\n")[0]
        return f"The database cannot be used: {reason}. Check DATABASE_URL."
    return ""
