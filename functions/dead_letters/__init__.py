"""The function that lists and replays dead letters. In the deployment package this folder is the top-level package
`dead_letters`.

It uses relative imports only, so that tests import the same files as `functions.dead_letters`.
"""
