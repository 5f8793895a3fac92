"""The subcommands, loaded when they are called."""
