"""The wordings that the readers know, a module for each reader; a constant is named after its first phrase."""
