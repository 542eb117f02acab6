"""A headless Chromium that opens one file and says what became of it."""

import subprocess
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def rendered(page: Path, profile: Path, *, width: int = 1200) -> str:
    """The page's document after its scripts ran, in a window of `width` pixels."""
    line = ["chromium", *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900"]
    answer = subprocess.run(
        [*line, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return answer.stdout
