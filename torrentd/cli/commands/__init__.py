"""The commands, in modules by what they do. Each module has an attribute `NAME_command` for every command in it."""
