#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Request vectors recorded from Traefik 1.7.19 (test/golden/http, see its README.md) against the router in $WAYBILL.

Those that ask for parts of 1.7 which are not there yet are not copied here; wb-* are ours.
"""
import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "http")

if __name__ == "__main__":
    sys.exit(subprocess.call([sys.executable, os.path.join(FOLDER, "check_http.py"), "-j", "4", os.environ["WAYBILL"], FOLDER]))
