"""The shell inside containers: `sh`, `ash`, `bash`, `dash`. A program like any other, over the language of `sh/`."""
