"""The language server for `.bt` files: thin calls into the core. Its features arrive with a later release."""
