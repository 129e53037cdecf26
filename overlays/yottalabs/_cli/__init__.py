"""The command line, over the client, without HTTP of its own. It loads httpx2 and rich when they are needed.

What each module is for: docs/architecture.md.
"""
