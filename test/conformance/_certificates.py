# SPDX-License-Identifier: MIT
"""Certificates made for one run of a script, in a folder that goes with it."""
import os
import subprocess
import tempfile

folder = tempfile.TemporaryDirectory(prefix="conformance-certificates.")


def path_of(name):
    return os.path.join(folder.name, name)


def text_of(name):
    with open(path_of(name)) as file:
        return file.read()


def openssl(*words):
    subprocess.run(["openssl", *words], cwd=folder.name, check=True, capture_output=True)


def make_ca(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")


def make_certificate(name, ca, names="IP:127.0.0.1", days="2"):
    with open(path_of(f"{name}.ext"), "w") as file:
        file.write(f"subjectAltName={names}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-days", days, "-extfile",
            f"{name}.ext", "-out", f"{name}.pem")
