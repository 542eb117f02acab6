"""Text that looks like a tokenizer's special token must not become one."""

import re

# The tokenizer is not known when posts are prepared, so this covers the forms that tokenizers use:
# <|…|>, the tags of T5, BERT, Llama, Gemma, SmolLM and their like, and bracketed capitals. Ordinary
# tags, such as <sarcasm>, are not touched.
_OPENING = re.compile(
    r"<(?=[|｜])"
    r"|<(?=/?(?:s|pad|unk|mask|bos|eos|cls|sep|sys|think|image|video|audio|bot|user|assistant"
    r"|system|human|reponame|filename|\w*[_▁\d]\w*)>)"
    r"|\[(?=/?(?:INST|CLS|SEP|PAD|MASK|UNK|BOS|EOS|IMG|THINK|gMASK|sop|unused\d+|[A-Z]+_[A-Z_]+)\])",
    re.IGNORECASE,
)


def break_special_tokens(text: str) -> str:
    """Put a blank after the opening bracket of what looks like a special token.

    `<|endoftext|>` becomes `< |endoftext|>`: still readable, and no longer one token of any
    tokenizer, all of which match special tokens to the letter.
    """
    if "<" not in text and "[" not in text:
        return text
    return _OPENING.sub(lambda match: match[0] + " ", text)
