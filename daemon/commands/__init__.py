"""The words of the command line, one module each: `add` describes the word to argparse, `run` carries it out."""
