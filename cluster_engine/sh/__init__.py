"""The language of the shell: syntax tree, parser, expansion, arithmetic, patterns. No commands, no processes.

Follows POSIX sh, with the few bash forms that people type (`[[`, `<<<`, `&>`, `((`). The shell inside containers uses
it; it knows nobody else and does nothing by itself: whoever runs a script gives `expand.py` a `Scope`. `awk/`,
`regex.py` and `format.py` are what the terminal and containers share of awk, of regular expressions and of printf.
"""
