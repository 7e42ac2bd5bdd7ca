"""Which numbers from outside can be an id at all."""

LARGEST_ID = 2**31 - 1  # what an id column holds


def possible_id(number: int) -> bool:
    """False for what no row can have, and a database would refuse to compare."""
    return 0 < number <= LARGEST_ID
