"""Events of others' formats, and where they are sent."""
