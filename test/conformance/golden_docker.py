#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Label vectors recorded from Traefik 1.7.19 (test/golden/labels): a scripted engine's containers, or its Swarm, in; the API's
document of the router in $WAYBILL out."""
import glob
import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "labels")

if __name__ == "__main__":
    vectors = sorted(glob.glob(os.path.join(FOLDER, "*.json")))
    sys.exit(subprocess.call([sys.executable, os.path.join(FOLDER, "check.py"), "-v", "-j", "8", "--settle", "0.3",
                              os.environ["WAYBILL"], *vectors]))
