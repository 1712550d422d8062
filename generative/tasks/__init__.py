"""What a user asks for: restoring photographs of any size."""
