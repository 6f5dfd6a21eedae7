"""The words of the command line, one module each: `add` describes the word to argparse, `run` carries it out.

For: `daemon.cli`, which imports the one module that was said.
May import: everything in the project; a word with parts (`journal`, `doctor`) has a file for each part.
Refuses: to decide or to compute. What a word does is done by the packages below and tested there; a module here reads
options, shows a progress bar, prints the answer as text or as JSON, and returns the exit code. Errors are raised:
`daemon.cli` turns each into a sentence and its code.
"""
