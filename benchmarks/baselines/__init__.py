"""The scripts that one would write without the library, as strong as we could make them, for the same jobs."""
