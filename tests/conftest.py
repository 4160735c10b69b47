"""What every test gets: stored objects that raise when somebody changes them."""

import os

os.environ["PODARIUM_FREEZE"] = "1"
