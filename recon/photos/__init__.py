"""Reading photographs, EXIF, quality verdicts, masks."""
