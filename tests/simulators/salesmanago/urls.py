"""What Apache Commons' UrlValidator takes in its default set-up, which the documentation names as the standard of URLs.

Schemes http, https and ftp; a host with a top-level domain, or an address; a path of ASCII without two slashes in a row and not above
the root; a query without blanks. One simplification: any top-level domain of letters counts as known but those reserved for no use."""
import ipaddress
import re

# java.net.URI refuses these before the validator looks; beyond ASCII it takes all but blanks and control characters.
URI = re.compile(r"^([A-Za-z][A-Za-z0-9+\-.]*)://([^/?#\s]*)([^?#\s\"<>\\^`{|}]*)(?:\?([^#\s\"<>\\^`{|}]*))?(?:#([^#\s\"<>\\^`{|}]*))?$")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
PATH = re.compile(r"^(/[-A-Za-z0-9_:@&?=+,.!/~*'%$;()]*)?$")
USERINFO = r"(?:[a-zA-Z0-9%\-._~!$&'()*+,;=]+(?::[a-zA-Z0-9%\-._~!$&'()*+,;=]*)?@)?"
AUTHORITY = re.compile(rf"^(?:\[([0-9A-Fa-f:.]+)\]|{USERINFO}([A-Za-z0-9.\-]*))(?::(\d*))?$")
LABEL = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?$")
TOP = re.compile(r"^(?:[A-Za-z]{2,63}|[xX][nN]--[A-Za-z0-9\-]{1,59})$")
RESERVED = {"localhost", "localdomain", "local", "test", "example", "invalid", "internal", "lan", "home", "corp", "onion"}
# The everyday form, decided by one expression: host of plain letters under a common domain, path and query of plain ASCII.
PLAIN = re.compile(r"^https?://(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+(?:com|org|net|pl|de|eu)(?:/[A-Za-z0-9_\-]+)*(?:\.[a-z]+)?(?:\?[A-Za-z0-9_\-=&]*)?$")


def is_domain(host):
    labels = host.rstrip(".").split(".")
    if len(host) > 253 or len(labels) < 2 or not all(LABEL.match(label) for label in labels[:-1]):
        return False
    return bool(TOP.match(labels[-1])) and labels[-1].lower() not in RESERVED


def is_address(host, version):
    try:
        return ipaddress.ip_address(host).version == version
    except ValueError:
        return False


def is_authority(text):
    try:
        text = text if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        return False
    found = AUTHORITY.match(text)
    if not found:
        return False
    six, host, port = found.groups()
    if port and not 0 < int(port) <= 65535:
        return False
    return is_address(six, 6) if six else is_domain(host) or is_address(host, 4)


def climbs(path):
    depth = 0
    for part in path.split("/")[1:]:
        depth += -1 if part == ".." else 0 if part in (".", "") else 1
        if depth < 0:
            return True
    return False


def is_url(text):
    if PLAIN.match(text):
        return True
    found = URI.match(text)
    if not found or BAD_ESCAPE.search(text) or any(ord(c) < 32 or ord(c) == 127 for c in text):
        return False
    scheme, authority, path = found.group(1), found.group(2), found.group(3)
    if scheme.lower() not in ("http", "https", "ftp") or not is_authority(authority):
        return False
    return bool(PATH.match(path)) and "//" not in path and not climbs(path)
