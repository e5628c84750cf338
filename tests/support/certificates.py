"""Certificates made by openssl for one test: an authority of its own and servers signed by it, or by nobody."""
import os
import ssl
import subprocess


def run(*arguments, folder):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.file = os.path.join(folder, "ca.pem")
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=test authority", folder=folder)

    def server(self, name, days="2", is_self_signed=False):
        """A server's TLS context with a certificate for that DNS name; days "-1": it has expired."""
        stem = f"server-{len(os.listdir(self.folder))}"
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
            "-subj", f"/CN={name}", folder=self.folder)
        with open(os.path.join(self.folder, f"{stem}.ext"), "w") as f:
            f.write(f"subjectAltName=DNS:{name}\n")
        signer = ["-signkey", f"{stem}.key"] if is_self_signed else ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        run("x509", "-req", "-in", f"{stem}.csr", "-out", f"{stem}.pem", "-days", days, "-extfile", f"{stem}.ext", *signer, folder=self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder, f"{stem}.pem"), os.path.join(self.folder, f"{stem}.key"))
        return context
