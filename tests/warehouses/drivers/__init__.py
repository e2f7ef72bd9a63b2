"""Stand-ins for the drivers of databases that need an account or a server.

Each has `install()`, which puts it in the place of the driver that dlt calls. What dlt sends then
runs in the same engine on this machine, or in an emulator; a module says which.
"""
