"""Scripts that run one scenario in one engine and print what it took; nothing of tickerd is imported here.

For: the peers' own interpreters, which find each other's files by being started as scripts from this folder.
"""
