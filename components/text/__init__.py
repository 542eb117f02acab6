"""What several stages know of text: words, graphemes, scripts, and what to mask."""
