"""The guide's CA and node certificates, and every wrong one that an operator can make by mistake."""

import datetime
import pathlib

from harness import openssl

CONFIG = """[ req ]
default_bits = 2048
default_md = sha256
distinguished_name = req_distinguished_name
req_extensions = v3_req
prompt = no
[ req_distinguished_name ]
CN = {name}
[ v3_req ]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = {usages}
subjectAltName = @alt_names
[ alt_names ]
{names}
"""
# Only `openssl ca` lets one choose both ends of the validity.
SIGN = """[ ca ]
default_ca = here
[ here ]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = anything
unique_subject = no
[ anything ]
commonName = supplied
"""
BOTH = "serverAuth, clientAuth"


class Authority:
    """A CA in a folder of its own, made as the guide makes it (with a shorter key, which is quicker)."""

    def __init__(self, folder, subject="/C=US/ST=State/L=City/O=Your Organization/CN=Vault Root CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "rootCA.crt"
        openssl("genrsa", "-out", "rootCA.key", "2048", cwd=self.folder)
        openssl("req", "-x509", "-new", "-nodes", "-key", "rootCA.key", "-sha256", "-days", "3650", "-out", "rootCA.crt",
                "-subj", subject, cwd=self.folder)
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")

    def issue(self, folder, name, addresses, names=(), usages=BOTH, begins=None, ends=None):
        """A certificate with a new key as `NAME.pem` and `NAME-key.pem` in the folder, over those that are there.

        `begins` and `ends` are timedeltas from now."""
        folder = pathlib.Path(folder).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        hosts = [f"DNS.{n} = {host}" for n, host in enumerate([name, *names], 1)]
        ips = [f"IP.{n} = {ip}" for n, ip in enumerate(addresses, 1)]
        (folder / "cert.cnf").write_text(CONFIG.format(name=name, usages=usages, names="\n".join(hosts + ips)))
        (folder / "sign.cnf").write_text(SIGN.format(folder=self.folder.resolve()))
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.new", "-out", f"{name}.csr",
                "-config", "cert.cnf", cwd=folder)
        now = datetime.datetime.now(datetime.timezone.utc)
        begins = now + (begins or datetime.timedelta(minutes=-5))
        ends = now + (ends or datetime.timedelta(days=365))
        openssl("ca", "-batch", "-notext", "-config", "sign.cnf", "-in", f"{name}.csr", "-out", f"{name}.new", "-cert", str(self.ca.resolve()),
                "-keyfile", str(self.folder.resolve() / "rootCA.key"), "-startdate", begins.strftime("%Y%m%d%H%M%SZ"),
                "-enddate", ends.strftime("%Y%m%d%H%M%SZ"), "-extfile", "cert.cnf", "-extensions", "v3_req", cwd=folder)
        # The key first: a pair that does not fit is refused by the server and tried again.
        (folder / f"{name}-key.new").rename(folder / f"{name}-key.pem")
        (folder / f"{name}.new").rename(folder / f"{name}.pem")
        return NodeCertificate(self.ca, folder / f"{name}.pem", folder / f"{name}-key.pem")


class NodeCertificate:
    """The files of one node."""

    def __init__(self, ca, certificate, key):
        self.ca, self.certificate, self.key = ca, certificate, key
