"""Lock, child process, notices, command line, Dagster: the frame the work hangs in."""
