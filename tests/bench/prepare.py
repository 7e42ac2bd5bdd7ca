"""A database as a measured server finds it: migrated, with knowledge and staff."""

import asyncio
import os

from server.config import load_config
from server.dev import prepare

if __name__ == "__main__":
    asyncio.run(prepare(load_config(os.environ)))
