"""Writes what is installed here as a CycloneDX 1.5 document (https://cyclonedx.org/docs/1.5/json/).

`images/build.py` runs it inside each image: it knows nothing but the standard library.
"""

import importlib.metadata
import json
import platform
import re
import sys
import urllib.parse
from pathlib import Path

DPKG_STATUS = Path("/var/lib/dpkg/status")


def python_packages() -> list[dict[str, object]]:
    """Every Python distribution, by name."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name, version = distribution.metadata["Name"], distribution.version
        key = re.sub(r"[-_.]+", "-", name).lower()
        purl = f"pkg:pypi/{key}@{quoted(version)}"
        found[key] = component(name, version, purl, license_of(distribution))
    return [found[key] for key in sorted(found)]


def license_of(distribution: importlib.metadata.Distribution) -> str | None:
    """The licence as the distribution states it, where that is an SPDX expression."""
    return distribution.metadata.get("License-Expression")


def debian_packages() -> list[dict[str, object]]:
    """Every installed Debian package, by name."""
    found = []
    for paragraph in DPKG_STATUS.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{quoted(version)}?arch={fields['Architecture']}"
            found.append(component(name, version, purl, None))
    return sorted(found, key=lambda one: str(one["name"]))


def python() -> dict[str, object]:
    """Python itself, which a base image need not have from Debian."""
    version = platform.python_version()
    return component("python", version, f"pkg:generic/python@{version}", None)


def quoted(version: str) -> str:
    """A version as a package URL (https://github.com/package-url/purl-spec) writes it."""
    return urllib.parse.quote(version, safe=":")


def component(name: str, version: str, purl: str, license_: str | None) -> dict[str, object]:
    """One component of the document."""
    said: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }
    return {**said, "licenses": [{"expression": license_}]} if license_ else said


def main(image: str) -> None:
    """Write the document to standard output."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": image, "name": image}},
        "components": [python(), *python_packages(), *debian_packages()],
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(sys.argv[1])
