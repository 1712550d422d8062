"""A project on disk: manifest, photographs, content-addressed artifacts, lock."""
