"""One folder a pitfall; the folder's name is the pitfall's name."""
