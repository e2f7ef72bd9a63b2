"""`dlt` as a user runs it, but files are cut into small chunks.

So also the small files of these runs have several, and their rows are inserted while they are read.
"""

from dlt._workspace.cli._dlt import _main

from coveo_source.reader import chunks

chunks.BLOCK_BYTES = 1 << 12
chunks.CHUNK_BYTES = 1 << 13

if __name__ == "__main__":
    _main()
