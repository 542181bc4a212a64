"""What is wrong with a configuration, or with another order of a user."""


class ConfigError(ValueError):
    """A configuration that cannot be run: a sentence a mistake, naming field, value and what is allowed."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
