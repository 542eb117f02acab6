"""Which posts a dataset or a version holds, told by hashes under a key that only the operator has.

The key comes from `HUGGINGTWEETS_FORGET_KEY`, or the file that `HUGGINGTWEETS_FORGET_KEY_FILE`
names, and is kept outside the registry. After a rotation the older keys stay in further lines.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.contracts.environment import FORGET_KEY
from components.contracts.errors import BadInputError
from components.contracts.registry import PostHashes
from components.runtime.secret import secret

POST_HASHES = "post-hashes.json"
"""Beside the posts or the weights."""
SHORTEST = 32
_KEY_ID = b"huggingtweets: the id of this key"


@dataclass(frozen=True)
class PostKey:
    """One key."""

    secret: bytes

    @property
    def id(self) -> str:
        """Tells it from other keys."""
        return self._digest(_KEY_ID)[:16]

    def hash(self, post_id: str) -> str:
        """HMAC-SHA256 of a post's id, in hex."""
        return self._digest(post_id.encode())

    def hashes(self, post_ids: Iterable[str]) -> PostHashes:
        """The document that says which posts these are."""
        return PostHashes(key_id=self.id, posts=tuple(sorted(set(map(self.hash, post_ids)))))

    def __repr__(self) -> str:
        return f"PostKey({self.id})"

    def _digest(self, message: bytes) -> str:
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def post_keys(environment: Mapping[str, str]) -> tuple[PostKey, ...]:
    """The operator's keys, the one for new hashes first; none where there is none.

    Raises:
        BadInputError: the file cannot be read, or a key is too short to keep anything secret.
    """
    found = secret(environment, FORGET_KEY)
    lines = found.read().split() if found else []
    if any(len(line) < SHORTEST for line in lines):
        raise BadInputError(
            f"{FORGET_KEY}: a key has at least {SHORTEST} characters, as `openssl rand -hex 32` "
            "writes them; one a line, the newest first"
        )
    return tuple(PostKey(line.encode()) for line in lines)


def write_post_hashes(
    folder: Path, post_ids: Iterable[str], environment: Mapping[str, str]
) -> PostHashes | None:
    """Write `post-hashes.json` to `folder`; nothing, and None, where the operator has no key."""
    keys = post_keys(environment)
    if not keys:
        return None
    found = keys[0].hashes(post_ids)
    found.write(folder / POST_HASHES)
    return found
