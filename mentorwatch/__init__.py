"""The door: the command line. One thin module a verb; whatever is heavy is imported inside the command."""
