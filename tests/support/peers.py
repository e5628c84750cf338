"""Other people's verifiers, each installed once below .local/test by its own package manager, in the versions that tests/requirements.txt and tests/package.json pin."""
import fcntl
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LOCAL = os.path.join(ROOT, ".local", "test")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}")


def install_once(name, pins, install):
    """Installs into .local/test/<name> unless what these pins ask for is there already; two at a time wait for each other."""
    os.makedirs(LOCAL, exist_ok=True)
    folder = os.path.join(LOCAL, name)
    with open(pins, "rb") as f:
        wanted = f.read()
    with open(os.path.join(LOCAL, f"{name}.lock"), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = os.path.join(folder, ".installed")
        if os.path.exists(stamp):
            with open(stamp, "rb") as f:
                if f.read() == wanted:
                    return folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        install(folder)
        with open(stamp, "wb") as f:
            f.write(wanted)
    return folder


def python():
    """The interpreter of a virtual environment with the Python packages."""
    pins = os.path.join(ROOT, "tests", "requirements.txt")

    def install(folder):
        run([sys.executable, "-m", "venv", folder], LOCAL)
        run([os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", pins], LOCAL)
    return os.path.join(install_once("venv", pins, install), "bin", "python")


def node_folder():
    """A folder whose node_modules holds the npm packages."""
    pins = os.path.join(ROOT, "tests", "package.json")

    def install(folder):
        shutil.copy(pins, folder)
        run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    return install_once("node", pins, install)
