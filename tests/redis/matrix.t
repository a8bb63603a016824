#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fault matrix: the daemon itself, real servers, an exact book of what was accepted.
--list shows the cases; --long makes them large, --results keeps the table."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "../lib"), os.path.join(HERE, "../wire")]

from matrix.main import main

sys.exit(main(sys.argv[1:]))
