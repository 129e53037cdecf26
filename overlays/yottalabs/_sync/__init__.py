# Made from ../_async/__init__.py by `make generate`; change that file.
