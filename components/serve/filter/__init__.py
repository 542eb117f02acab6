"""What never leaves: other people's mentions, personal data, spans learned by heart."""
