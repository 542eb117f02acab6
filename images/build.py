"""Builds the images and says what they are: `build/images.json` and an SBOM of each.

`make images PREFIX=huggingtweets TAG=dev TORCH=cpu|cuda` calls this; it needs docker alone.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = ("cpu", "train", "serve", "serve-gpu", "serve-demo", "store")
CUDA_ONLY = frozenset({"serve-gpu"})
BUILD = ROOT / "build"
DEMO = BUILD / "demo" / "registry"


def main() -> int:
    """Build what is asked for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", default="huggingtweets")
    parser.add_argument("--tag", default="dev")
    parser.add_argument(
        "--torch",
        choices=("cpu", "cuda"),
        default="cuda",
        help="of train; serve-gpu is made with cuda alone",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    given = parser.parse_args()
    targets = given.targets or wanted(given.torch)
    unknown = set(targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no image {', '.join(sorted(unknown))}; there are {TARGETS}")
    if "serve-demo" in targets and not DEMO.is_dir():
        parser.error(f"serve-demo needs the demo's registry in {DEMO}: `make demo OUT=build/demo`")
    made = {}
    for target in targets:
        name = f"{given.prefix}/{target}"
        build(target, f"{name}:{given.tag}", given.torch, given.tag)
        made[target] = {"name": name, "tag": given.tag, **facts(f"{name}:{given.tag}")}
        write_sbom(target, f"{name}:{given.tag}")
        print(f"{name}:{given.tag}  {made[target]['size'] / 1e6:,.0f} MB", flush=True)
    file = BUILD / "images.json"
    file.write_text(json.dumps({"schema_version": 1, "images": made}, indent=2) + "\n")
    print(f"written to {file.relative_to(ROOT)}")
    return 0


def wanted(torch: str) -> list[str]:
    """What is built unless targets are named: all that this build of torch is for."""
    return [target for target in TARGETS if torch == "cuda" or target not in CUDA_ONLY]


def build(target: str, name: str, torch: str, version: str) -> None:
    """Build one image; its output goes to standard error."""
    arguments = {"TORCH": torch, "VERSION": version, "REVISION": revision()}
    command = ["docker", "build", "--network", "host", "--file", "images/Dockerfile"]
    command += ["--target", target, "--tag", name]
    for key, value in arguments.items():
        command += ["--build-arg", f"{key}={value}"]
    # An image with attestations cannot be loaded into the nodes of kind.
    environment = {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    subprocess.run([*command, "."], cwd=ROOT, env=environment, stdout=sys.stderr, check=True)


def revision() -> str:
    """The commit that this is, marked where files were changed since; unknown outside of git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def facts(name: str) -> dict[str, str | int]:
    """The image's digest, its own id until it is pushed, and its size in bytes."""
    said = docker("image", "inspect", "--format", "{{.Id}} {{.Size}}", name).split()
    return {"digest": said[0], "size": int(said[1])}


def write_sbom(target: str, name: str) -> None:
    """Ask the image for its packages and write them to `build/sbom/TARGET.cdx.json`."""
    script = (ROOT / "images" / "sbom.py").read_text()
    command = ["docker", "run", "--rm", "--interactive", "--network", "none", name]
    said = subprocess.run(
        [*command, "python", "-", name], input=script, capture_output=True, text=True, check=True
    )
    file = BUILD / "sbom" / f"{target}.cdx.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(said.stdout)


def docker(*words: str) -> str:
    """What a docker command writes."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
